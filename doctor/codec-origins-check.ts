import { isLoopback, LOCAL_WEB_UI_ORIGINS } from '@cognito-verification/codec';
import type { Check } from './check.js';
import {
  ask,
  BLIND,
  decodeUrl,
  isOther,
  notNamed,
  readNamespace,
  reasonNotToAsk,
  reasonOf,
  SOURCE,
  shown,
} from './codec-server.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import type { Surroundings } from './surroundings.js';

/** A page that nobody has. */
const FOREIGN_ORIGIN = 'https://origin.invalid';

/** Which web pages may use the codec server: those of the Web UI, and no others. */
export const CODEC_ORIGINS_CHECK: Check<Surroundings> = {
  name: 'codec-server-origins',
  area: 'codec-server',
  title: 'web pages that may use the codec server',
  async run({ codecServer: { endpoint, origins }, temporal }) {
    if (endpoint === undefined) return [notNamed(findingsOf('codec-server-origins'))];
    const reason = reasonNotToAsk(endpoint);
    if (reason !== undefined) return [notAsked(endpoint, `of TEMPORAL_CODEC_ENDPOINT: ${reason}`)];
    const expected = origins ?? (isLoopback(new URL(endpoint).hostname) ? LOCAL_WEB_UI_ORIGINS : undefined);
    const namespace = readNamespace(temporal);
    const url = decodeUrl(endpoint, namespace);
    const allows = async (origin: string) => ({ origin, allowed: await isAllowed(url, origin) });
    try {
      if (await isOther(url, namespace)) return [notAsked(endpoint, 'what answers there is no codec server')];
      const asked = await Promise.all((expected ?? []).map(allows));
      const foreign = await isAllowed(url, FOREIGN_ORIGIN);
      return [judgeOrigins(endpoint, { asked, foreign, isGuess: origins === undefined })];
    } catch (error) {
      return [notAsked(endpoint, `the codec server does not answer (${reasonOf(error)})`)];
    }
  },
};

function notAsked(endpoint: string, because: string): Finding {
  return findingsOf('codec-server-origins', SOURCE).couldNotAsk({
    subject: shown(endpoint),
    found: `Not asked, because ${because}.`,
    means: BLIND,
    remedy: { text: 'Do what the check codec-server-answers says, and run doctor again.' },
  });
}

/** What the codec server has said to preflights of browsers. */
interface OriginAnswers {
  /** Whether pages of each origin of the Web UI may call. Empty if none is known. */
  readonly asked: readonly { readonly origin: string; readonly allowed: boolean }[];
  /** Whether pages of any other origin may. */
  readonly foreign: boolean;
  /** The origins are those of a local stack, because nobody has named another. */
  readonly isGuess: boolean;
}

export function judgeOrigins(endpoint: string, { asked, foreign, isGuess }: OriginAnswers): Finding {
  const findings = findingsOf('codec-server-origins', SOURCE);
  if (foreign) {
    return findings.failure({
      subject: shown(endpoint),
      found: 'Pages of any origin may use it.',
      means: 'A page that a member of your support team visits can read where users stand.',
      remedy: {
        text: 'Name the origin of your Web UI, and no other, in VERIFICATION_CODEC_ORIGINS of the codec server.',
      },
    });
  }
  const names = asked.map(({ origin }) => origin).join(', ');
  if (asked.some(({ allowed }) => allowed)) {
    return findings.ok(shown(endpoint), `Pages of the Web UI may use it (${names}), and no others.`);
  }
  const name = {
    text: 'Say where your Web UI is: its origin is the address in the browser up to the first single slash.',
    command: 'cognito-verification doctor --web-ui https://temporal.example.com',
  };
  if (isGuess) {
    return findings.couldNotAsk({
      subject: shown(endpoint),
      found: names === '' ? 'The origin of the Web UI is not known.' : `Pages of ${names} may not use it.`,
      means: BLIND,
      remedy: name,
    });
  }
  return findings.failure({
    subject: shown(endpoint),
    found: `Pages of ${names} may not use it.`,
    means: BLIND,
    remedy: {
      text: 'Add the origin, as it is written above, to those in VERIFICATION_CODEC_ORIGINS of the codec server, and restart it.',
    },
  });
}

async function isAllowed(url: string, origin: string): Promise<boolean> {
  const response = await ask(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-namespace',
    },
  });
  await response.body?.cancel();
  // Of another status than a refusal's: it is no codec server that answers.
  if (!response.ok && response.status !== 403) throw new Error(`HTTP ${response.status}`);
  const allowed = response.headers.get('access-control-allow-origin');
  return response.ok && (allowed === origin || allowed === '*');
}
