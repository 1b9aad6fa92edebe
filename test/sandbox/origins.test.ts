/** Front ends in a browser. Node's `fetch` sends an `Origin` when told to, and no preflight by itself. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';

const FRONT_END = 'http://localhost:5173';
let sandbox: Sandbox;
let user: SandboxUser;

beforeAll(async () => {
  sandbox = await startSandbox({ origins: [FRONT_END, 'https://shop.example'] });
  user = await sandbox.createUser();
});
afterAll(async () => await sandbox.close());

function ask(Origin: string, { method = 'GET', path = '/', body = '', headers = {} } = {}): Promise<Response> {
  return fetch(new URL(path, sandbox.url), {
    method,
    redirect: 'manual',
    headers: { Origin, 'Sec-Fetch-Site': 'cross-site', ...headers },
    ...(body !== '' && { body }),
  });
}

const getUser = (AccessToken: string) => ({
  method: 'POST',
  headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.GetUser' },
  body: JSON.stringify({ AccessToken }),
});
const keys = () => ({ path: `/${user.userPoolId}/.well-known/jwks.json` });
const preflight = {
  method: 'OPTIONS',
  headers: { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type,x-amz-target' },
};

it('a page of a listed origin may ask, call and read the answer, and read the keys', async () => {
  for (const origin of [FRONT_END, 'https://shop.example']) {
    const asked = await ask(origin, preflight);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type,x-amz-target');
    for (const answer of [await ask(origin, getUser(user.accessToken)), await ask(origin, keys())]) {
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    }
    const refused = await ask(origin, getUser('none'));
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([400, origin]);
    expect(refused.headers.get('access-control-expose-headers')).toContain('x-amzn-ErrorType');
    expect(refused.headers.get('x-amzn-errortype')).toBe('NotAuthorizedException:');
  }
});

it('any other page is refused as before', async () => {
  for (const origin of ['http://localhost:5174', 'http://127.0.0.1:5173', 'https://localhost:5173', 'null']) {
    for (const wanted of [preflight, getUser(user.accessToken), keys()]) {
      const answer = await ask(origin, wanted);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    }
  }
});

it.each(['http://localhost:5173/', 'localhost:5173', '*', 'http://', 'null'])('%j is no origin', async (origin) => {
  await expect(startSandbox({ origins: [origin] })).rejects.toThrow('origins.0: Invalid origin: Expected one such as');
});
