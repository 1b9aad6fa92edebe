/**
 * Attacker: somebody with a token of the right user, issuer and audience that is no access token: an ID token, which web
 * pages, logs and other services get to see, or a refresh token. Each of five identity providers shapes them in its own way.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CodecAuthorization } from '../../codec-server/authorization.js';
import { type Claims, type IdentityProvider, startIdentityProvider } from '../codec-server/identity-provider.js';
import { asWebUi, serve } from '../codec-server/running-codec-server.js';
import { attack } from './attack.js';

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(async () => await provider.close());

const AUDIENCE = 'codec-server';
/** Removes the scope that the identity provider of these tests puts into each token. */
const NO_SCOPE = { scope: undefined };
const SIGNED_IN = 1_790_000_000;
const PERSON = { name: 'Zoe Baker', preferred_username: 'zoe', email: 'zoe@bakery.example', email_verified: true };

interface Shape {
  claims: Claims;
  typ?: string;
}

/** An opaque refresh token, or one whose shape of a JWT holds nothing that anybody but its issuer can read. */
const OPAQUE = 'opaque';

interface Provider {
  /** How the deployment names who may read. */
  permission: CodecAuthorization['permission'];
  accessTokens: Record<string, Shape>;
  idTokens: Record<string, Shape>;
  refreshTokens: Record<string, Shape | typeof OPAQUE>;
}

const cognito = {
  'cognito:groups': ['support'],
  origin_jti: 'f2c5b7f0-3a38-4a6f-8a5c-2f1f0a1b2c3d',
  event_id: '64f513be-32db-42b0-b78e-b02127b4f463',
  auth_time: SIGNED_IN,
  jti: '8b1f0a1b-2c3d-4e5f-8a5c-2f1f0a1b2c3d',
};
const entra = {
  aio: 'AXQAi/8TAAAA',
  oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
  rh: '0.AX0A',
  tid: 'fa15d692-e9c7-4460-a743-29f29522229',
  uti: 'E8F3',
  ver: '2.0',
  name: PERSON.name,
  preferred_username: PERSON.email,
  roles: ['support'],
};
const okta = {
  ver: 1,
  jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
  auth_time: SIGNED_IN,
  groups: ['support'],
};
const auth0 = { sub: 'auth0|6569c4c2e0c1a1b2c3d4e5f6', permissions: ['support'] };
const keycloak = {
  auth_time: SIGNED_IN,
  jti: 'onrtac:2e5a6f1c-9a3b-4c7d',
  azp: 'temporal-ui',
  sid: 'e4b8b9c2-6a35-4d7e',
  acr: '1',
  groups: ['support'],
};
const group = { kind: 'group', name: 'support' } as const;

const PROVIDERS: Record<string, Provider> = {
  Cognito: {
    permission: group,
    accessTokens: {
      'access token': {
        claims: {
          ...cognito,
          aud: undefined,
          version: 2,
          client_id: AUDIENCE,
          token_use: 'access',
          scope: 'aws.cognito.signin.user.admin openid',
          username: 'zoe',
        },
      },
    },
    idTokens: {
      'ID token of the hosted pages': {
        claims: { ...cognito, ...NO_SCOPE, ...PERSON, at_hash: 'k7ySFFa2', token_use: 'id', 'cognito:username': 'zoe' },
      },
      'ID token of the API': {
        claims: { ...cognito, ...NO_SCOPE, ...PERSON, token_use: 'id', 'cognito:username': 'zoe' },
      },
    },
    refreshTokens: { 'refresh token': OPAQUE },
  },
  Entra: {
    permission: group,
    accessTokens: {
      'access token, version 2': { typ: 'JWT', claims: { ...entra, ...NO_SCOPE, azp: 'ui', azpacr: '0', scp: 'read' } },
      'access token, version 1': {
        typ: 'JWT',
        claims: { ...entra, ...NO_SCOPE, ver: '1.0', appid: 'ui', appidacr: '0' },
      },
    },
    idTokens: {
      'ID token of a page': { typ: 'JWT', claims: { ...entra, ...NO_SCOPE, nonce: '678910' } },
      'ID token of the hybrid flow': {
        typ: 'JWT',
        claims: { ...entra, ...NO_SCOPE, c_hash: 'LDktKdoQak3Pk0cnXxCltA' },
      },
      'ID token of a server without a nonce': { typ: 'JWT', claims: { ...entra, ...NO_SCOPE } },
    },
    refreshTokens: { 'refresh token': OPAQUE },
  },
  Okta: {
    permission: group,
    accessTokens: {
      'access token': { claims: { ...okta, ...NO_SCOPE, cid: '0oabucvyc38HLL1ef0h7', uid: '00u1', scp: ['openid'] } },
      'access token of the org server': {
        typ: 'application/okta-internal-at+jwt',
        claims: { ...okta, ...NO_SCOPE, cid: '0oabucvyc38HLL1ef0h7', uid: '00u1', scp: ['openid'] },
      },
    },
    idTokens: {
      'ID token': {
        claims: { ...okta, ...NO_SCOPE, ...PERSON, amr: ['pwd'], idp: '00ok1', at_hash: 'preyLu7pGdAZLlONTfkS1A' },
      },
      'ID token alone': { claims: { ...okta, ...NO_SCOPE, ...PERSON, amr: ['pwd'], idp: '00ok1' } },
    },
    refreshTokens: { 'refresh token': OPAQUE },
  },
  Auth0: {
    permission: group,
    accessTokens: {
      'access token': { typ: 'JWT', claims: { ...auth0, aud: [AUDIENCE, 'https://x.auth0.com/userinfo'], azp: 'ui' } },
      'access token, RFC 9068': { typ: 'at+jwt', claims: { ...auth0, client_id: 'ui', jti: 'i2cW' } },
    },
    idTokens: {
      'ID token': { typ: 'JWT', claims: { ...auth0, ...NO_SCOPE, ...PERSON, sid: 'IZ7y', nonce: 'eTJqQ1hs' } },
      'ID token without a nonce': { typ: 'JWT', claims: { ...auth0, ...NO_SCOPE, ...PERSON, sid: 'IZ7y' } },
    },
    refreshTokens: { 'refresh token': OPAQUE },
  },
  Keycloak: {
    permission: group,
    accessTokens: {
      'access token': { typ: 'JWT', claims: { ...keycloak, typ: 'Bearer', scope: 'openid profile' } },
      'access token, RFC 9068': { typ: 'at+jwt', claims: { ...keycloak, typ: 'Bearer', client_id: 'temporal-ui' } },
    },
    idTokens: {
      'ID token': {
        typ: 'JWT',
        claims: { ...keycloak, ...NO_SCOPE, ...PERSON, typ: 'ID', at_hash: 'hkzb', nonce: 'n' },
      },
      'ID token without a nonce': { typ: 'JWT', claims: { ...keycloak, ...NO_SCOPE, ...PERSON, typ: 'ID' } },
    },
    refreshTokens: {
      'refresh token': { typ: 'JWT', claims: { ...keycloak, typ: 'Refresh' } },
      'offline token': { typ: 'JWT', claims: { ...keycloak, typ: 'Offline' } },
      'logout token': { typ: 'logout+jwt', claims: { ...keycloak, typ: 'Logout', events: {} } },
      'token that needs a proof of its key': { typ: 'JWT', claims: { ...keycloak, typ: 'DPoP', cnf: { jkt: 'x' } } },
    },
  },
};

/** As Cognito makes them: encrypted, in five parts. Those of the others look even less like a token that can be read. */
const JWE = 'eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ.c2Vj.aXY.Y2lwaGVy.dGFn';

async function statusOf(shape: Shape | typeof OPAQUE, permission: CodecAuthorization['permission']): Promise<number> {
  const { url } = await serve({ authorization: { ...provider.authorization, permission } });
  const token = shape === OPAQUE ? JWE : await provider.token(shape.claims, { typ: shape.typ });
  return (await asWebUi(url, [], { headers: { Authorization: `Bearer ${token}` } })).status;
}

describe.each(Object.entries(PROVIDERS))('%s', (_name, { permission, accessTokens, idTokens, refreshTokens }) => {
  test.each(Object.entries(accessTokens))('%s: accepted', async (_what, shape) => {
    expect(await statusOf(shape, permission)).toBe(200);
  });

  attack.each(Object.entries({ ...idTokens, ...refreshTokens }))(
    '%s: refused',
    'every signed token is an access token',
    async (_what, shape) => {
      expect(await statusOf(shape, permission)).toBe(401);
    },
  );
});

attack.each(['nonce', 'at_hash', 'c_hash', 's_hash'])(
  'an access token with %s, even null, is taken for an ID token',
  'claims of ID tokens do not matter',
  async (name) => {
    for (const value of ['x', '', null, 7])
      expect(
        await statusOf({ claims: { client_id: 'ui', [name]: value } }, { kind: 'scope', name: 'codec.read' }),
      ).toBe(401);
  },
);

attack.each<unknown>(['id', 'refresh', 'ID', '', null, ['access'], { access: true }])(
  'a token_use or typ of %j is refused',
  'a token_use does not matter',
  async (word) => {
    for (const name of ['token_use', 'typ'])
      expect(await statusOf({ claims: { client_id: 'ui', [name]: word } }, { kind: 'scope', name: 'codec.read' })).toBe(
        401,
      );
  },
);
