/** `forUser`: an object that can reach the verifications of one user only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdFor } from '@cognito-verification/contract';
import { expect, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { CALLS_OF_A_USER, thrownBy, toldBy, untyped } from './fixtures.js';

const rig = useRig('local');

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
  for (const [name, call] of Object.entries(CALLS_OF_A_USER)) {
    for (const ofJon of [undefined, run]) {
      expect(await thrownBy(call(of(zoe), ofJon)), name).toMatchObject({ code: 'VerificationNotFound' });
    }
  }
  expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10, sendsLeft: 4 });
  expect(rig.sandbox.inbox(jon)).toHaveLength(1);
});

const ENDED = {
  status: 'verified',
  submitCode: 'VerificationEnded',
  resendCode: 'VerificationEnded',
  renewAccessToken: 'VerificationEnded',
  confirm: 'VerificationEnded',
  cancel: 'VerificationEnded',
  wait: 'verified',
};

it('tells each call of a run that has ended how it ended, and locks nothing', async () => {
  const zoe = await rig.user();
  const { run } = await of(zoe).start('email');
  await of(zoe).submitCode('email', rig.sandbox.codeFor(zoe, 'email'));
  expect(await toldBy(of(zoe), run)).toEqual(ENDED);
  expect((await of(zoe).start('email', { reverify: true })).status.state).toBe('rateLimited');
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
    for (const [name, call] of [...Object.entries(CALLS_OF_A_USER), ['start', () => user.start('email')] as const]) {
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
