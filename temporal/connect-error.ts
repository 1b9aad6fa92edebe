import { printable } from '@cognito-verification/contract';
import type { TemporalConfig } from './config.js';

/** How long a connection may take before it counts as unreachable. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** The Temporal Service does not answer, or refuses this process. */
export class TemporalConnectError extends Error {
  override readonly name = 'TemporalConnectError';
  readonly code = 'TemporalUnavailable';
  constructor({ address, security }: Pick<TemporalConfig, 'address' | 'security'>, cause: unknown) {
    const how = security.tls ? 'with TLS' : 'without TLS';
    super(
      `Cannot reach the Temporal Service at ${address} ${how}: ${withoutSecrets(printable(innermostReason(cause)), security)}. ` +
        `Is it running there? For a local one: cognito-verification up. Another address: TEMPORAL_ADDRESS or a profile (TEMPORAL_PROFILE); Temporal Cloud needs TEMPORAL_API_KEY or a client certificate.`,
      { cause },
    );
  }
}

/** The Temporal Service answers and has no such namespace. */
class NamespaceMissingError extends Error {
  override readonly name = 'NamespaceMissingError';
  readonly code = 'TemporalUnavailable';
  constructor(namespace: string, cause: unknown) {
    // The words of the client, which has an error of its own for this.
    super(`The Temporal Service has no namespace "${namespace}". Create it, or correct TEMPORAL_NAMESPACE.`, { cause });
  }
}

/** A `NamespaceMissingError` for an error of Temporal's that means the same; any other error as it is. */
export function explainMissingNamespace(error: unknown, namespace: string): unknown {
  return saysNamespaceNotFound(error) ? new NamespaceMissingError(namespace, error) : error;
}

/** How Core begins the error of a namespace that it could not look up, for whichever reason. */
const EITHER = /was not found or otherwise could not be described/gi;

/** The connections of workers and of clients throw errors of different classes, both with the server's words. */
function saysNamespaceNotFound(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /\bnamespace\b.*\bnot found\b/i.test(error.message.replace(EITHER, '')) || saysNamespaceNotFound(error.cause);
}

/** The last line of defence: a library may quote what it was given. */
function withoutSecrets(reason: string, { apiKey, metadata }: TemporalConfig['security']): string {
  const secrets = [apiKey, ...Object.values(metadata ?? {})].map((value) =>
    typeof value === 'string' ? value.trim() : '',
  );
  return secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '[redacted]'), reason);
}

/** The innermost error has the reason; the outer ones say only that a connection failed. */
function innermostReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermostReason(error.cause);
  const details: unknown = 'details' in error ? error.details : undefined;
  const text = typeof details === 'string' && details !== '' ? details : error.message;
  // The client's words; a deadline is something else here.
  if (/before the deadline/i.test(text)) return `no answer within ${CONNECT_TIMEOUT_MS / 1000} seconds`;
  return text.replace(/\.$/, '');
}
