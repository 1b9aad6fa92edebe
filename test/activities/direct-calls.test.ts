/** Direct calls as a worker makes them, against the Cognito sandbox: what they ask, and when they ask nothing. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import { createActivities, createDirectActivities } from '../../activities/create-activities.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';

const ATTEMPT = 'VerifyUserAttribute';
let sandbox: Sandbox;
let clients: CognitoClients;
let user: SandboxUser;
let updates = 0;

beforeAll(async () => {
  sandbox = await startSandbox();
  clients = createCognitoClients({ endpoint: sandbox.url });
});
beforeEach(async () => {
  sandbox.clearFaults();
  user = await sandbox.createUser();
});
afterAll(async () => {
  clients.destroy();
  await sandbox.close();
});

function worker(perSecond: number) {
  const clock = { ms: 0 };
  const allowance = new Allowance(perSecond, { now: () => clock.ms });
  const options = { userPools: [{ userPoolId: user.userPoolId }], allowance };
  return { clock, direct: createDirectActivities(clients, options), governed: createActivities(clients, options) };
}
const call = () => {
  const { userPoolId, sub, accessToken } = user;
  return { userPoolId, sub, accessToken, attributeName: 'email' as const, runId: 'run' };
};
const attempt = (code = '000000') => ({ ...call(), code, updateId: `submitCode/${(updates += 1)}`, counted: [] });
const seen = (operation: string) => sandbox.calls({ operation, username: user.username }).length;
const run = async <Input, Result>(activity: (input: Input) => Promise<Result>, input: Input): Promise<Result> =>
  await new MockActivityEnvironment({ scheduleToCloseTimeoutMs: 60_000 }).run(activity, input);
const NOT_CALLED = { notCalled: true, runId: 'run' };

describe('without an allowance nobody is asked', () => {
  it.each(['sendCode', 'verifyCode', 'readAttribute'] as const)('%s', async (name) => {
    const { direct } = worker(0);
    const input = { ...attempt(), recordAttribute: true };
    expect(await run<never, unknown>(direct[name], input as never)).toEqual(NOT_CALLED);
    expect(sandbox.calls({ username: user.username })).toEqual([]);
  });

  it('a pool that this worker does not serve is left to the others', async () => {
    const direct = createDirectActivities(clients, { userPools: [], allowance: new Allowance(9) });
    expect(await run((input: Parameters<typeof direct.verifyCode>[0]) => direct.verifyCode(input), attempt())).toEqual(
      NOT_CALLED,
    );
  });
});

it('an attempt that was not made is not remembered: it is made once there is an allowance', async () => {
  const { clock, direct } = worker(1);
  const verify = (input: ReturnType<typeof attempt>) => run((given: typeof input) => direct.verifyCode(given), input);
  await expect(verify(attempt())).rejects.toMatchObject({ type: expect.stringMatching(/Exception$/) });
  const second = { ...attempt(), runId: 'another' };
  expect(await verify(second)).toMatchObject({ notCalled: true });
  clock.ms += 1_000;
  await expect(verify(second)).rejects.toMatchObject({ type: expect.stringMatching(/Exception$/) });
  expect(seen(ATTEMPT)).toBe(2);
});

it('a throttle of any call ends direct calls for a minute', async () => {
  const { clock, direct, governed } = worker(10);
  sandbox.setFault({ operation: 'GetUser', username: user.username, exception: { name: 'TooManyRequestsException' } });
  const read = run((input: ReturnType<typeof call>) => governed.readAttribute(input), call());
  await expect(read).rejects.toMatchObject({ type: 'TooManyRequestsException' });
  const verify = () => run((input: ReturnType<typeof attempt>) => direct.verifyCode(input), attempt());
  expect(await verify()).toEqual(NOT_CALLED);
  clock.ms += 60_000;
  await expect(verify()).rejects.toMatchObject({ type: expect.stringMatching(/Exception$/) });
});

it('so does that of a look which a send does without', async () => {
  const { direct, governed } = worker(10);
  const { username } = user;
  sandbox.setFault({ operation: 'GetUser', username, exception: { name: 'TooManyRequestsException' }, times: 1 });
  const input = { ...call(), recordAttribute: true };
  expect(await run((given: typeof input) => governed.sendCode(given), input)).toHaveProperty('delivery');
  expect(await run((given: ReturnType<typeof attempt>) => direct.verifyCode(given), attempt())).toEqual(NOT_CALLED);
});

it('an attempt is broken off neither by its activity nor by a repeat, which has its answer', async () => {
  const { direct } = worker(10);
  await run((input: ReturnType<typeof call> & { recordAttribute: boolean }) => direct.sendCode(input), {
    ...call(),
    recordAttribute: false,
  });
  sandbox.setFault({ operation: ATTEMPT, username: user.username, latencyMs: 500, afterEffect: true });
  const input = attempt(sandbox.codeFor(user, 'email'));
  const environment = new MockActivityEnvironment();
  const first = environment.run((given: typeof input) => direct.verifyCode(given), input);
  await expect.poll(() => seen(ATTEMPT)).toBe(1);
  environment.cancel();
  const repeat = run((given: typeof input) => direct.verifyCode(given), input);
  expect(await repeat).toMatchObject({ accepted: true, attribute: { verified: true } });
  expect(await first).toMatchObject({ accepted: true });
  expect(seen(ATTEMPT)).toBe(1);
});

it('after ExpiredCodeException the attribute is read in the same activity', async () => {
  const { direct } = worker(10);
  sandbox.setFault({ operation: ATTEMPT, username: user.username, exception: { name: 'ExpiredCodeException' } });
  await expect(run((input: ReturnType<typeof attempt>) => direct.verifyCode(input), attempt())).rejects.toMatchObject({
    type: 'ExpiredCodeException',
    details: [{ failure: 'codeExpired', attribute: { verified: false } }],
  });
});
