import { request as httpRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import { LOCAL_WEB_UI_ORIGINS } from '../../codec/index.js';
import { startIdentityProvider } from './identity-provider.js';
import { asWebUi, json, sealed, serve } from './running-codec-server.js';

const preflight = async (url: string, origin: string) =>
  await fetch(`${url}/decode?preserveStorageRefs=true`, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,authorization-extras,content-type,x-namespace',
    },
  });

const corsHeaders = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('pages of a listed origin', () => {
  test.each([...LOCAL_WEB_UI_ORIGINS, 'https://temporal.example.com'])('%s may ask, and then call', async (origin) => {
    const { url } = await serve({ origins: [...LOCAL_WEB_UI_ORIGINS, 'https://temporal.example.com'] });
    const answer = await preflight(url, origin);
    expect(answer.status).toBe(204);
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type,x-namespace,authorization,authorization-extras',
      'access-control-expose-headers': 'Retry-After,WWW-Authenticate',
      'access-control-max-age': '7200',
    });
    expect(answer.headers.get('Vary')).toContain('Origin');
    const called = await asWebUi(url, [sealed(json('hello'))], { headers: { Origin: origin } });
    expect(called.status).toBe(200);
    expect(called.headers.get('Access-Control-Allow-Origin')).toBe(origin);
    expect(called.headers.get('Access-Control-Allow-Credentials')).toBe('true');
    expect(called.headers.get('Vary')).toBe('Origin');
  });

  test('they can read why a request is refused', async () => {
    const { url } = await serve();
    const answer = await asWebUi(url, 'no list');
    expect(answer.status).toBe(400);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('http://localhost:8233');
  });
});

test.each([
  'http://localhost:8234',
  'https://localhost:8233',
  'http://LOCALHOST:8233',
  'http://localhost:8233.example.com',
  'https://evil.example.com',
  'null',
])('pages of %s are refused', async (origin) => {
  const { url, log } = await serve();
  for (const answer of [
    await preflight(url, origin),
    await asWebUi(url, [sealed(json('hello'))], { headers: { Origin: origin } }),
    await fetch(`${url}/health`, { headers: { Origin: origin } }),
  ]) {
    expect(answer.status).toBe(403);
    expect(corsHeaders(answer)).toEqual({});
    expect(answer.headers.get('Vary')).toBe('Origin');
    expect(await answer.json()).toMatchObject({ error: { code: 'OriginNotAllowed' } });
  }
  expect(JSON.stringify(log)).not.toContain('evil');
});

test('without a configured origin, only programs may call', async () => {
  const { url } = await serve({ origins: [] });
  expect((await asWebUi(url, [])).status).toBe(403);
  expect((await fetch(`${url}/decode`, { method: 'POST', body: '{"payloads":[]}' })).status).toBe(200);
});

describe('the requested host name', () => {
  const statusFor = async (url: string, host: string, headers: Record<string, string> = {}) =>
    await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(
        `${url}/decode`,
        { method: 'POST', headers: { Host: host, ...headers } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      request.on('error', reject).end('{"payloads":[]}');
    });

  test.each(['localhost:8888', 'LOCALHOST', '127.0.0.1', '127.0.0.2:1', '[::1]:8888'])('may be %s', async (host) => {
    expect(await statusFor((await serve()).url, host)).toBe(200);
  });

  test.each(['evil.example.com', 'evil.example.com:8888', 'localhost.example.com', '127.0.0.1.example.com', '0.0.0.0'])(
    'must not be %s without authorization',
    async (host) => {
      expect(await statusFor((await serve()).url, host)).toBe(403);
    },
  );

  test('may be anything with authorization', async () => {
    const provider = await startIdentityProvider();
    const { url } = await serve({ authorization: provider.authorization });
    const headers = { Authorization: `Bearer ${await provider.token()}` };
    expect(await statusFor(url, 'codec.example.com', headers)).toBe(200);
    await provider.close();
  });
});
