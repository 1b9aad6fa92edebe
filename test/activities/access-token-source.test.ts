/** How the worker handles every answer of an access token source, including wrong ones. */
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { Secret } from '@cognito-verification/contract';
import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import {
  type AccessTokenSource,
  AccessTokenSourceError,
  resolveAccessToken,
  UnresolvedAccessToken,
} from '../../activities/access-token-source.js';
import { failureName, readFailure } from '../../activities/failures.js';
import { CLAIMS, SUB, TOKEN, tokenOf } from '../sample-token.js';

const REQUEST = {
  reference: 'session-1',
  userPoolId: 'eu-central-1_AbC123xyz',
  sub: SUB,
  attributeName: 'email',
} as const;
const LIVING = tokenOf({ ...CLAIMS, exp: Date.now() / 1000 + 60 });

/** Keeps the output quiet: the activity logs what it throws. */
const logger = new DefaultLogger('ERROR', () => undefined);

async function ask(
  accessToken: AccessTokenSource['accessToken'] | undefined,
  signal = new AbortController().signal,
  info: Partial<Info> = {},
): Promise<Secret> {
  const environment = new MockActivityEnvironment({ scheduleToCloseTimeoutMs: 60_000, ...info }, { logger });
  const resolve = () => resolveAccessToken(accessToken && { accessToken }, REQUEST, signal);
  return await environment.run<[], Secret, typeof resolve>(resolve);
}

async function refusalOf(...args: Parameters<typeof ask>): Promise<UnresolvedAccessToken> {
  const error = await ask(...args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnresolvedAccessToken);
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('eyJ');
  return error as UnresolvedAccessToken;
}

describe('a token', () => {
  it.each([
    ['that has not expired', LIVING],
    ['without an expiry', tokenOf({ ...CLAIMS, exp: undefined })],
  ])('%s is returned, and stays hidden', async (_name, token) => {
    const secret = await ask(() => Promise.resolve(token));
    expect([secret.reveal(), inspect(secret)]).toEqual([token, '[secret]']);
  });

  it('is requested with the purpose that it serves', async () => {
    const requests: unknown[] = [];
    await ask((request) => {
      requests.push(request);
      return Promise.resolve(LIVING);
    });
    expect(requests).toEqual([REQUEST]);
  });

  it.each([
    ['of another user', tokenOf({ ...CLAIMS, sub: 'somebody-else' }), 'is of another user or user pool'],
    ['of another pool', tokenOf({ ...CLAIMS, iss: `${CLAIMS.iss}x` }), 'is of another user or user pool'],
    ['that has expired', tokenOf({ ...CLAIMS, exp: Date.now() / 1000 - 1 }), 'has expired'],
    ['that is an ID token', tokenOf({ ...CLAIMS, token_use: 'id' }), 'has token_use "id"'],
    ['without the scope', tokenOf({ ...CLAIMS, scope: 'openid' }), 'lacks the scope'],
    ['that is malformed', 'eyJ not a token', 'is not a JSON Web Token'],
    ['with a header before it', `Bearer ${TOKEN}`, 'is not a JSON Web Token'],
  ])('%s is refused', async (_name, token, why) => {
    const { name, message } = await refusalOf(() => Promise.resolve(token));
    expect([name, message]).toEqual(['AccessTokenRefused', expect.stringContaining(why)]);
  });
});

describe('a source', () => {
  it.each([undefined, null, ''])('that answers %j has no token', async (answer) => {
    expect((await refusalOf(() => Promise.resolve(answer as undefined))).name).toBe('AccessTokenNotFound');
  });

  it('that does not exist is named in the error', async () => {
    expect((await refusalOf(undefined)).name).toBe('AccessTokenSourceMissing');
  });

  it.each<[string, AccessTokenSource['accessToken'], string]>([
    [
      'with a message meant for people',
      () => Promise.reject(new AccessTokenSourceError('is closed')),
      'The access token source is closed.',
    ],
    [
      'with a message that may contain anything',
      () => Promise.reject(new TypeError(`bad token ${TOKEN}`)),
      'The access token source failed with TypeError.',
    ],
    [
      'without an error',
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as a plug-in may
      () => Promise.reject(TOKEN),
      'The access token source failed with an error.',
    ],
    [
      'synchronously',
      () => {
        throw new RangeError(TOKEN);
      },
      'The access token source failed with RangeError.',
    ],
    [
      'with an answer that is not text',
      () => Promise.resolve({ accessToken: TOKEN } as unknown as string),
      'The access token source answered something that is not text.',
    ],
  ])('that fails %s counts as unavailable', async (_name, accessToken, message) => {
    expect(await refusalOf(accessToken)).toMatchObject({ name: 'AccessTokenSourceUnavailable', message });
  });

  it('that ignores its signal is not waited for', async () => {
    const began = performance.now();
    const refusal = await refusalOf(() => new Promise(() => undefined), AbortSignal.timeout(50));
    expect(refusal.message).toBe('The access token source gave no answer in time.');
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('that hangs until the budget of the call runs out is abandoned first: nothing has had an effect', async () => {
    const scheduledTimestampMs = Date.now() - 24 * 3_600_000;
    const info = { scheduledTimestampMs, currentAttemptScheduledTimestampMs: scheduledTimestampMs + 58_900 };
    const began = performance.now();
    const refusal = await refusalOf(() => new Promise(() => undefined), undefined, info);
    expect(refusal.name).toBe('AccessTokenSourceUnavailable');
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('that throws an error named like an exception of Cognito is not mistaken for Cognito', async () => {
    const error = Object.assign(new Error('x'), { name: 'ExpiredCodeException', $fault: 'client' });
    expect((await refusalOf(() => Promise.reject(error))).name).toBe('AccessTokenSourceUnavailable');
  });
});

describe('the meaning of each error', () => {
  const MEANINGS = [
    ['UserPoolNotServed', 'unreachable', 'unreachable'],
    ['AccessTokenSourceMissing', 'unreachable', 'unreachable'],
    ['AccessTokenSourceUnavailable', 'unreachable', 'unreachable'],
    ['AccessTokenNotFound', 'accessTokenRejected', 'accessTokenRejected'],
    ['AccessTokenRefused', 'accessTokenRejected', 'accessTokenRejected'],
  ] as const;

  it.each(MEANINGS)('%s: for a send %s, for an attempt %s', (name, send, attempt) => {
    const error = new UnresolvedAccessToken(name, 'text');
    expect(readFailure(error)).toMatchObject({ send, attempt });
    expect(failureName(error)).toBe(name);
  });

  it('matches docs/failures.md', async () => {
    const page = await readFile('docs/failures.md', 'utf8');
    const table = page.split('## When a reference leads to no token\n')[1]?.split(/^## /m)[0] ?? '';
    const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    for (const [name, send, attempt] of MEANINGS) {
      expect(rows.find((cells) => cells[1] === name)?.slice(2, 4)).toEqual([send, attempt]);
    }
  });
});
