/** Which of a worker's connections can be read on the way. */
import { isLoopback } from '@cognito-verification/contract';
import type { TemporalConfig } from '../temporal/config.js';

/**
 * Warnings for the log about connections without TLS. Neither connection is refused: a proxy may add TLS, and a Cognito
 * sandbox may run on another machine.
 * @param cognito the endpoint that a setting names; default: Amazon Cognito, which always uses TLS
 */
export function plainTransports(
  { address, security }: Pick<TemporalConfig, 'address' | 'security'>,
  cognito: { name: string; url: string } | undefined,
): string[] {
  const warnings: string[] = [];
  if (!security.tls && !isLoopback(address.replace(/:\d+$/, ''))) {
    warnings.push(
      `The connection to the Temporal Service at ${address} has no TLS. Payloads are sealed; everything else can be read, changed and held back on the way. Set TEMPORAL_TLS or a profile with TLS, unless a proxy adds it.`,
    );
  }
  if (cognito && URL.canParse(cognito.url)) {
    const { protocol, hostname, origin } = new URL(cognito.url);
    if (protocol === 'http:' && !isLoopback(hostname)) {
      warnings.push(
        `${cognito.name}: Calls to Cognito at ${origin} have no TLS, so access tokens and codes can be read on the way. Use this for a Cognito sandbox and test users only.`,
      );
    }
  }
  return warnings;
}
