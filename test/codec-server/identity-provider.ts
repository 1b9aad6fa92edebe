/** An identity provider that publishes its keys and signs tokens, as Cognito, Entra or Keycloak do. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defined } from '@cognito-verification/contract';
import { exportJWK, exportSPKI, type JWTPayload, SignJWT } from 'jose';
import type { CodecAuthorization } from '../../codec-server/authorization.js';
import { base64Url } from '../sample-token.js';

/** `undefined` removes a claim. */
export type Claims = Record<string, unknown>;

export interface IdentityProvider {
  readonly authorization: CodecAuthorization;
  /** How often the keys were fetched. */
  readonly fetches: () => number;
  /** A token that is accepted, with these claims on top. */
  token(claims?: Claims, options?: { alg?: string; typ?: string | undefined; key?: KeyObject }): Promise<string>;
  /** Signed with the published key as if it were a password. */
  symmetricToken(): Promise<string>;
  unsignedToken(): string;
  /** Switches to another key. */
  rotate(): Promise<void>;
  /** Answers only with errors from now on. */
  fail(): void;
  close(): Promise<void>;
}

export const SUBJECT = 'c0ffee00-1111-4222-8333-444455556666';
const ISSUER = 'https://id.example.com/';
const AUDIENCE = 'codec-server';

export async function startIdentityProvider(): Promise<IdentityProvider> {
  let pair = newKey(1);
  let generation = 1;
  let fetches = 0;
  let failing = false;
  const server = createServer((_request, response) => {
    fetches += 1;
    if (failing) {
      response.writeHead(500).end();
      return;
    }
    void exportJWK(pair.publicKey).then((jwk) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ keys: [{ ...jwk, kid: pair.kid, use: 'sig', alg: 'RS256' }] }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const jwksUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`);

  const claimsOf = (claims: Claims): JWTPayload => {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: SUBJECT,
      exp: now + 300,
      iat: now,
      scope: 'openid codec.read',
      ...claims,
    };
  };
  return {
    authorization: {
      jwksUrl,
      issuer: ISSUER,
      audience: AUDIENCE,
      permission: { kind: 'scope', name: 'codec.read' },
      revealPermission: { kind: 'group', name: 'codec-reveal' },
    },
    fetches: () => fetches,
    token: async (claims = {}, { alg = 'RS256', typ, key = pair.privateKey } = {}) =>
      await new SignJWT(claimsOf(claims)).setProtectedHeader(defined({ alg, typ, kid: pair.kid })).sign(key),
    symmetricToken: async () => {
      const signed = `${base64Url({ alg: 'HS256', kid: pair.kid })}.${base64Url(claimsOf({}))}`;
      const password = await exportSPKI(pair.publicKey);
      return `${signed}.${createHmac('sha256', password).update(signed).digest('base64url')}`;
    },
    unsignedToken: () => `${base64Url({ alg: 'none' })}.${base64Url(claimsOf({}))}.`,
    rotate: () => {
      generation += 1;
      pair = newKey(generation);
      return Promise.resolve();
    },
    fail: () => {
      failing = true;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function newKey(generation: number): { kid: string; publicKey: KeyObject; privateKey: KeyObject } {
  return { kid: `key-${generation}`, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}
