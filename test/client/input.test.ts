/** What the client refuses before it makes a request. There is no server: a request would fail. */
import {
  AccessTokenRefusedError,
  InvalidRequestError,
  VerificationClient,
  type VerificationClientOptions,
  VerificationError,
} from '@cognito-verification/client';
import { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { accessToken, thrownBy, untyped } from './fixtures.js';

const ID = 'verify/eu-west-1_pool/2f0e/email';
const token = accessToken();

/** Throws at each use: the client must not use it. */
const unused = new Proxy<Client>(Object.create(Client.prototype) as Client, {
  get: (_target, name) => {
    if (name === 'options') return { namespace: 'default' };
    throw new Error(`the Temporal client was used: ${String(name)}`);
  },
});

function newClient(options: Partial<VerificationClientOptions> = {}): VerificationClient {
  return new VerificationClient({
    client: unused,
    sealedElsewhere: true,
    userPools: [{ userPoolId: 'eu-west-1_pool' }],
    ...options,
  });
}

describe('a wrong request', () => {
  it.each([
    ['attributeName', { accessToken: token, attributeName: 'fax' }],
    ['policy.maxSends', { accessToken: token, attributeName: 'email', policy: { maxSends: 21 } }],
    ['policy.deadline', { accessToken: token, attributeName: 'email', policy: { deadline: '1 second' } }],
    ['clientMetadata.a', { accessToken: token, attributeName: 'email', clientMetadata: { a: 1 } }],
    ['colour', { accessToken: token, attributeName: 'email', colour: 'red' }],
    ['requestId', { accessToken: token, attributeName: 'email', requestId: '' }],
    ['accessToken', { attributeName: 'email' }],
  ])('names the field %s', async (field, request) => {
    const error = await thrownBy(newClient().start(untyped(request)));
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error).toMatchObject({ field, code: 'InvalidRequest', name: 'InvalidRequestError' });
    expect(String(error)).toContain(field);
  });

  it('with an unknown field says which fields are allowed, and names those of the client too', async () => {
    const client = newClient();
    const request = { accessToken: token, attributeName: 'email' };
    for (const [call, own] of [
      [client.start(untyped({ ...request, foo: 1 })), 'requestId'],
      [client.submitCode(ID, untyped({ code: '1', foo: 1 })), 'attemptId'],
      [client.resendCode(ID, untyped({ foo: 1 })), 'requestId'],
    ] as const) {
      expect(String(await thrownBy(call))).toMatch(new RegExp(`foo is not a field of .*; allowed: .*, ${own}\\.$`));
    }
  });

  it.each([
    ['fax', "found 'fax'"],
    ['phone-number', "found 'phone-number'"],
    ['123456', 'found a string'],
    ['a1b2c3', 'found a string'],
    [7, 'found a number'],
    [undefined, 'found nothing'],
  ])('for the attribute %j is told what was found, where that is a plain word', async (attributeName, found) => {
    const error = await thrownBy(newClient().start(untyped({ accessToken: token, attributeName })));
    expect(String(error)).toContain(`${found}.`);
  });

  it.each([{}, { client: null }, { client: {} }, { client: 'localhost:7233', sealedElsewhere: true }])(
    'is refused where the options have no client: %j',
    (options) => {
      expect(() => new VerificationClient(untyped(options))).toThrow(
        /^client (must be a connected Client|is no Client)/,
      );
    },
  );

  it('that is not an object is refused', async () => {
    expect(await thrownBy(newClient().start(untyped(null)))).toBeInstanceOf(VerificationError);
  });

  it('is refused without quoting its token or its code', async () => {
    const client = newClient();
    const errors = await Promise.all([
      thrownBy(client.start({ accessToken: `${token}.x`, attributeName: 'email' })),
      thrownBy(client.start({ accessToken: token, attributeName: untyped(token) })),
      thrownBy(client.submitCode(ID, { code: '12 34 56', accessToken: token })),
    ]);
    for (const error of errors) expect(JSON.stringify([error, String(error)])).not.toMatch(/eyJ|12 34/);
  });
});

describe('an access token', () => {
  it.each([
    ['is no JWT', 'abc'],
    ['is an ID token', accessToken({ token_use: 'id' })],
    ['lacks the scope', accessToken({ scope: 'openid' })],
  ])('is refused if it %s', async (_why, wrong) => {
    const error = await thrownBy(newClient().start({ accessToken: wrong, attributeName: 'email' }));
    expect(error).toBeInstanceOf(AccessTokenRefusedError);
  });

  it('is refused if it belongs to another user than the verification', async () => {
    const otherToken = accessToken({ sub: 'somebody-else' });
    for (const call of [
      newClient().renewAccessToken(ID, { accessToken: otherToken }),
      newClient().resendCode(ID, { accessToken: otherToken }),
      newClient().submitCode(ID, { code: '123456', accessToken: otherToken }),
    ]) {
      expect(await thrownBy(call)).toMatchObject({ code: 'AccessTokenRefused' });
    }
  });
});

describe('a reference', () => {
  const user = { userPoolId: 'eu-west-1_pool', sub: '2f0e' };

  it.each([
    ['sub', { accessTokenReference: 'session-1', userPoolId: 'eu-west-1_pool', attributeName: 'email' }],
    ['userPoolId', { accessTokenReference: 'session-1', sub: '2f0e', attributeName: 'email' }],
    ['accessTokenReference', { accessTokenReference: 'a b', ...user, attributeName: 'email' }],
    ['accessTokenReference', { accessTokenReference: 'session-1', accessToken: token, attributeName: 'email' }],
  ])('is refused with the field %s', async (field, request) => {
    const error = await thrownBy(newClient().start(untyped(request)));
    expect(error).toMatchObject({ code: 'InvalidRequest', field });
  });
});

describe('a workflow id', () => {
  it.each(['orders/4711', 'verify/pool/sub/fax', '', undefined])('is refused if it is %j', async (workflowId) => {
    const client = newClient();
    const id = untyped(workflowId);
    for (const call of [client.status(id), client.cancel(id), client.wait(id), client.confirm(id)]) {
      expect(await thrownBy(call)).toMatchObject({ code: 'InvalidRequest', field: 'workflowId' });
    }
  });
});

describe('a user pool that is not served', () => {
  const userPools = [{ userPoolId: 'eu-west-1_other' }];

  it('is refused from every caller', async () => {
    const client = newClient({ userPools });
    const reference = { accessTokenReference: 'session-1', userPoolId: 'eu-west-1_pool', sub: '2f0e' };
    const said = /user pool eu-west-1_pool, which this client does not serve.*VERIFICATION_USER_POOLS/;
    for (const [call, code] of [
      [client.start({ accessToken: token, attributeName: 'email' }), 'AccessTokenRefused'],
      [client.start({ ...reference, attributeName: 'email' }), 'InvalidRequest'],
      [client.renewAccessToken(ID, { accessToken: token }), 'InvalidRequest'],
      [client.submitCode(ID, { code: '123456' }), 'InvalidRequest'],
      [client.resendCode(ID), 'InvalidRequest'],
      [client.confirm(ID), 'InvalidRequest'],
      [client.status(ID), 'InvalidRequest'],
      [client.cancel(ID), 'InvalidRequest'],
      [client.wait(ID), 'InvalidRequest'],
    ] as const) {
      expect(await thrownBy(call)).toMatchObject({ code, message: expect.stringMatching(said) });
    }
  });

  it('is every pool for a client that names none, which is not made', () => {
    for (const none of [undefined, null, 'eu-west-1_pool', {}]) {
      expect(() => newClient({ userPools: untyped(none) })).toThrow(/userPoolsFromSettings/);
    }
  });

  it('may be served a moment later: the pools are read for each call', async () => {
    const pools = [...userPools];
    const client = newClient({ userPools: pools, uncheckedTokens: true });
    pools.push({ userPoolId: 'eu-west-1_pool' });
    await expect(client.renewAccessToken(ID, { accessToken: token })).rejects.toThrow('the Temporal client was used');
  });
});

describe('a message', () => {
  it('is refused if its reference is too long', async () => {
    expect(await thrownBy(newClient().confirm(ID, { reference: 'x'.repeat(201) }))).toMatchObject({
      field: 'reference',
    });
  });

  it('is refused if its code has spaces and is not of digits alone', async () => {
    expect(await thrownBy(newClient().submitCode(ID, { code: '123 45a' }))).toMatchObject({ field: 'code' });
  });
});

describe('a duration', () => {
  it.each(['soon', -1, Number.NaN])('is refused if it is %j', async (timeout) => {
    expect(() => newClient({ timeout: untyped(timeout) })).toThrow(InvalidRequestError);
    const call = newClient().status(ID, { timeout: untyped(timeout) });
    expect(await thrownBy(call)).toMatchObject({ code: 'InvalidRequest', field: 'timeout' });
  });
});
