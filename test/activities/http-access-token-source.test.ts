/** The access token source over HTTP, and the worker settings that configure it. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessTokenSource, AccessTokenSourceError } from '../../activities/access-token-source.js';
import { accessTokenSourceFromSettings } from '../../activities/access-token-source-settings.js';
import {
  createHttpAccessTokenSource,
  type HttpAccessTokenSourceOptions,
} from '../../activities/http-access-token-source.js';
import { startTokenSource, type TokenSource } from '../lifecycle/token-source.js';

const REQUEST = {
  reference: 'session/1?is=opaque',
  userPoolId: 'eu-west-1_pool',
  sub: '2f0e',
  attributeName: 'email',
} as const;
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIyZjBlIn0.c2ln';
const BEARER = 'worker-secret-4711';

let server: TokenSource;
let folder: string;
beforeAll(async () => {
  server = await startTokenSource();
  folder = await mkdtemp(join(tmpdir(), 'token-source-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const source = (options: Partial<HttpAccessTokenSourceOptions> = {}) =>
  createHttpAccessTokenSource({ url: server.url, ...options });
const ask = async (from: AccessTokenSource, signal = new AbortController().signal) =>
  await from.accessToken(REQUEST, signal);

/** The error of a source that is unavailable. Nothing printable in it holds a secret. */
async function errorOf(from: AccessTokenSource, signal?: AbortSignal): Promise<AccessTokenSourceError> {
  const error = await ask(from, signal).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AccessTokenSourceError);
  const printed = inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error);
  expect(printed).not.toContain(BEARER);
  expect(printed).not.toContain('eyJ');
  return error as AccessTokenSourceError;
}

describe('a request', () => {
  it('states the purpose of the token in JSON and carries the configured header, which is read each time', async () => {
    server.answer(REQUEST.reference, { token: TOKEN });
    let times = 0;
    const from = source({ authorization: () => Promise.resolve(`Bearer ${BEARER}-${++times}`) });
    expect(await ask(from)).toBe(TOKEN);
    expect(await ask(from)).toBe(TOKEN);
    expect(server.asked.slice(-2)).toEqual(
      [1, 2].map((time) => ({
        authorization: `Bearer ${BEARER}-${time}`,
        contentType: 'application/json',
        body: REQUEST,
      })),
    );
  });

  it('has no header if none is configured', async () => {
    server.answer(REQUEST.reference, { token: TOKEN });
    await ask(source());
    expect(server.asked.at(-1)?.authorization).toBeUndefined();
  });
});

describe('an answer', () => {
  it.each([404, 410])('%i means that there is currently no token', async (status) => {
    server.answer(REQUEST.reference, { status });
    expect(await ask(source())).toBeUndefined();
  });

  it.each([
    [401, 'answered HTTP 401: it does not accept the worker, see its authorization'],
    [403, 'answered HTTP 403: it does not accept the worker, see its authorization'],
    [500, 'answered HTTP 500'],
    [204, 'answered HTTP 204'],
  ])('%i is an error', async (status, message) => {
    server.answer(REQUEST.reference, { status, body: status === 204 ? '' : TOKEN });
    expect((await errorOf(source({ authorization: () => `Bearer ${BEARER}` }))).message).toBe(message);
  });

  it('that redirects is not followed: the header is for this URL alone', async () => {
    server.answer(REQUEST.reference, { status: 307, location: server.url });
    const before = server.asked.length;
    expect((await errorOf(source())).message).toBe('answered HTTP 307');
    expect(server.asked.length).toBe(before + 1);
  });

  it.each([
    ['no JSON', `${TOKEN}!`],
    ['another field', JSON.stringify({ token: TOKEN })],
    ['a token that is not text', '{"accessToken": 7}'],
    ['an empty token', '{"accessToken": ""}'],
    ['null', 'null'],
    ['nothing', ''],
  ])('of 200 with %s is an error that does not quote the body', async (_name, body) => {
    server.answer(REQUEST.reference, { status: 200, body });
    expect((await errorOf(source())).message).toBe('answered 200 without {"accessToken": "…"}');
  });

  it('that never ends is not read to its end', async () => {
    server.answer(REQUEST.reference, { status: 200, body: JSON.stringify({ accessToken: 'x'.repeat(70_000) }) });
    expect((await errorOf(source())).message).toBe('answered more than 65536 bytes');
  });

  it('that takes too long is not waited for', async () => {
    server.answer(REQUEST.reference, { token: TOKEN }, 2_000);
    const began = performance.now();
    expect((await errorOf(source({ timeoutMs: 100 }))).message).toBe('gave no answer within 100 ms');
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('is not waited for after the caller has aborted', async () => {
    server.answer(REQUEST.reference, { token: TOKEN }, 2_000);
    const began = performance.now();
    await errorOf(source(), AbortSignal.timeout(100));
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('that cannot arrive, since nothing listens, is an error that says why', async () => {
    const occupant = createServer();
    await once(occupant.listen(0, '127.0.0.1'), 'listening');
    const address = occupant.address();
    occupant.close();
    await once(occupant, 'close');
    const port = typeof address === 'object' && address ? address.port : 0;
    const { message } = await errorOf(source({ url: `http://127.0.0.1:${port}` }));
    expect(message).toBe('could not be asked (ECONNREFUSED)');
  });

  it('is not requested with an invalid header, and the error does not quote the header', async () => {
    const { message } = await errorOf(source({ authorization: () => `Bearer ${BEARER}\r\nx: y` }));
    expect(message).toMatch(/^could not be asked \(\w+\)$/);
  });
});

describe('an invalid option', () => {
  it.each([
    ['http://tokens.example.com/', 'http://tokens.example.com'],
    ['http://127.0.0.1.example.com/', 'http://127.0.0.1.example.com'],
    ['ftp://localhost/', 'ftp://localhost'],
    ['tokens.example.com', 'no URL'],
    [`https://worker:${BEARER}@tokens.example.com/`, 'https://…@tokens.example.com'],
  ])('the URL %s is refused with what is allowed, and the password stays hidden', (url, found) => {
    expect(() => source({ url })).toThrow(
      `url: found ${found}; allowed: an https URL without user and password, or an http URL of localhost`,
    );
  });

  it.each(['https://tokens.example.com/a?b=c', 'http://localhost:1/', 'http://[::1]:1/', 'http://127.0.0.2:1/'])(
    'the URL %s is allowed',
    (url) => {
      expect(() => source({ url })).not.toThrow();
    },
  );

  it.each([0, -1, 5_001, 1.5, Number.NaN])('a time of %d is refused with what is allowed', (timeoutMs) => {
    expect(() => source({ timeoutMs })).toThrow(
      `timeoutMs: found ${timeoutMs}; allowed: a whole number from 1 to 5000`,
    );
  });
});

describe('the settings of a worker', () => {
  const URL_SETTING = 'VERIFICATION_ACCESS_TOKEN_SOURCE_URL';
  const FILE_SETTING = 'VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE';

  it('configure no source when they are absent or empty', () => {
    expect(accessTokenSourceFromSettings({})).toBeUndefined();
    expect(accessTokenSourceFromSettings({ [URL_SETTING]: '', [FILE_SETTING]: '' })).toBeUndefined();
  });

  it('name a secret file that is read for each request, so that the secret can be rotated', async () => {
    const file = join(folder, 'bearer');
    await writeFile(file, `${BEARER}-1\n`);
    const from = accessTokenSourceFromSettings({ [URL_SETTING]: server.url, [FILE_SETTING]: file });
    if (!from) throw new Error('there is one');
    server.answer(REQUEST.reference, { token: TOKEN });
    await ask(from);
    await writeFile(file, `${BEARER}-2`);
    await ask(from);
    expect(server.asked.slice(-2).map(({ authorization }) => authorization)).toEqual([
      `Bearer ${BEARER}-1`,
      `Bearer ${BEARER}-2`,
    ]);
    await writeFile(file, `${BEARER}\nand more`);
    expect((await errorOf(from)).message).toBe(`was not asked: the file of ${FILE_SETTING} is not one line of text`);
    await rm(file);
    expect((await errorOf(from)).message).toBe(`was not asked: the file of ${FILE_SETTING} cannot be read (ENOENT)`);
  });

  it.each([
    [{ [URL_SETTING]: 'http://example.com/' }, `${URL_SETTING}: found http://example.com; allowed: an https URL`],
    [{ [FILE_SETTING]: '/nowhere' }, `${URL_SETTING}: found nothing; allowed: the URL of the access token source`],
    [
      { [URL_SETTING]: 'https://example.com/', [FILE_SETTING]: '/nowhere/bearer.txt' },
      `${FILE_SETTING}: found the file "/nowhere/bearer.txt" that cannot be read (ENOENT); allowed: the path of a file`,
    ],
  ])(
    'that are invalid (%j) are refused at the start with the name, what was found and what is allowed',
    (environment, message) => {
      let error: unknown;
      try {
        accessTokenSourceFromSettings(environment);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: 'Configuration', message: expect.stringContaining(message) });
    },
  );
});
