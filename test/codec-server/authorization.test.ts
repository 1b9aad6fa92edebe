import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CodecAuthorization } from '../../codec-server/authorization.js';
import { toWire } from '../../codec-server/wire.js';
import { type Claims, type IdentityProvider, SUBJECT, startIdentityProvider } from './identity-provider.js';
import { asWebUi, contentOf, json, sealed, serve } from './running-codec-server.js';

const OUTCOME = { outcome: 'verified' };
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(async () => await provider.close());
afterEach(() => vi.useRealTimers());

/** Sends a request with a token, as a page that passes its token on. */
async function ask(token: string | undefined, authorization: Partial<CodecAuthorization> = {}, path = '/decode') {
  const server = await serve({ authorization: { ...provider.authorization, ...authorization } });
  const headers: Record<string, string> = token === undefined ? {} : bearer(token);
  const answer = await asWebUi(server.url, [sealed(json(OUTCOME))], { path, headers });
  return { ...server, answer, status: answer.status };
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('access is allowed with', () => {
  test.each<[string, Claims, Partial<CodecAuthorization>]>([
    ['a scope among others', {}, {}],
    ['scp as a list (Entra)', { scope: undefined, scp: ['codec.read'] }, {}],
    ['an audience among others', { aud: ['other', 'codec-server'] }, {}],
    ["client_id, in Cognito's access tokens", { aud: undefined, client_id: 'codec-server' }, {}],
    ['a group of Cognito', { 'cognito:groups': ['support'] }, { permission: { kind: 'group', name: 'support' } }],
    ['a group', { groups: ['support'] }, { permission: { kind: 'group', name: 'support' } }],
    ['a role', { roles: ['support'] }, { permission: { kind: 'group', name: 'support' } }],
    ['a permission (Auth0)', { permissions: ['support'] }, { permission: { kind: 'group', name: 'support' } }],
  ])('%s', async (_what, claims, authorization) => {
    const { answer } = await ask(await provider.token(claims), authorization);
    expect(answer.status).toBe(200);
    expect(await contentOf(answer)).toEqual([OUTCOME]);
  });

  test('a token that expired two seconds ago by this clock', async () => {
    expect((await ask(await provider.token({ exp: inSeconds(-2) }))).status).toBe(200);
  });

  test('an additional ID token, which changes nothing', async () => {
    const { url } = await serve({ authorization: provider.authorization });
    const headers = { ...bearer(await provider.token()), 'Authorization-Extras': 'anything' };
    expect((await asWebUi(url, [], { headers })).status).toBe(200);
    const alone = { 'Authorization-Extras': await provider.token() };
    expect((await asWebUi(url, [], { headers: alone })).status).toBe(401);
  });
});

describe('access is refused', () => {
  test('without a token', async () => {
    const { answer } = await ask(undefined);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="codec server"');
    expect(await answer.json()).toMatchObject({ error: { code: 'Unauthorized' } });
  });

  test.each<[string, Claims]>([
    ['expired', { exp: inSeconds(-60) }],
    ['not valid yet', { nbf: inSeconds(60) }],
    ['without an end', { exp: undefined }],
    ['without a subject', { sub: undefined }],
    ['that is an ID token', { token_use: 'id' }],
    ['of another issuer', { iss: 'https://id.example.com' }],
    ['for another audience', { aud: 'canary-audience' }],
    ['for another client', { aud: undefined, client_id: 'canary-audience' }],
    ['for another audience, though of this client', { aud: 'canary-audience', client_id: 'codec-server' }],
  ])('with a token %s', async (_what, claims) => {
    const { answer, log } = await ask(await provider.token(claims));
    const text = await answer.text();
    expect([answer.status, text]).toEqual([401, expect.stringContaining('The access token is not accepted.')]);
    expect(answer.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
    expect(text + JSON.stringify(log)).not.toContain('canary-audience');
    const reason: string = (JSON.parse(text) as { error: { message: string } }).error.message;
    expect(log.filter(({ level }) => level === 'WARN')).toEqual([
      {
        level: 'WARN',
        message: 'Refused a token',
        meta: { path: '/decode', status: 401, reason, remoteAddress: '127.0.0.1', namespace: 'default' },
      },
    ]);
  });

  test('with a token that is unsigned, signed with the published key as a password, or signed with another key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const token of [
      provider.unsignedToken(),
      await provider.symmetricToken(),
      await provider.token({}, { key: privateKey }),
      `${(await provider.token()).slice(0, -8)}AAAAAAAA`,
      'canary',
      'a.b.c',
    ]) {
      const { answer } = await ask(token);
      expect([answer.status, token]).toEqual([401, token]);
      expect(await answer.text()).not.toContain(token);
    }
  });

  test.each<[string, Claims, Partial<CodecAuthorization>]>([
    ['scope', { scope: 'openid codec.read.all' }, {}],
    ['scope, but a group of that name', { scope: 'openid', groups: ['codec.read'] }, {}],
    ['group', { groups: ['support-team'] }, { permission: { kind: 'group', name: 'support' } }],
  ])('with a token without the %s', async (_what, claims, authorization) => {
    const { answer, log } = await ask(await provider.token(claims), authorization);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('WWW-Authenticate')).toContain('insufficient_scope');
    expect(await answer.json()).toMatchObject({ error: { code: 'NotPermitted' } });
    expect(log.filter(({ level }) => level === 'WARN')).toMatchObject([
      {
        message: 'Refused a caller',
        meta: { status: 403, subject: SUBJECT, reason: expect.stringContaining('lacks') },
      },
    ]);
  });

  test('to further guesses of a token beyond the limit', async () => {
    const { url, log } = await serve({ authorization: provider.authorization, limits: { requests: 2 } });
    const status = async (headers: Record<string, string>) => (await asWebUi(url, [], { headers })).status;
    expect(await status(bearer('a'))).toBe(401);
    expect(await status(bearer('b'))).toBe(401);
    expect(await status(bearer('c'))).toBe(429);
    expect(log.filter(({ level }) => level === 'WARN')).toHaveLength(2);
    // A caller with a valid token is counted by that token.
    expect(await status(bearer(await provider.token()))).toBe(200);
  });
});

describe('/encode', () => {
  const encode = async (authorization: Partial<CodecAuthorization>, claims: Claims) =>
    await ask(await provider.token(claims), authorization, '/encode');

  test('requires a permission of its own', async () => {
    const authorization = { encodePermission: { kind: 'scope', name: 'codec.write' } } as const;
    for (const scope of ['codec.read', 'codec.write'])
      expect((await encode(authorization, { scope })).status).toBe(403);
  });

  test('logs each sealing with its size, and each refusal', async () => {
    const encodePermission = { kind: 'scope', name: 'codec.write' } as const;
    const { url, log } = await serve({ authorization: { ...provider.authorization, encodePermission } });
    const payloads = [toWire(json('canary')), toWire(json('canary')), sealed(json('canary'))];
    const scoped = async (scope: string) => {
      const headers = bearer(await provider.token({ scope }));
      return (await asWebUi(url, payloads, { path: '/encode', headers })).status;
    };
    const who = { subject: SUBJECT, remoteAddress: '127.0.0.1', namespace: 'default' };
    expect(await scoped('codec.read codec.write')).toBe(200);
    expect(await scoped('codec.read')).toBe(403);
    expect(log.filter(({ level }) => level !== 'DEBUG')).toEqual([
      { level: 'INFO', message: 'Payloads sealed', meta: { ...who, payloads: 2, keyId: 'key-1' } },
      {
        level: 'WARN',
        message: 'Refused to seal payloads',
        meta: { ...who, path: '/encode', status: 403, reason: expect.stringContaining('codec.write') },
      },
    ]);
    expect(JSON.stringify(log)).not.toContain('canary');
  });

  test('is closed if no such permission is configured', async () => {
    const { answer } = await encode({}, { scope: 'codec.read codec.write', groups: ['codec-reveal'] });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('VERIFICATION_CODEC_ENCODE_PERMISSION');
  });
});

describe('the keys of the identity provider', () => {
  test('rotate without a restart', async () => {
    const rotating = await startIdentityProvider();
    const { url } = await serve({ authorization: rotating.authorization });
    const status = async () => (await asWebUi(url, [], { headers: bearer(await rotating.token()) })).status;
    expect(await status()).toBe(200);
    await rotating.rotate();
    // The server does not fetch the keys again for every request that names an unknown key.
    expect(await status()).toBe(401);
    expect(rotating.fetches()).toBe(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect(await status()).toBe(200);
    expect(rotating.fetches()).toBe(2);
    await rotating.close();
  });

  test('cannot be fetched: every request is refused, and the log says why', async () => {
    const down = await startIdentityProvider();
    down.fail();
    const token = await down.token();
    const jwksUrl = new URL('?key=canary', down.authorization.jwksUrl);
    const failing = await serve({ authorization: { ...down.authorization, jwksUrl } });
    const answer = await asWebUi(failing.url, [sealed(json(OUTCOME))], { headers: bearer(token) });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'IdentityProviderUnavailable' } });
    expect(failing.log.filter(({ level }) => level === 'ERROR')).toEqual([
      expect.objectContaining({ message: expect.stringContaining(down.authorization.jwksUrl.href) }),
    ]);
    expect(JSON.stringify(failing.log)).not.toContain('canary');
    await down.close();
    expect((await asWebUi(failing.url, [], { headers: bearer(token) })).status).toBe(503);
  });
});

describe('/reveal', () => {
  const SECRET = { code: '123456', clientMetadata: { tenant: 'canary-tenant' } };
  const reveal = async (url: string, headers: Record<string, string>, path = '/reveal/decode') =>
    await asWebUi(url, [sealed(json(SECRET)), sealed(json('canary-text'))], { path, headers });

  test('shows everything to an authorized caller, and logs the caller', async () => {
    const { url, log } = await serve({ authorization: provider.authorization });
    const token = await provider.token({ groups: ['codec-reveal'] });
    for (const path of ['/reveal/decode', '/reveal/download', '/reveal//decode']) {
      log.length = 0;
      expect(await contentOf(await reveal(url, bearer(token), path))).toEqual([SECRET, 'canary-text']);
      expect(log.filter(({ level }) => level === 'INFO')).toEqual([
        {
          level: 'INFO',
          message: 'Payloads revealed',
          meta: {
            subject: SUBJECT,
            remoteAddress: '127.0.0.1',
            namespace: 'default',
            payloads: 2,
            keyId: 'key-1',
            revealed: true,
          },
        },
      ]);
      expect(JSON.stringify(log)).not.toMatch(/canary|123456/);
      expect(JSON.stringify(log)).not.toContain(token.slice(-20));
    }
    // The right to reveal does not by itself reveal anything.
    expect(JSON.stringify(await contentOf(await reveal(url, bearer(token), '/decode')))).not.toMatch(/tenant|123456/);
  });

  test('refuses everyone else, and logs it', async () => {
    const { url, log } = await serve({ authorization: provider.authorization });
    const answer = await reveal(url, bearer(await provider.token()));
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('codec-reveal');
    expect(log).toContainEqual({
      level: 'WARN',
      message: 'Refused to reveal payloads',
      meta: {
        subject: SUBJECT,
        remoteAddress: '127.0.0.1',
        namespace: 'default',
        path: '/reveal/decode',
        status: 403,
        reason: expect.stringContaining('codec-reveal'),
      },
    });
    expect((await reveal(url, {})).status).toBe(401);
    // A caller that may not read may not reveal either.
    const without = await provider.token({ scope: 'openid', groups: ['codec-reveal'] });
    expect((await reveal(url, bearer(without))).status).toBe(403);
  });

  test('refuses everyone if no permission for it, or no authorization at all, is configured', async () => {
    const { revealPermission: _none, ...authorization } = provider.authorization;
    const closed = await serve({ authorization });
    const token = await provider.token({ groups: ['codec-reveal'] });
    expect((await reveal(closed.url, bearer(token))).status).toBe(403);
    const open = await serve();
    for (const path of ['/reveal/decode', '/reveal/download', '/reveal/encode']) {
      expect((await reveal(open.url, bearer(token), path)).status).toBe(403);
    }
  });

  test('claims of a caller cannot forge a log line', async () => {
    const { url, log } = await serve({ authorization: provider.authorization });
    const token = await provider.token({ sub: 'eve\n{"level":"info"}', groups: ['codec-reveal'] });
    const odd = sealed(json(1));
    const payload = { ...odd, metadata: { ...odd.metadata, 'encryption-key-id': btoa('a\nb "c"') } };
    await asWebUi(url, [payload], { path: '/reveal/decode', headers: { ...bearer(token), 'X-Namespace': 'n "x"' } });
    expect(log.find(({ message }) => message === 'Payloads revealed')?.meta).toMatchObject({
      subject: 'eve?{"level":"info"}',
      namespace: 'n??x?',
      keyId: 'a?b??c?',
    });
  });
});

test('every request leaves a debug line with its caller and its size', async () => {
  const { log } = await ask(await provider.token());
  expect(log.find(({ level }) => level === 'DEBUG')).toEqual({
    level: 'DEBUG',
    message: 'Codec request',
    meta: {
      path: '/decode',
      status: 200,
      durationMs: expect.any(Number),
      remoteAddress: '127.0.0.1',
      namespace: 'default',
      subject: SUBJECT,
      payloads: 1,
    },
  });
});
