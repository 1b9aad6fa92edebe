import type { TemporalSettings } from '@cognito-verification/codec';
import { printable } from '@cognito-verification/contract';
import { TemporalUnavailableError } from './errors.js';

/** The Temporal Service of these settings does not answer, or refuses this process. */
export function unreachable(
  { address, security }: Pick<TemporalSettings, 'address' | 'security'>,
  cause: unknown,
): TemporalUnavailableError {
  const how = security.tls ? 'with TLS' : 'without TLS';
  return new TemporalUnavailableError(
    `Cannot reach the Temporal Service at ${address} ${how}: ${withoutSecrets(printable(innermostReason(cause)), security)}. ` +
      `Is it running there? For a local one: npm start in a clone. Another address: TEMPORAL_ADDRESS or a profile (TEMPORAL_PROFILE); Temporal Cloud needs TEMPORAL_API_KEY or a client certificate.`,
    { cause },
  );
}

/** The last line of defence: a library may quote what it was given. */
function withoutSecrets(reason: string, { apiKey, metadata }: TemporalSettings['security']): string {
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
  if (/before the deadline/i.test(text)) return 'no answer in time';
  return withoutFrame(text);
}

/** The reason in what gRPC says without a connection: "No connection established. Last error: <reason>. Resolution note: ". */
export function withoutFrame(words: string): string {
  const reason = /Last error: (?:Error: )?(.*?)\.?(?: Resolution note:.*)?$/s.exec(words)?.[1];
  return (reason || words).trim().replace(/\.$/, '');
}
