/** Checks of the codec server, by the requests that the Web UI and the `temporal` command make. */
import { isLoopback, open, seal } from '@cognito-verification/codec';
import { isRecord } from '@cognito-verification/contract';
import type { Check } from './check.js';
import {
  ask,
  BLIND,
  decodeUrl,
  isWebUrl,
  notNamed,
  readNamespace,
  reasonNotToAsk,
  reasonOf,
  SOURCE,
  shown,
} from './codec-server.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import { SAMPLE } from './sample.js';
import { readable, type Surroundings } from './surroundings.js';

/** What the codec server has answered to one request. */
export interface CodecAnswer {
  /** 0: the answer to a request that was taken is not that of a codec server. */
  readonly status: number;
  /** Of its error, as our codec server names it. */
  readonly code: string | undefined;
  /** Whether it has opened the payload that was sent. */
  readonly opened: boolean;
}

/** Whether the codec server opens what is sealed here, and for whom. */
export const CODEC_ANSWERS_CHECK: Check<Surroundings> = {
  name: 'codec-server-answers',
  area: 'codec-server',
  title: 'codec server of the Web UI',
  async run({ codecServer: address, keys, temporal }) {
    const { endpoint, authorization } = address;
    if (endpoint === undefined) return [notNamed(findingsOf('codec-server-answers'))];
    const reason = reasonNotToAsk(endpoint);
    if (reason !== undefined) return [judgeWrongEndpoint(endpoint, reason)];
    if (!isSafe(endpoint)) return [judgeUnsafe(endpoint)];
    const namespace = readNamespace(temporal);
    const ring = readable(keys, 'key-ring');
    const sample = seal(SAMPLE, await ring.current());
    // What nobody has to open must open here, or the key ring is to blame.
    await open(sample, ring);
    const body = JSON.stringify({
      payloads: [{ metadata: base64Of(sample.metadata ?? {}), data: base64(sample.data) }],
    });
    const post = (headers: Record<string, string>) =>
      ask(decodeUrl(endpoint, namespace), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-namespace': namespace, ...headers },
        body,
      });
    let answers: { without: CodecAnswer; with: CodecAnswer | undefined };
    try {
      answers = {
        without: await read(await post({})),
        with: authorization === undefined ? undefined : await read(await post({ authorization })),
      };
    } catch (error) {
      return [judgeNoCodecServer(endpoint, error)];
    }
    return [judgeCodecServer(endpoint, answers)];
  },
};

/** The sample and a token may travel without TLS only within this machine. */
function isSafe(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'https:' || isLoopback(hostname);
}

/** @param reason as `reasonNotToAsk` has it */
function judgeWrongEndpoint(endpoint: string, reason: string): Finding {
  return findingsOf('codec-server-answers', SOURCE).failure({
    subject: shown(endpoint),
    found: `TEMPORAL_CODEC_ENDPOINT cannot be used: ${reason}. Nothing was sent there.`,
    means: BLIND,
    remedy: {
      text: 'Set TEMPORAL_CODEC_ENDPOINT to the URL of the codec server alone. A token for it belongs in TEMPORAL_CODEC_AUTH.',
      command: `export TEMPORAL_CODEC_ENDPOINT='${isWebUrl(endpoint) ? shown(endpoint) : 'https://codec.example.com'}'`,
    },
  });
}

export function judgeUnsafe(endpoint: string): Finding {
  return findingsOf('codec-server-answers', SOURCE).failure({
    subject: shown(endpoint),
    found: 'The endpoint is plain HTTP and not on this machine, so no payload was sent there.',
    means: 'Whoever is on the way reads opened payloads and the access tokens of your support team.',
    remedy: {
      text: 'Put a proxy with TLS in front of it, or give the codec server a certificate: VERIFICATION_CODEC_TLS_CERT_PATH and VERIFICATION_CODEC_TLS_KEY_PATH. Then set TEMPORAL_CODEC_ENDPOINT to its https address.',
    },
  });
}

export function judgeNoCodecServer(endpoint: string, error: unknown): Finding {
  const { hostname, port, protocol } = new URL(endpoint);
  const own = `cognito-verification codec-server --port ${port || (protocol === 'https:' ? 443 : 80)}`;
  return findingsOf('codec-server-answers', SOURCE).failure({
    subject: shown(endpoint),
    found: `The codec server does not answer (${reasonOf(error)}).`,
    means: BLIND,
    remedy: isLoopback(hostname)
      ? { text: 'Start it with the keys of the workers, or correct TEMPORAL_CODEC_ENDPOINT.', command: own }
      : {
          text: 'Start it there with the keys of the workers, or correct TEMPORAL_CODEC_ENDPOINT. If an authority of your own has signed its certificate, name the file of that authority in NODE_EXTRA_CA_CERTS.',
        },
  });
}

/** @param answers to a request without authorization, and to one with `TEMPORAL_CODEC_AUTH`, if that is set */
export function judgeCodecServer(
  endpoint: string,
  answers: { without: CodecAnswer; with: CodecAnswer | undefined },
): Finding {
  const findings = findingsOf('codec-server-answers', SOURCE);
  const { without } = answers;
  const local = isLoopback(new URL(endpoint).hostname);
  if (without.opened && !local) {
    return findings.failure({
      subject: shown(endpoint),
      found: 'It opens payloads for everybody, without authorization.',
      means: 'Whoever reaches it sees where every user stands.',
      remedy: {
        text: 'Let the codec server ask for tokens: VERIFICATION_CODEC_JWKS_URL and the settings beside it, which the command explains.',
        command: 'cognito-verification codec-server --help',
      },
    });
  }
  const answer = answers.with ?? without;
  if (answer.status === 200) {
    return answer.opened
      ? findings.ok(
          shown(endpoint),
          `Opens what the key here seals${answers.with ? ', and nothing without a token' : ''}.`,
        )
      : findings.failure({
          subject: shown(endpoint),
          found: 'It does not open what the first key here has sealed: it has another key ring.',
          means: BLIND,
          remedy: {
            text: 'Start the codec server again with the keys of the workers, all of them: in VERIFICATION_ENCRYPTION_KEYS, or as the workers have them.',
          },
        });
  }
  if (answer.status === 401 && !answers.with) {
    return findings.couldNotAsk({
      subject: shown(endpoint),
      found: 'It refuses a caller without a token, as it should. So nothing shows whether it has the keys.',
      means: BLIND,
      remedy: {
        text: 'Put the word Bearer, a space and a token that may read into TEMPORAL_CODEC_AUTH, and run doctor again. The command waits until you have pasted that, and does not show it.',
        command: 'read -rs TEMPORAL_CODEC_AUTH && export TEMPORAL_CODEC_AUTH',
      },
    });
  }
  if (answer.status === 401 || answer.status === 403) {
    return findings.failure({
      subject: shown(endpoint),
      found: `It refuses this caller with HTTP ${answer.status}${answer.code === undefined ? '' : ` (${answer.code})`}.`,
      means: BLIND,
      remedy:
        answer.code === 'HostNotAllowed'
          ? {
              text: 'Name it as localhost or 127.0.0.1 in TEMPORAL_CODEC_ENDPOINT. Or let it ask for tokens: VERIFICATION_CODEC_JWKS_URL and the settings beside it, which the command explains.',
              command: 'cognito-verification codec-server --help',
            }
          : {
              text: 'Set TEMPORAL_CODEC_AUTH to the word Bearer, a space and a fresh token that has the permission which the codec server names in VERIFICATION_CODEC_PERMISSION.',
            },
    });
  }
  if (answer.status === 0) {
    return findings.failure({
      subject: shown(endpoint),
      found: 'What answers there is no codec server: it takes payloads, and answers none.',
      means: BLIND,
      remedy: { text: 'Correct TEMPORAL_CODEC_ENDPOINT: another server has this address, such as the Web UI itself.' },
    });
  }
  return findings.failure({
    subject: shown(endpoint),
    found: `It answers HTTP ${answer.status}${answer.code === undefined ? ', and not as a codec server does' : ` (${answer.code})`}.`,
    means: BLIND,
    remedy: { text: 'Correct TEMPORAL_CODEC_ENDPOINT. If it is right, the log of the codec server says more.' },
  });
}

async function read(response: Response): Promise<CodecAnswer> {
  const text = await response.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    document = undefined;
  }
  const error = isRecord(document) && isRecord(document['error']) ? document['error'] : {};
  return {
    status: isCodecAnswer(document) || !response.ok ? response.status : 0,
    code: typeof error['code'] === 'string' ? error['code'].slice(0, 60) : undefined,
    opened: response.ok && isOpened(document),
  };
}

function isCodecAnswer(document: unknown): boolean {
  return isRecord(document) && Array.isArray(document['payloads']);
}

function isOpened(document: unknown): boolean {
  const payload: unknown =
    isRecord(document) && Array.isArray(document['payloads']) ? document['payloads'][0] : undefined;
  const metadata = isRecord(payload) && isRecord(payload['metadata']) ? payload['metadata'] : {};
  const encoding =
    typeof metadata['encoding'] === 'string' ? Buffer.from(metadata['encoding'], 'base64').toString() : '';
  return encoding !== '' && encoding !== 'binary/encrypted';
}

function base64Of(metadata: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, base64(value)]));
}

function base64(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64');
}
