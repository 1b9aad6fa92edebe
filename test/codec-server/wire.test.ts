import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { encryptionKey, KeyServiceError, keyRingOf, open } from '@cognito-verification/codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromWire, toWire, type WirePayload } from '../../codec-server/wire.js';
import { asWebUi, contentOf, json, KEY, sealed, serve } from './running-codec-server.js';

const OUTCOME = { outcome: 'verified', proof: 'accepted' };

describe('the requests of the Web UI and the temporal command', () => {
  test('the Web UI gets JSON for sealed payloads, in order', async () => {
    const { url } = await serve();
    const answer = await asWebUi(url, [sealed(json(OUTCOME)), sealed(json('a code was sent'))]);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(answer.headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(answer.headers.get('Strict-Transport-Security')).toBeNull();
    expect(await contentOf(answer)).toEqual([OUTCOME, 'a code was sent']);
  });

  test('the temporal command, which sends no origin and no query, gets the same', async () => {
    const { url } = await serve();
    const body = JSON.stringify({ payloads: [sealed(json(OUTCOME))] });
    const answer = await fetch(`${url}/decode`, { method: 'POST', headers: { 'X-Namespace': 'default' }, body });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Vary')).toBe('Origin');
    const { payloads, ...rest } = (await answer.json()) as { payloads: WirePayload[] };
    expect(rest).toEqual({});
    // The temporal command refuses unknown fields.
    expect(payloads.map((payload) => Object.keys(payload).sort())).toEqual([['data', 'metadata']]);
  });

  test.each(['/download', '/decode/', '//decode'])('%s is answered like /decode', async (path) => {
    const { url } = await serve();
    expect(await contentOf(await asWebUi(url, [sealed(json(OUTCOME))], { path }))).toEqual([OUTCOME]);
  });

  test('/encode seals what is plain and leaves what is sealed', async () => {
    const { url } = await serve();
    const already = sealed(json(1));
    const answer = await asWebUi(url, [toWire(json({ reference: 'order 7' })), already], { path: '/encode' });
    const { payloads } = (await answer.json()) as { payloads: WirePayload[] };
    const opened = await open(fromWire(payloads[0] as WirePayload), keyRingOf(KEY));
    expect(toWire(opened)).toEqual(toWire(json({ reference: 'order 7' })));
    expect(payloads[1]).toEqual(already);
  });

  test('a payload that cannot be opened is returned unchanged, and does not affect its neighbours', async () => {
    const { url, log } = await serve();
    const good = sealed(json(OUTCOME));
    const damaged = { ...good, data: `AAAA${good.data?.slice(4)}` };
    const stored = { metadata: { encoding: 'anNvbg==' }, externalPayloads: [{ sizeBytes: '12' }] };
    const others = [
      toWire(json('plain already')),
      damaged,
      { ...good, data: '' },
      { ...good, data: '%%% no base64 %%%' },
      sealed(json(OUTCOME), encryptionKey('retired', randomBytes(32))),
      stored,
      {},
    ];
    const answer = await asWebUi(url, [...others, good]);
    const { payloads } = (await answer.json()) as { payloads: WirePayload[] };
    expect(payloads.slice(0, -1)).toEqual(others);
    expect(await contentOf(Response.json({ payloads: payloads.slice(-1) }))).toEqual([OUTCOME]);
    expect(log.filter(({ level }) => level === 'WARN')).toEqual([
      { level: 'WARN', message: 'Payloads could not be opened', meta: { reason: 'PayloadRefused', payloads: 3 } },
      { level: 'WARN', message: 'Payloads could not be opened', meta: { reason: 'UnknownKey', payloads: 1 } },
    ]);
  });
});

describe('refused requests', () => {
  test('unknown paths and methods', async () => {
    const { url, log } = await serve();
    const status = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).status;
    expect(await status('/health')).toBe(200);
    expect(await status('/')).toBe(404);
    expect(await status('/decode/123456', { method: 'POST' })).toBe(404);
    expect(await status('/reveal', { method: 'POST' })).toBe(404);
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) expect(await status('/decode', { method })).toBe(405);
    expect(JSON.stringify(log)).not.toContain('123456');
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{"payloads":[canary'],
    ['a list', '["canary"]'],
    ['no list of payloads', '{"payloads":"canary"}'],
    ['a text for a payload', '{"payloads":["canary"]}'],
    ['metadata that is not text', '{"payloads":[{"metadata":{"encoding":7,"canary":"x"}}]}'],
    ['data that is not text', '{"payloads":[{"data":["canary"]}]}'],
    ['sizes of another shape', '{"payloads":[{"externalPayloads":[{"canary":1}]}]}'],
  ])('%s', async (_what, body) => {
    const { url } = await serve();
    const answer = await fetch(`${url}/decode`, { method: 'POST', body });
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(JSON.parse(text)).toEqual({ error: { code: 'InvalidRequest', message: expect.any(String) } });
    expect(text).not.toContain('canary');
  });

  test('more bytes or payloads than a request may have', async () => {
    const { url } = await serve({ limits: { bodyBytes: 1_000, payloads: 3 } });
    expect((await asWebUi(url, [{}, {}, {}])).status).toBe(200);
    expect((await asWebUi(url, [{}, {}, {}, {}])).status).toBe(413);
    const long = await asWebUi(url, [{ data: 'A'.repeat(1_000) }]);
    expect(long.status).toBe(413);
    expect(await long.json()).toMatchObject({ error: { code: 'BodyTooLarge' } });
    // Its length is unknown, so the server counts as it reads.
    const body = new Blob([JSON.stringify({ payloads: [{ data: 'A'.repeat(1_000) }] })]).stream();
    const streamed = await fetch(`${url}/decode`, { method: 'POST', body, duplex: 'half' });
    expect(streamed.status).toBe(413);
  });

  test('more requests than a page needs, until a moment later', async () => {
    const { url } = await serve({ limits: { requests: 2 } });
    const answers = [];
    for (let index = 0; index < 3; index += 1) answers.push(await asWebUi(url, []));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const last = answers.at(-1);
    expect(Number(last?.headers.get('Retry-After'))).toBeGreaterThan(0);
    // A page must be able to read this.
    expect(last?.headers.get('Access-Control-Allow-Origin')).toBe('http://localhost:8233');
  });

  test('a request that never ends', async () => {
    const { url, log } = await serve({ limits: { requestMs: 300 } });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"payl');
    const received = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    // This is not the server's fault.
    expect(log.filter(({ level }) => level !== 'DEBUG')).toEqual([]);
  });
});

test.each([
  ['the key service gives out no key', new KeyServiceError('canary'), 503, 'KeyService'],
  ['something is wrong in here', new Error('canary'), 500, 'Internal'],
])('%s: reported to the caller and in the log, without the details', async (_what, error, status, code) => {
  const keys = { current: () => Promise.reject(error), find: () => Promise.reject(error) };
  const { url, log } = await serve({ keys });
  const answer = await asWebUi(url, [{}], { path: '/encode' });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ error: { code, message: expect.not.stringContaining('canary') } });
  expect(log.filter(({ level }) => level === 'ERROR')).toHaveLength(1);
  expect(JSON.stringify(log)).not.toContain('canary');
  // Decoding loses nothing: the payload is returned unchanged.
  const payload = sealed(json(1));
  expect(await (await asWebUi(url, [payload])).json()).toEqual({ payloads: [payload] });
});

test('closing lets a running request finish', async () => {
  const keys = keyRingOf(KEY);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let onRequest = (): void => undefined;
  const underWay = new Promise<void>((resolve) => (onRequest = resolve));
  const slowKeys = {
    ...keys,
    find: async (id: string) => {
      onRequest();
      await released;
      return await keys.find(id);
    },
  };
  const server = await serve({ keys: slowKeys });
  const answer = asWebUi(server.url, [sealed(json(OUTCOME))]);
  await underWay;
  const closed = server.close();
  release();
  expect(await contentOf(await answer)).toEqual([OUTCOME]);
  await closed;
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
});

test('any request: no crash, none of its words in an error, and one answer per payload', async () => {
  const { url } = await serve({ limits: { requests: 1_000_000 } });
  const canary = 'canary-9f3b';
  const text = fc.oneof(
    fc.string(),
    fc.constant(canary),
    fc.base64String(),
    fc.constant(sealed(json(canary)).data ?? ''),
  );
  const metadata = fc.dictionary(
    fc.oneof(fc.constantFrom('encoding', 'encryption-key-id', '__proto__', 'constructor'), text),
    fc.oneof(fc.constantFrom('YmluYXJ5L2VuY3J5cHRlZA==', 'anNvbi9wbGFpbg==', 'a2V5LTE='), text),
  );
  const payload = fc.oneof(fc.record({ metadata, data: text }, { requiredKeys: [] }), fc.jsonValue(), text);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.array(payload).map((payloads) => JSON.stringify({ payloads })),
        text,
        fc.json(),
      ),
      fc.constantFrom('/decode', '/encode', '/download'),
      async (body, path) => {
        const answer = await fetch(`${url}${path}`, { method: 'POST', body });
        expect([200, 400]).toContain(answer.status);
        const received = await answer.text();
        if (answer.status === 400) expect(received).not.toContain(canary);
        else {
          const sent = JSON.parse(body) as { payloads?: unknown[] };
          expect((JSON.parse(received) as typeof sent).payloads).toHaveLength(sent.payloads?.length ?? 0);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('no payloads, as `temporal workflow query` sends without an input', async () => {
  const { url } = await serve();
  const answer = await fetch(`${url}/encode`, { method: 'POST', body: '{}' });
  expect([answer.status, await answer.json()]).toEqual([200, { payloads: [] }]);
});
