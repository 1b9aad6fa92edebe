/** Each answer of the guard for each kind of send, and what it is told, against the Cognito sandbox. */
import { CreateUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SendCodeInput } from '../../activities/cognito.js';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import { createActivities, createDirectActivities } from '../../activities/create-activities.js';
import { HELD_REASONS, REFUSED_REASONS } from '../../guard/message-guard.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';
import { GuardOnDemand } from '../guard-on-demand.js';
import { sdkFor } from '../sandbox/running-sandbox.js';

const NUMBER = '+15555550123';
const ANOTHER = '+15555550199';
const SEND = 'GetUserAttributeVerificationCode';
const CHANGE = 'UpdateUserAttributes';
const RETRY_AT = Date.UTC(2026, 10, 28, 12);

const guard = new GuardOnDemand();
let sandbox: Sandbox;
let clients: CognitoClients;
let user: SandboxUser;
let poolId: string;

beforeAll(async () => {
  sandbox = await startSandbox();
  poolId = (await sandbox.createUserPool()).userPoolId;
  clients = createCognitoClients({ endpoint: sandbox.url });
});
beforeEach(async () => {
  sandbox.clearFaults();
  guard.forget();
  user = await sandbox.createUser({ poolId, attributes: { phone_number: NUMBER } });
});
afterAll(async () => {
  clients.destroy();
  await sandbox.close();
});

const options = () => ({ userPools: [{ userPoolId: user.userPoolId }], messageGuard: guard });
const governed = () => createActivities(clients, options());
const direct = () => createDirectActivities(clients, options());
const call = () => {
  const { userPoolId, sub, accessToken } = user;
  return { userPoolId, sub, accessToken, attributeName: 'phone_number' as const, runId: 'run' };
};
const run = async <Input, Result>(activity: (input: Input) => Promise<Result>, input: Input): Promise<Result> =>
  await new MockActivityEnvironment({ scheduleToCloseTimeoutMs: 60_000 }).run(activity, input);
const failureOf = async (promise: Promise<unknown>): Promise<ApplicationFailure> => {
  const error: unknown = await promise.then(
    (result) => expect.fail(`no error, but ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApplicationFailure)) throw error;
  return error;
};
const calls = (operation: string) => sandbox.calls({ operation, username: user.username }).length;
const asked = (destination: string | undefined) => [{ attributeName: 'phone_number', destination }];

/** Each kind of send, and where its message goes. */
const SENDS: Record<string, { input: () => SendCodeInput; to: string; isDirect?: true }> = {
  'a first send': { input: () => ({ ...call(), recordAttribute: true, unlessVerified: true }), to: NUMBER },
  'a first send past the task queue of calls': {
    input: () => ({ ...call(), recordAttribute: true, unlessVerified: true }),
    to: NUMBER,
    isDirect: true,
  },
  're-send': { input: () => ({ ...call(), recordAttribute: false }), to: NUMBER },
  'a new value': {
    input: () => ({ ...call(), recordAttribute: true, newValue: ANOTHER, replaceAtOnce: true }),
    to: ANOTHER,
  },
  'a new value that the user has already': {
    input: () => ({ ...call(), recordAttribute: true, newValue: NUMBER, replaceAtOnce: true }),
    to: NUMBER,
  },
};
const send = ({ input, isDirect }: (typeof SENDS)[string]) =>
  run((given: SendCodeInput) => (isDirect ? direct() : governed()).sendCode(given), input());

describe.each(Object.entries(SENDS))('%s', (_name, kind) => {
  it('is made where it is admitted, and asked for once', async () => {
    expect(await send(kind)).toHaveProperty('delivery');
    expect(guard).toMatchObject({ asked: asked(kind.to), takenBack: 0 });
    expect(calls(SEND) + calls(CHANGE)).toBe(1);
  });

  it.each(HELD_REASONS)('waits where it is held: %s', async (reason) => {
    guard.hold(reason, RETRY_AT);
    const failure = await failureOf(send(kind));
    expect(failure).toMatchObject({ type: reason, nonRetryable: true, message: expect.stringContaining('not asked') });
    const retryAt = '2026-11-28T12:00:00.000Z';
    expect(failure.details?.[0]).toMatchObject({ failure: 'rateLimited', held: reason, retryAt });
    expect([calls(SEND), calls(CHANGE)]).toEqual([0, 0]);
    expect(guard).toMatchObject({ asked: asked(kind.to), takenBack: 0 });
  });

  it.each(REFUSED_REASONS)('fails for good where it is refused: %s', async (reason) => {
    guard.refuse(reason);
    const failure = await failureOf(send(kind));
    expect(failure).toMatchObject({
      type: reason,
      nonRetryable: true,
      message: expect.stringMatching(/another number/),
    });
    expect(failure.details?.[0]).toMatchObject({ failure: 'failed' });
    expect([calls(SEND), calls(CHANGE)]).toEqual([0, 0]);
  });

  it.each([
    ['TooManyRequestsException', 1],
    ['LimitExceededException', 1],
    ['CodeDeliveryFailureException', 1],
    ['InvalidParameterException', 1],
    ['NotAuthorizedException', 1],
    // Nobody knows whether it has left.
    ['InternalErrorException', 0],
    ['UnexpectedLambdaException', 0],
  ])('is taken back where Cognito certainly sent nothing: %s', async (name, takenBack) => {
    for (const operation of [SEND, CHANGE])
      sandbox.setFault({ operation, username: user.username, exception: { name } });
    await failureOf(send(kind));
    expect(guard).toMatchObject({ asked: asked(kind.to), takenBack });
  });

  it('says the destination in no answer and no failure', async () => {
    const answers: unknown[] = [await send(kind)];
    guard.hold('DestinationCeiling', RETRY_AT);
    answers.push((await failureOf(send(kind))).details);
    guard.refuse('CountryNotAllowed');
    const refused = await failureOf(send(kind));
    answers.push(refused.details, refused.message);
    expect(JSON.stringify(answers)).not.toMatch(new RegExp(`${NUMBER.slice(1)}|${ANOTHER.slice(1)}`));
  });
});

it('a message of which nobody could read the number is asked for without one', async () => {
  sandbox.setFault({ operation: 'GetUser', username: user.username, exception: { name: 'InternalErrorException' } });
  await run((input: SendCodeInput) => governed().sendCode(input), { ...call(), recordAttribute: true });
  expect(guard).toMatchObject({ asked: asked(undefined) });
});

it('a token that Cognito refuses has no message counted, and none held', async () => {
  guard.hold('UnreadDestination', RETRY_AT);
  const accessToken = await sandbox.issueAccessToken(user, { forged: true });
  const input = { ...call(), accessToken, recordAttribute: true };
  const failure = await failureOf(run((given: SendCodeInput) => governed().sendCode(given), input));
  expect(failure.details?.[0]).toMatchObject({ failure: 'accessTokenRejected' });
  expect([guard.asked, calls(SEND)]).toEqual([[], 0]);
});

it('without a guard a re-send reads nothing', async () => {
  const activities = createActivities(clients, { userPools: [{ userPoolId: user.userPoolId }] });
  await run((input: SendCodeInput) => activities.sendCode(input), { ...call(), recordAttribute: false });
  expect(calls('GetUser')).toBe(0);
});

it('what is verified already is asked for nothing', async () => {
  user = await sandbox.createUser({ poolId, attributes: { phone_number: NUMBER }, phoneNumberVerified: true });
  expect(await send(SENDS['a first send'] ?? expect.unreachable())).toHaveProperty('alreadyVerified');
  expect(guard.asked).toEqual([]);
});

it('a change that sends nothing by itself is one message', async () => {
  const sdk = sdkFor(sandbox);
  const made = await sdk.send(new CreateUserPoolCommand({ PoolName: 'by-hand' })).finally(() => sdk.destroy());
  user = await sandbox.createUser({ attributes: { email: 'zoe@example.com' }, poolId: made.UserPool?.Id });
  const change = { ...call(), attributeName: 'email', newValue: 'yan@example.com', replaceAtOnce: true } as const;
  await run((given: SendCodeInput) => governed().sendCode(given), { ...change, recordAttribute: true });
  expect(guard.asked).toEqual([{ attributeName: 'email', destination: 'yan@example.com' }]);
  expect([calls(CHANGE), calls(SEND)]).toEqual([1, 1]);
});

describe('the guard learns of a right code', () => {
  const sent = () => run((input: SendCodeInput) => governed().sendCode(input), { ...call(), recordAttribute: true });
  const code = () => sandbox.codeFor(user, 'phone_number');
  const verify = (given: string, more: object = {}) =>
    run((input: Parameters<ReturnType<typeof governed>['verifyCode']>[0]) => governed().verifyCode(input), {
      ...call(),
      code: given,
      ...more,
    });

  it('by the value that is verified then', async () => {
    await sent();
    expect(await verify(code())).toMatchObject({ accepted: true });
    expect(guard.right).toEqual(asked(NUMBER));
  });

  it('and of no wrong one', async () => {
    await sent();
    await failureOf(verify('000000'));
    expect(guard.right).toEqual([]);
  });

  it('of none while the old value is shown', async () => {
    user = await sandbox.createUser({
      attributes: { phone_number: NUMBER },
      phoneNumberVerified: true,
      requireVerificationBeforeUpdate: true,
    });
    const change = { ...call(), recordAttribute: true, newValue: ANOTHER, replaceAtOnce: true };
    await run((input: SendCodeInput) => governed().sendCode(input), change);
    guard.forget();
    await verify(code());
    expect(guard.right).toEqual(asked(ANOTHER));
  });

  it('without a read of nothing, and the answer is the same', async () => {
    await sent();
    sandbox.setFault({ operation: 'GetUser', username: user.username, exception: { name: 'InternalErrorException' } });
    expect(await verify(code())).toMatchObject({ accepted: true });
    expect(guard.right).toEqual([]);
  });

  it('by a look that shows what a code has done which others have checked', async () => {
    const { attribute } = (await sent()) as { attribute: { valueDigest: string; salt: string } };
    const proves = { valueDigest: attribute.valueDigest, mustDiffer: false };
    const look = (more: object) =>
      run((input: Parameters<ReturnType<typeof governed>['readAttribute']>[0]) => governed().readAttribute(input), {
        ...call(),
        salt: attribute.salt,
        ...more,
      });
    await look({ proves });
    expect(guard.right).toEqual([]);
    await verify(code());
    guard.forget();
    await look({});
    expect(guard.right).toEqual([]);
    await look({ proves });
    expect(guard.right).toEqual(asked(NUMBER));
  });
});
