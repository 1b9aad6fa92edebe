/**
 * Attacker: a web page in the browser of a developer who runs the sandbox. It posts without asking (`no-cors`), and it lets
 * its own host name resolve to this machine (DNS rebinding), after which the browser takes the sandbox for its own server.
 */
import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../sandbox/index.js';
import { RunningSandbox } from '../sandbox/running-sandbox.js';
import { attack } from './attack.js';

const running = new RunningSandbox();

interface Ask {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | undefined;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** `fetch` lets nobody set the headers that matter here. */
async function ask(
  { method = 'GET', path = '/_sandbox/inbox', headers = {}, body }: Ask,
  { url } = running.sandbox,
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), { method, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
      incoming.on('error', reject);
    });
    outgoing.on('error', reject).end(body);
  });
}

const port = () => new URL(running.sandbox.url).port;
const getUser = (AccessToken: string): Ask => ({
  method: 'POST',
  path: '/',
  headers: {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AWSCognitoIdentityProviderService.GetUser',
  },
  body: JSON.stringify({ AccessToken }),
});

/** Everything that a page could want: to read a code, to make users and tokens, to change how the sandbox behaves. */
const WANTED: Record<string, Ask> = {
  'reads the inbox': {},
  'reads the page': { path: '/_sandbox/' },
  'reads the keys': { path: '/any/.well-known/jwks.json' },
  'empties the inbox': { method: 'DELETE' },
  'makes a user': { method: 'POST', path: '/_sandbox/users', body: '{}' },
  'makes a token': { method: 'POST', path: '/_sandbox/tokens', body: '{"userPoolId":"a","username":"b"}' },
  'sets a fault': { method: 'POST', path: '/_sandbox/faults', body: '{"operation":"*","latencyMs":1}' },
  'moves the clock': { method: 'POST', path: '/_sandbox/clock', body: '{"advance":"1 hour"}' },
  'turns a switch': { method: 'PATCH', path: '/_sandbox/switches', body: '{"emailsPerDay":0}' },
  'sets the trigger': { method: 'POST', path: '/_sandbox/custom-message', body: '{"url":"http://evil.example"}' },
  'calls an operation': getUser('x'),
  'asks whether it may call': { method: 'OPTIONS', path: '/' },
  'asks for nothing that is there': { path: '/nothing' },
};

/** The sandbox's own truth, which no attack may change. */
const truth = () =>
  JSON.stringify({
    inbox: running.sandbox.inbox(),
    switches: running.sandbox.switches(),
    now: running.sandbox.now(),
    calls: running.sandbox.calls(),
  });

async function isRefused(wanted: Ask, headers: Record<string, string>): Promise<void> {
  const before = truth();
  const answer = await ask({ ...wanted, headers: { ...wanted.headers, ...headers } });
  // 400 from the web server for what is no host at all.
  const expected = answer.status === 400 ? '' : expect.stringMatching(/^\{"message":"/);
  expect([answer.status, answer.body]).toEqual([expect.toBeOneOf([400, 403]), expected]);
  // It is not Cognito that speaks, so nothing of the answer may look like it.
  expect(Object.keys(answer.headers).filter((name) => /^x-amz|^access-control/.test(name))).toEqual([]);
  expect(truth()).toBe(before);
}

describe.each(Object.entries(WANTED))('a page that %s', (_what, wanted) => {
  attack('under a name of its own is refused', 'any name leads to the sandbox', async () => {
    for (const host of [
      `evil.example:${port()}`,
      'evil.example',
      `localhost.evil.example:${port()}`,
      `127.0.0.1.nip.io:${port()}`,
    ])
      await isRefused(wanted, { Host: host });
  });

  attack('from an origin of its own is refused', 'a page of any origin may ask the sandbox', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:3000',
      `https://127.0.0.1:${port()}`,
      `http://localhost:${port()}`,
    ])
      await isRefused(wanted, { Origin: origin });
  });

  attack(
    'in a browser that says where it comes from is refused',
    'a page of any site may ask the sandbox',
    async () => {
      for (const site of ['cross-site', 'same-site', 'anything']) await isRefused(wanted, { 'Sec-Fetch-Site': site });
    },
  );
});

attack.each(['0.0.0.0', '[::]', '10.0.0.7', '127.0.0.1@evil.example', '127.0.0.1:80:80', 'localhost.', '2130706433'])(
  'the host %j is refused',
  'any name leads to the sandbox',
  async (host) => {
    await isRefused({}, { Host: host });
  },
);

attack(
  'a frame, a picture or a form of another page is refused, a link on it is followed',
  'a page of any site may ask the sandbox',
  async () => {
    const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    const page = { path: '/_sandbox/' };
    await isRefused(page, { ...link, 'Sec-Fetch-Dest': 'iframe' });
    await isRefused(page, { ...link, 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' });
    await isRefused({ method: 'POST', path: '/_sandbox/users', body: '{}' }, link);
    expect((await ask({ ...page, headers: link })).status).toBe(200);
  },
);

attack(
  'a page of a front end, whose origin is listed, is refused the controls',
  'a page of a listed origin may use the controls',
  async () => {
    const origin = 'http://localhost:5173';
    const sandbox = await startSandbox({ origins: [origin] });
    onTestFinished(() => sandbox.close());
    for (const wanted of Object.values(WANTED)) {
      const isForFrontEnds = wanted.path === '/' || wanted.path?.endsWith('jwks.json');
      if (isForFrontEnds) continue;
      const { status, headers } = await ask({ ...wanted, headers: { ...wanted.headers, Origin: origin } }, sandbox);
      expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
  },
);

describe('is answered', () => {
  test.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]', '127.1.2.3'])(
    'a program that names it %s',
    async (host) => {
      for (const suffix of ['', `:${port()}`, ':9320']) {
        expect((await ask({ headers: { Host: `${host}${suffix}` } })).status).toBe(200);
        expect(
          (await ask({ ...getUser('x'), headers: { ...getUser('x').headers, Host: `${host}${suffix}` } })).status,
        ).toBe(400);
      }
    },
  );

  test('its own page, and an address that somebody has typed', async () => {
    const own = { Origin: running.sandbox.url, 'Sec-Fetch-Site': 'same-origin' };
    expect((await ask({ method: 'POST', path: '/_sandbox/clock', body: '{"advance":0}', headers: own })).status).toBe(
      200,
    );
    expect((await ask({ path: '/_sandbox/', headers: { 'Sec-Fetch-Site': 'none' } })).status).toBe(200);
  });
});

describe('a body without an end', () => {
  const MOST = 1024 * 1024;
  const long = (bytes: number) => JSON.stringify({ x: 'x'.repeat(bytes - 8) });
  const chunked = { 'Transfer-Encoding': 'chunked' };

  attack.each<[string, Record<string, string>]>([
    ['with its length', {}],
    ['in chunks', chunked],
  ])('to Cognito, %s, is refused in its form', 'the sandbox takes a body of any length', async (_how, extra) => {
    const { headers = {} } = getUser('');
    const fits = await ask({ ...getUser(''), headers: { ...headers, ...extra }, body: long(MOST) });
    expect(fits.body).toContain('InvalidParameterException');
    const {
      status,
      body,
      headers: answered,
    } = await ask({ ...getUser(''), headers: { ...headers, ...extra }, body: long(MOST + 1) });
    expect([status, JSON.parse(body)]).toMatchObject([413, { __type: 'RequestEntityTooLargeException' }]);
    expect(answered['x-amzn-requestid']).toMatch(/^[\da-f-]{36}$/);
    expect(answered['x-amzn-errortype']).toBe('RequestEntityTooLargeException:');
    expect(running.sandbox.calls().at(-1)).toMatchObject({
      operation: 'GetUser',
      outcome: 'RequestEntityTooLargeException',
    });
  });

  attack.each<[string, Record<string, string>]>([
    ['with its length', {}],
    ['in chunks', chunked],
  ])('to the controls, %s, is refused', 'the sandbox takes a body of any length', async (_how, headers) => {
    const answer = await ask({ method: 'POST', path: '/_sandbox/users', headers, body: long(MOST + 1) });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([413, { message: expect.stringContaining(String(MOST)) }]);
  });
});
