import type { TemporalConfig } from './config.js';

/** How long a connection may take before it counts as unreachable. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** The Temporal Service does not answer, or refuses this process. */
export class TemporalConnectError extends Error {
  override readonly name = 'TemporalConnectError';
  readonly code = 'TemporalUnavailable';
  constructor(config: Pick<TemporalConfig, 'address' | 'security'>, cause: unknown) {
    const { address, security } = config;
    const how = security.tls ? 'with TLS' : 'without TLS';
    super(
      `Cannot reach the Temporal Service at ${address} ${how}: ${reasonOf(cause)}. ` +
        `Is it running there? For a local one: cognito-verification up. Another address: TEMPORAL_ADDRESS or a profile (TEMPORAL_PROFILE); Temporal Cloud needs TEMPORAL_API_KEY or a client certificate.`,
      { cause },
    );
  }
}

/** The innermost error knows: the outer ones say only that a connection failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const details: unknown = 'details' in error ? error.details : undefined;
  const text = typeof details === 'string' && details !== '' ? details : error.message;
  return text.replace(/\.$/, '');
}
