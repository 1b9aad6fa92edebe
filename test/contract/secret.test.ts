/** A token or a code never appears in what is printed, concatenated, serialised or thrown. */
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { VerificationClient } from '@cognito-verification/client';
import {
  parseAwaitDelivery,
  parseRenewAccessToken,
  parseRequest,
  parseResendCode,
  parseSubmitCode,
  Secret,
  tokenFields,
  tokenInputOf,
  unstamped,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import { createActivities } from '../../activities/create-activities.js';
import { requireAccessToken, requireCode } from '../../cli/secret-input.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { Stamps } from '../../workflows/stamps.js';
import { Verification } from '../../workflows/verification.js';
import { thrownBy } from '../client/fixtures.js';
import { ATTEMPT, SEND } from '../lifecycle/time-travel.js';
import type { SandboxUser } from '../rig.js';
import { errorOf, SUB, TOKEN } from '../sample-token.js';
import { stampOf } from '../stamping.js';

const CODE = '918273';

/** Everything of a value that a person, a logger or a serialiser could see, including hidden parts of errors. */
function everythingOf(value: unknown): string {
  const options = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity };
  const stack = value instanceof Error ? [value.stack, value.message, everythingOf(value.cause)] : [];
  return [
    inspect(value, options),
    inspect(value, { ...options, getters: true }),
    JSON.stringify(value, jsonReplacer()),
    typeof value === 'object' && value !== null && !(Symbol.toPrimitive in value) ? '' : String(value),
    ...stack,
  ].join('\n');
}

/** The SDK's log entries hold times as BigInt; a verification has circular references, so each object is shown once. */
function jsonReplacer(): (key: string, value: unknown) => unknown {
  const visited = new Set<unknown>();
  return (_key, value) => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'object' && value !== null && visited.has(value)) return '[shown already]';
    visited.add(value);
    return value;
  };
}

function expectNothingOf(value: unknown, ...secrets: string[]): void {
  const everything = everythingOf(value);
  for (const secret of secrets) {
    for (const part of secret.split('.'))
      expect(everything.includes(part), `${part.slice(0, 4)}… in ${everything}`).toBe(false);
  }
}

describe('a secret', () => {
  const secret = new Secret(TOKEN);

  it('reveals its value only on request', () => {
    expect(secret.reveal()).toBe(TOKEN);
    expect(secret.equals(new Secret(TOKEN))).toBe(true);
    expect(secret.equals(new Secret(CODE))).toBe(false);
  });

  it('shows itself as [secret] everywhere else', () => {
    // oxlint-disable-next-line typescript/restrict-template-expressions, typescript/no-base-to-string -- that is the point
    for (const text of [`${secret}`, String(secret), secret + '', inspect(secret), secret.toString()]) {
      expect(text).toBe('[secret]');
    }
    expect(JSON.stringify({ token: secret })).toBe('{"token":"[secret]"}');
    expect(inspect({ deep: { in: [secret] } }, { depth: Infinity, showHidden: true })).toBe(
      '{ deep: { in: [ [secret], [length]: 1 ] } }',
    );
    expect(inspect(secret, { customInspect: false, showHidden: true })).toBe('Secret {}');
    expect(Object.getOwnPropertyNames(secret)).toEqual([]);
  });

  it('does not leave the process by mistake: a payload made of it holds nothing of it', () => {
    const { data } = defaultPayloadConverter.toPayload({ accessToken: secret });
    expect(Buffer.from(data ?? []).toString()).toBe('{"accessToken":"[secret]"}');
  });
});

describe('parsed input', () => {
  it.each([
    ['a request', () => parseRequest({ accessToken: TOKEN, attributeName: 'email' })],
    ['awaitDelivery', () => parseAwaitDelivery({ accessToken: TOKEN }, 'email')],
    ['submitCode', () => parseSubmitCode({ code: CODE, accessToken: TOKEN })],
    ['resendCode', () => parseResendCode({ accessToken: TOKEN })],
    ['renewAccessToken', () => parseRenewAccessToken({ accessToken: TOKEN })],
    ['the input of a handler', () => tokenInputOf({ accessToken: TOKEN })],
  ])('%s holds a secret and shows none', (_name, parse) => {
    const parsed = parse();
    expect(everythingOf(parsed)).toContain('[secret]');
    expectNothingOf(parsed, TOKEN, CODE);
  });

  it('and the error for refused input shows none', () => {
    for (const refused of [
      () => parseRequest({ accessToken: TOKEN, attributeName: TOKEN }),
      () => parseRequest({ accessToken: `${TOKEN}.x`, attributeName: 'email' }),
      () => parseRequest({ accessToken: TOKEN, accessTokenReference: TOKEN, attributeName: 'email' }),
      () => parseRequest({ accessTokenReference: TOKEN, userPoolId: TOKEN, sub: SUB, attributeName: 'email' }),
      () => parseRequest({ accessToken: TOKEN, attributeName: 'email', policy: { maxSends: TOKEN } }),
      () => parseSubmitCode({ code: `${CODE} ${TOKEN}` }),
      () => parseSubmitCode({ code: `${CODE}1` }, 'sixDigits'),
    ]) {
      expectNothingOf(errorOf(refused), TOKEN, CODE);
    }
  });
});

it('the input of a workflow shows no secret', () => {
  const run = { runId: randomUUID(), firstExecutionRunId: randomUUID(), startTime: new Date() };
  const request = { accessToken: TOKEN, attributeName: 'email', stamp: stampOf(WORKFLOW_TYPE) };
  const verification = new Verification(parseRequest(unstamped(request).message), 0, new Stamps(request, run), request);
  const { tokens } = verification;
  const { code, tokenInput: given } = parseSubmitCode({ code: CODE, accessToken: TOKEN });
  verification.mailbox.codes.push({ input: { code, updateId: '', given: given && tokens.of(given, false) }, atMs: 0 });
  for (const token of tokens.usable(0)) tokens.learn(token, 'send', 'sent');
  expect(tokens.usable(0).map(({ tokenInput }) => tokenFields(tokenInput).accessToken)).toEqual([TOKEN]);
  for (const value of [verification, verification.mailbox, tokens, tokens.usable(0)])
    expectNothingOf(value, TOKEN, CODE);
});

describe('a client', () => {
  const id = `verify/eu-central-1_AbC123xyz/${SUB}/email`;
  const failing = new Error('the connection was lost');
  const newClient = (uncheckedTokens?: true) => {
    const fail = () => Promise.reject(failing);
    const client = { workflow: { executeUpdateWithStart: fail, getHandle: () => ({ executeUpdate: fail }) } };
    return new VerificationClient({
      client: Object.assign(Object.create(Client.prototype), {
        ...client,
        connection: { withDeadline: async (_at: number, call: () => Promise<unknown>) => await call() },
        options: { namespace: 'default', loadedDataConverter: { payloadCodecs: [{}] } },
      }) as Client,
      userPools: [{ userPoolId: 'eu-central-1_AbC123xyz' }],
      uncheckedTokens,
    });
  };

  it('and its errors show none', async () => {
    const client = newClient(true);
    for (const call of [
      () => client.start({ accessToken: TOKEN, attributeName: 'email' }),
      () => client.submitCode(id, { code: CODE, accessToken: TOKEN }),
      () => client.resendCode(id, { accessToken: TOKEN }),
      () => client.renewAccessToken(id, { accessToken: TOKEN }),
      () => client.renewAccessToken(id.replace(SUB, 'somebody-else'), { accessToken: TOKEN }),
    ]) {
      expectNothingOf(await thrownBy(call()), TOKEN, CODE);
      expectNothingOf(client, TOKEN, CODE);
    }
  });

  it('says of a token that nobody signed no more than that', async () => {
    const refused = await thrownBy(newClient().start({ accessToken: TOKEN, attributeName: 'email' }));
    expect(refused).toMatchObject({
      code: 'AccessTokenRefused',
      message: 'accessToken is no signed token that can be checked: Cognito signs access tokens with RS256.',
    });
    expect((refused as Error).cause).toBeUndefined();
    expectNothingOf(refused, TOKEN);
  });
});

describe('the command line', () => {
  afterEach(() => {
    delete process.env['COGNITO_ACCESS_TOKEN'];
    delete process.env['VERIFICATION_CODE'];
  });

  it('holds its input as secrets', async () => {
    process.env['COGNITO_ACCESS_TOKEN'] = `${TOKEN}\n`;
    process.env['VERIFICATION_CODE'] = CODE;
    const [tokenInput, code] = [await requireAccessToken({}), await requireCode({})];
    expect([tokenFields(tokenInput).accessToken, code.reveal()]).toEqual([TOKEN, CODE]);
    expectNothingOf([tokenInput, code], TOKEN, CODE);
  });
});

describe('what an activity throws', () => {
  let sandbox: Sandbox;
  let clients: CognitoClients;
  let user: SandboxUser;
  const logged: unknown[] = [];
  beforeAll(async () => {
    sandbox = await startSandbox({});
    clients = createCognitoClients({ endpoint: sandbox.url });
    user = await sandbox.createUser({ attributes: { email: 'zoe@example.com' } });
  });
  afterEach(() => sandbox.clearFaults());
  afterAll(async () => {
    clients?.destroy();
    await sandbox?.close();
  });

  /** The error without the request and response that the AWS SDK adds to its errors. */
  async function failureOf(fault: Parameters<Sandbox['setFault']>[0], reference = false): Promise<unknown> {
    sandbox.setFault(fault);
    const { userPoolId, accessToken, sub } = user;
    const accessTokenSource = { accessToken: () => Promise.resolve(accessToken) };
    const activities = createActivities(clients, { userPools: [user], accessTokenSource });
    const call = {
      userPoolId,
      sub,
      attributeName: 'email',
      ...(reference ? { accessTokenReference: 'session' } : { accessToken }),
    } as const;
    const logger = new DefaultLogger('TRACE', (entry) => logged.push(entry));
    const environment = new MockActivityEnvironment({ scheduleToCloseTimeoutMs: 60_000 }, { logger });
    return await thrownBy(
      fault.operation === SEND
        ? // oxlint-disable-next-line typescript/unbound-method -- as the worker runs it
          environment.run(activities.sendCode, { ...call, recordAttribute: false })
        : // oxlint-disable-next-line typescript/unbound-method -- as the worker runs it
          environment.run(activities.verifyCode, { ...call, code: CODE }),
    );
  }

  it.each([false, true])(
    'holds no secret that Cognito quotes, whole or in part (by reference: %s)',
    async (byReference) => {
      const { accessToken } = user;
      for (const quoted of [accessToken, accessToken.slice(0, 40), accessToken.slice(0, -10)]) {
        const message = `1 validation error: Value '${quoted}' at 'accessToken', '${CODE}' at 'code'`;
        const attempt = await failureOf(
          { operation: ATTEMPT, exception: { name: 'BadException', message } },
          byReference,
        );
        expect(attempt).toMatchObject({ type: 'BadException', message: expect.stringContaining('[redacted]') });
        expectNothingOf(attempt, accessToken, CODE);
        sandbox.clearFaults();
        const sent = `1 validation error: Value '${quoted}' at 'accessToken'`;
        const send = await failureOf(
          { operation: SEND, exception: { name: 'BadException', message: sent } },
          byReference,
        );
        expectNothingOf(send, accessToken);
        sandbox.clearFaults();
      }
      expectNothingOf(await failureOf({ operation: SEND, exception: { name: 'InternalErrorException' } }), accessToken);
      // The SDK logs what an activity throws.
      expect(logged.length).toBeGreaterThan(3);
      expectNothingOf(logged, accessToken, CODE);
    },
  );
});
