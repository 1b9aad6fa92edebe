import type { TemporalSettings } from '@cognito-verification/codec';
import { printable } from '@cognito-verification/contract';
import { TemporalUnavailableError } from './errors.js';

/** What a connection may fail with, by the words of Node.js, OpenSSL, gRPC and the server. */
interface Way {
  readonly when: RegExp;
  /** Better words, in which `$1` is what the first group of `when` found. Default: those that were found. */
  readonly says?: string;
  /** The way out, and the setting to look at. */
  readonly advice: string;
}

const ANY_WAY =
  'Start the service there, or correct TEMPORAL_ADDRESS or the profile in TEMPORAL_PROFILE. For a local one: npm start, in a clone of this project. Temporal Cloud needs TEMPORAL_API_KEY or a client certificate.';

/** No gRPC, and so not Temporal: by the words of `ofGrpcOnly`, of grpc-js, and of Temporal's Core. */
const FOREIGN: Way = {
  when: /(HTTP status code \d{3}|HTTP content type [\w/+.-]+|response with status: \d{3})/,
  says: 'what answers is no Temporal Service, but a web server or a proxy ($1)',
  advice: 'Correct TEMPORAL_ADDRESS or the profile in TEMPORAL_PROFILE. If a proxy is there, look at it.',
};

/** The first that fits counts. */
const WAYS: readonly Way[] = [
  FOREIGN,
  {
    when: /(Protocol error)/,
    says: 'what answers does not speak gRPC ($1)',
    advice:
      'Correct TEMPORAL_ADDRESS: a web server answers so. Or correct TEMPORAL_TLS: so does a service that speaks TLS only.',
  },
  {
    when: /alert certificate required/,
    says: 'it asks for a client certificate, and this process shows none',
    advice: 'Name a certificate and its key in TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.',
  },
  {
    when: /alert certificate expired/,
    says: 'it refuses the client certificate, which has expired',
    advice: 'Renew the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH.',
  },
  {
    when: /alert (unknown ca|.*certificate[a-z ]*|access denied|decrypt error)/,
    says: 'it refuses the client certificate ($1)',
    advice:
      'Correct TEMPORAL_TLS_CLIENT_CERT_PATH: the service must know the authority that has signed the certificate.',
  },
  {
    when: /certificate has expired/,
    says: 'its certificate has expired',
    advice: 'Renew the certificate of the service, or correct the clock of this machine.',
  },
  {
    when: /(unable to verify the first certificate|self.signed certificate|unable to get (?:local )?issuer)/,
    says: 'this process does not know the authority that has signed its certificate ($1)',
    advice:
      'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the file with the certificate of the authority that has signed that of the service. Or correct TEMPORAL_ADDRESS.',
  },
  {
    when: /(Hostname\/IP does not match .*)/,
    says: '$1',
    advice:
      'Correct TEMPORAL_ADDRESS to a host that the certificate names, or give such a name in TEMPORAL_TLS_SERVER_NAME.',
  },
  {
    when: /ENOTFOUND|EAI_AGAIN|name resolution/i,
    advice: 'Correct the host in TEMPORAL_ADDRESS: no name server knows it.',
  },
  {
    when: /with TLS: .*(wrong version|packet length|EPROTO)/i,
    advice: 'The service speaks plain text there. Set TEMPORAL_TLS=false, or correct the port in TEMPORAL_ADDRESS.',
  },
  {
    when: /with TLS: .*(Failed to connect|ECONNRESET|disconnected)/,
    says: 'the service ended the connection',
    advice:
      'It may want a client certificate, or another one than that of TEMPORAL_TLS_CLIENT_CERT_PATH. Or it speaks plain text there: then set TEMPORAL_TLS=false.',
  },
  {
    when: /without TLS: .*(ECONNRESET|disconnected|closed|goaway|Failed to connect)/i,
    advice:
      'The service may speak TLS only. Set TEMPORAL_TLS=true; Temporal Cloud needs TEMPORAL_API_KEY or a client certificate as well.',
  },
  {
    when: /unauthori[sz]ed|unauthenticated|permission|api.key|jwt/i,
    advice:
      'The service refuses this process. Correct TEMPORAL_API_KEY or the client certificate, and its permission in the namespace.',
  },
];

/** The Temporal Service of these settings does not answer, or refuses this process. */
export function unreachable(
  { address, security }: Pick<TemporalSettings, 'address' | 'security'>,
  cause: unknown,
): TemporalUnavailableError {
  const reason = withoutSecrets(printable(innermostReason(cause)), security);
  const found = `Cannot reach the Temporal Service at ${address} ${security.tls ? 'with' : 'without'} TLS: `;
  return new TemporalUnavailableError(withWayOut(found, reason), { cause });
}

/** Whether a web server or a proxy has answered in place of Temporal, in plain HTTP. */
export function isForeign(words: string): boolean {
  return FOREIGN.when.test(words);
}

/** What was found, why, and what to do about it. */
export function withWayOut(found: string, reason: string): string {
  const way = WAYS.find(({ when }) => when.test(found + reason));
  const said = way?.says ? way.says.replace('$1', way.when.exec(reason)?.[1] ?? '') : reason;
  return `${found}${said}. ${way?.advice ?? ANY_WAY}`;
}

/** The two halves of what `unreachable` says: what was found, and what to do about it. */
export function splitUnreachable(message: string): { found: string; advice: string } {
  const advice = [...WAYS.map((way) => way.advice), ANY_WAY].find((one) => message.endsWith(one));
  return advice ? { found: message.slice(0, -advice.length).trim(), advice } : { found: message, advice: ANY_WAY };
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
  // gRPC adds when it was.
  return (reason || words)
    .trim()
    .replace(/ *\(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '')
    .replace(/\.$/, '');
}
