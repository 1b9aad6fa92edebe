/** What is read from an access token. No error repeats any part of it. */
import {
  decodeAccessToken,
  FAILURE_TYPES,
  parseAccessToken,
  parseRequest,
  REQUIRED_SCOPE,
  Secret,
} from '@cognito-verification/contract';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { base64Url, CLAIMS, errorOf, SUB, TOKEN, tokenOf } from '../sample-token.js';

describe('access tokens', () => {
  test('user, pool and expiry are read from the claims', () => {
    expect(decodeAccessToken(TOKEN)).toEqual({
      sub: SUB,
      userPoolId: 'eu-central-1_AbC123xyz',
      expiresAtMs: 1_800_000_000_000,
    });
  });

  test.each([
    'http://localhost:4566/local_pool',
    'http://127.0.0.1:9229/local_pool',
    'http://localhost:9229/local_pool/',
  ])('the pool of a local endpoint, %s, is the last part of its issuer', (iss) => {
    expect(decodeAccessToken(tokenOf({ ...CLAIMS, iss })).userPoolId).toBe('local_pool');
  });

  test('claims of any length and in any script are read, with padding or without', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.boolean(), (username, padded) => {
        const payload = base64Url({ ...CLAIMS, username });
        const padding = padded ? '='.repeat((4 - (payload.length % 4)) % 4) : '';
        expect(decodeAccessToken(`e30.${payload}${padding}.c2ln`).sub).toBe(SUB);
      }),
    );
  });

  test('a token without an expiry, a scope claim or a use is not refused for that', () => {
    const { exp: _exp, scope: _scope, token_use: _use, ...few } = CLAIMS;
    expect(decodeAccessToken(tokenOf(few))).toEqual({ sub: SUB, userPoolId: 'eu-central-1_AbC123xyz' });
  });

  test.each([
    ['an ID token', { ...CLAIMS, token_use: 'id' }, /token_use "id": the access token is needed/],
    [
      'one without the scope',
      { ...CLAIMS, scope: 'openid email' },
      /lacks the scope aws\.cognito\.signin\.user\.admin/,
    ],
    ['one whose scope only starts alike', { ...CLAIMS, scope: `${REQUIRED_SCOPE}.x` }, /lacks the scope/],
    ['one without a user', { ...CLAIMS, sub: undefined }, /"sub"/],
    ['one whose user would change the workflow id', { ...CLAIMS, sub: 'a/b' }, /"sub"/],
    ['one without an issuer', { ...CLAIMS, iss: undefined }, /"iss"/],
    ['one whose issuer names no pool', { ...CLAIMS, iss: 'https://example.com/a%2Fb' }, /"iss"/],
    ['one whose claims are not an object', 'null', /claims that cannot be read/],
  ])('%s is refused with the reason', (_name, claims, reason) => {
    const error = errorOf(() => parseAccessToken(new Secret(tokenOf(claims)), 'accessToken'));
    expect(error).toMatchObject({ field: 'accessToken', type: FAILURE_TYPES.accessTokenRefused });
    expect(error.message).toMatch(reason);
  });

  test('a token of another user or pool is refused if the owner is known', () => {
    const owner = { sub: SUB, userPoolId: 'eu-central-1_AbC123xyz' };
    expect(parseAccessToken(new Secret(TOKEN), 'accessToken', owner).sub).toBe(SUB);
    for (const otherToken of [
      { ...owner, sub: 'other' },
      { ...owner, userPoolId: 'eu-central-1_other' },
    ]) {
      const error = errorOf(() => parseAccessToken(new Secret(TOKEN), 'accessToken', otherToken));
      expect(error).toMatchObject({ type: FAILURE_TYPES.accessTokenRefused });
    }
  });

  test('no error message holds any part of the token', () => {
    const part = fc.oneof(
      fc.stringMatching(/^[\w=-]{12,60}$/),
      fc.object().map(base64Url),
      fc.string({ minLength: 12 }).map(base64Url),
    );
    const text = fc.oneof(
      fc.tuple(part, part, part).map((parts) => parts.join('.')),
      fc.string({ minLength: 12 }),
      fc
        .object({ key: fc.constantFrom(...Object.keys(CLAIMS)), maxDepth: 0 })
        .map((claims) => tokenOf({ ...CLAIMS, ...claims })),
    );
    fc.assert(
      fc.property(text, (token) => {
        try {
          parseRequest({ accessToken: token, attributeName: 'email' });
        } catch (error) {
          const { message } = error as Error;
          expect(message).not.toContain(token);
          for (const piece of token.split('.')) if (piece.length >= 12) expect(message).not.toContain(piece);
        }
      }),
      { numRuns: 500 },
    );
  });
});
