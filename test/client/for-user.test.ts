/** `forUser`: an object that can reach the verifications of one user only. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UserVerifications } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import { expect, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { thrownBy, untyped } from './fixtures.js';

const rig = useRig('local');

/** Every method but `start`, on the given run. */
const CALLS: Record<string, (user: UserVerifications, run?: string) => Promise<unknown>> = {
  status: (user, run) => user.status('email', { run }),
  submitCode: (user, run) => user.submitCode('email', '123456', { run }),
  resendCode: (user, run) => user.resendCode('email', {}, { run }),
  renewAccessToken: (user, run) => user.renewAccessToken('email', { run }),
  confirm: (user, run) => user.confirm('email', {}, { run }),
  cancel: (user, run) => user.cancel('email', { run }),
  wait: (user, run) => user.wait('email', { run, timeout: '1 second' }),
};

const of = ({ accessToken }: SandboxUser) => rig.client.forUser({ accessToken });

it('verifies without a workflow id', async () => {
  const zoe = await rig.user();
  const user = of(zoe);
  const { run, status } = await user.start('email', { requestId: 'sign-up' });
  expect(status).toMatchObject({ state: 'awaitingCode', delivery: { destination: 'z***@e***' } });
  expect(await user.status('email', { run })).toMatchObject({ state: 'awaitingCode' });
  const code = rig.sandbox.codeFor(zoe, 'email');
  expect(await user.submitCode('email', `${code.slice(0, 3)} ${code.slice(3)}`)).toMatchObject({ result: 'verified' });
  expect(await user.wait('email')).toMatchObject({ outcome: 'verified' });
  expect(rig.sandbox.inbox(zoe)).toHaveLength(1);
});

it("reaches no verification of another user, by none of its methods, also with the other's run", async () => {
  const [zoe, jon] = [await rig.user(), await rig.user()];
  const { run, workflowId } = await rig.start(jon);
  for (const [name, call] of Object.entries(CALLS)) {
    for (const ofJon of [undefined, run]) {
      expect(await thrownBy(call(of(zoe), ofJon)), name).toMatchObject({ code: 'VerificationNotFound' });
    }
  }
  expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10, sendsLeft: 4 });
  expect(rig.sandbox.inbox(jon)).toHaveLength(1);
});

it('lets nobody in with a token that the pool has not signed, or that has expired', async () => {
  const jon = await rig.user();
  const { workflowId } = await rig.start(jon);
  const tokens = [
    await rig.sandbox.issueAccessToken(jon, { forged: true }),
    await rig.sandbox.issueAccessToken(jon, { expiresInSeconds: 1 }),
  ];
  await sleep(1_500);
  for (const accessToken of tokens) {
    const user = rig.client.forUser({ accessToken });
    for (const [name, call] of [...Object.entries(CALLS), ['start', () => user.start('email')] as const]) {
      expect(await thrownBy(call(user)), name).toMatchObject({ code: 'AccessTokenRefused' });
    }
  }
  expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10 });
});

it('takes no attribute that could name something else, and no user that is none', async () => {
  const user = of(await rig.user());
  for (const attributeName of ['email/', '../email', 'sub', '', undefined, {}, ['email']]) {
    const refused = { code: 'InvalidRequest', field: 'attributeName' };
    expect(await thrownBy(user.status(untyped(attributeName)))).toMatchObject(refused);
    expect(await thrownBy(user.start(untyped(attributeName)))).toMatchObject(refused);
  }
  for (const none of [{}, { accessTokenReference: 'session-1' }, { accessToken: '' }, null]) {
    expect(() => rig.client.forUser(untyped(none))).toThrow(/accessToken|userPoolId/);
  }
});

it('a start cannot bring another user in through its request', async () => {
  const [zoe, jon] = [await rig.user(), await rig.user()];
  await of(zoe).start('email', untyped({ accessToken: jon.accessToken, attributeName: 'phone_number' }));
  expect(rig.started.has(workflowIdFor({ ...zoe, attributeName: 'email' }))).toBe(true);
  expect(rig.sandbox.inbox(jon)).toEqual([]);
});
