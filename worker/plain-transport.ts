/** What of a worker's traffic can be read on its way. */
import { isLoopback } from '@cognito-verification/codec';
import type { TemporalConfig } from '../temporal/config.js';

/**
 * In words for the log: neither is refused, since a proxy may speak TLS in between, and a Cognito sandbox may run on another
 * machine.
 * @param cognito the endpoint that is set, if one is; Amazon Cognito itself speaks TLS only
 */
export function plainTransports(
  { address, security }: Pick<TemporalConfig, 'address' | 'security'>,
  cognito: { name: string; url: string } | undefined,
): string[] {
  const warnings: string[] = [];
  if (!security.tls && !isLoopback(address.replace(/:\d+$/, ''))) {
    warnings.push(
      `The Temporal Service at ${address} is spoken with without TLS. Payloads are sealed; everything else can be read, changed and held back on the way. Set TEMPORAL_TLS or a profile with TLS, unless a proxy sees to it.`,
    );
  }
  if (cognito && URL.canParse(cognito.url)) {
    const { protocol, hostname, origin } = new URL(cognito.url);
    if (protocol === 'http:' && !isLoopback(hostname)) {
      warnings.push(
        `${cognito.name}: Cognito is called at ${origin} without TLS, so access tokens and codes can be read on the way. For a Cognito sandbox and test users only.`,
      );
    }
  }
  return warnings;
}
