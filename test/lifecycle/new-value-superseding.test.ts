/** A start for another value that comes while the verification of the first one is asking Cognito for a code. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isVerifiedValue } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import { describe, type ExpectStatic, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { change, changesIn, NEW, OLD, UPDATE } from './changing.js';

const THIRD = 'third@other.example';
const FOURTH = 'fourth@other.example';
const SEND = 'GetUserAttributeVerificationCode';

/** Longer than the interval of the heartbeats, by which the activity hears of its cancellation. */
const LATENCY_MS = 6_500;

const rig = useRig('local');
const { userIn, inbox, updates } = changesIn(rig);
const idOf = (user: SandboxUser) => workflowIdFor({ ...user, attributeName: 'email' });
const policy = { resendCooldown: '1 second' } as const;

/** Starts a change, and as soon as `begun` holds another one of the same user. */
async function supersede(user: SandboxUser, begun: () => Promise<unknown>, more: object = {}) {
  const first = rig.client.start(change(user, 'email', { policy, ...more }));
  await begun();
  const atMs = Date.now();
  const second = await rig.client.start({ ...change(user, 'email', { policy, ...more }), newValue: THIRD });
  return { first: await first, second, tookMs: Date.now() - atMs };
}

async function expectVerified(expect: ExpectStatic, user: SandboxUser, run: { workflowId: string; run: string }) {
  await expect.poll(() => inbox(user).at(-1), { timeout: 30_000 }).toBe(THIRD);
  expect(await rig.client.submitCode(run, { code: rig.sandbox.codeFor(user, 'email') })).toMatchObject({
    result: 'verified',
  });
  const outcome = await rig.client.wait(run);
  expect([THIRD, NEW.email, OLD.email].map((value) => isVerifiedValue(outcome, value))).toEqual([true, false, false]);
  expect(rig.sandbox.attribute(user, 'email')).toEqual({ value: THIRD, verified: true });
}

describe.concurrent('a start for another value', { timeout: 60_000 }, () => {
  it.for([
    { keeps: true, lost: false },
    { keeps: true, lost: true },
    { keeps: false, lost: false },
    { keeps: false, lost: true },
  ])(
    'waits for the call that is with Cognito, where the old value is kept: $keeps, and the answer is lost: $lost',
    async ({ keeps, lost }, { expect }) => {
      const user = await userIn(keeps);
      const { username } = user;
      rig.sandbox.setFault({
        operation: UPDATE,
        username,
        latencyMs: LATENCY_MS,
        times: 1,
        ...(lost && { dropConnection: 'afterEffect' }),
      });
      const begun = () => expect.poll(() => updates(user)).toBe(1);
      const { first, second } = await supersede(user, begun, { replaceAtOnce: !keeps });
      // Its caller is told, and does not bring the first value back.
      expect(first.status).toMatchObject({ state: 'expired', reason: 'Superseded' });
      const outcome = await rig.client.wait(first);
      expect(outcome).toMatchObject({
        outcome: 'expired',
        reason: 'Superseded',
        status: { oldValue: keeps ? 'kept' : 'replaced', sends: [{ outcome: lost ? 'uncertain' : 'sent' }] },
      });
      await expectVerified(expect, user, second);
      expect([inbox(user), updates(user)]).toEqual([[NEW.email, THIRD], 2]);
      const [write, next] = rig.sandbox.calls({ operation: UPDATE, username });
      expect(Date.parse(next?.at ?? '') - Date.parse(write?.at ?? '')).toBeGreaterThanOrEqual(LATENCY_MS);
    },
  );

  it('waits for no further try of a call that Cognito throttles', async ({ expect }) => {
    const user = await userIn(true);
    const exception = { name: 'TooManyRequestsException' };
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, exception, times: 6 });
    const begun = () => expect.poll(() => updates(user), { timeout: 30_000 }).toBe(5);
    const { first, second, tookMs } = await supersede(user, begun);
    expect(tookMs).toBeLessThan(8_000);
    expect(await rig.client.wait(first)).toMatchObject({ reason: 'Superseded', status: { oldValue: 'kept' } });
    await expectVerified(expect, user, second);
    expect(inbox(user)).toEqual([THIRD]);
  });

  it('waits for the call also where a right code of the first value ends the verification', async ({ expect }) => {
    const user = await userIn(true);
    const first = await rig.client.start(change(user, 'email', { policy }));
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    await sleep(Date.parse(first.status.resendAllowedAt ?? '') - Date.now() + 100);
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, latencyMs: 4_000, times: 1 });
    const resent = rig.client.resendCode(first);
    await expect.poll(() => updates(user)).toBe(2);
    const second = rig.client.start({ ...change(user, 'email', { policy }), newValue: THIRD });
    await expect.poll(() => cancelRequests(user)).toBe(1);
    expect(await rig.client.submitCode(first, { code })).toMatchObject({ result: 'verified' });
    await resent;
    const { outcome, status } = await rig.client.wait(first);
    expect([outcome, status?.sends.length]).toEqual(['verified', 2]);
    const { status: opened, ...run } = await second;
    expect(opened.state).not.toBe('verified');
    await expectVerified(expect, user, run);
    expect(updates(user)).toBe(3);
  });

  it('finds nothing open where a right code comes while Cognito throttles another call', async ({ expect }) => {
    const user = await userIn(true);
    const first = await rig.client.start(change(user, 'email', { policy }));
    await sleep(Date.parse(first.status.resendAllowedAt ?? '') - Date.now() + 100);
    const exception = { name: 'TooManyRequestsException' };
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, exception, times: 8 });
    const resent = rig.client.resendCode(first);
    await expect.poll(() => updates(user), { timeout: 30_000 }).toBe(5);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await rig.client.submitCode(first, { code })).toMatchObject({ result: 'verified' });
    expect((await resent).state).toBe('verified');
    expect(await rig.client.wait(first, { timeout: '4 seconds' })).toMatchObject({ outcome: 'verified' });
    expect(inbox(user)).toEqual([NEW.email]);
  });

  it('tells a caller without the time to wait that nothing has begun for its value', async ({ expect }) => {
    const user = await userIn(true);
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, latencyMs: LATENCY_MS, times: 1 });
    const first = rig.client.start(change(user, 'email', { policy }));
    await expect.poll(() => updates(user)).toBe(1);
    const request = { ...change(user, 'email', { policy }), newValue: THIRD, requestId: 'once' };
    const hurried = await rig.client.start(request, { timeout: '4 seconds' });
    expect(hurried.status).toMatchObject({ state: 'sending', reason: 'Superseded' });
    const second = await rig.client.start(request);
    expect([hurried.run, second.run === hurried.run]).toEqual([(await first).run, false]);
    await expectVerified(expect, user, second);
  });

  it('waits with others, and the newest of them counts', async ({ expect }) => {
    const user = await userIn(true);
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, latencyMs: LATENCY_MS, times: 1 });
    const first = rig.client.start(change(user, 'email', { policy }));
    await expect.poll(() => updates(user)).toBe(1);
    const second = rig.client.start({ ...change(user, 'email', { policy }), newValue: FOURTH });
    await expect.poll(() => cancelRequests(user)).toBe(1);
    const third = await rig.client.start({ ...change(user, 'email', { policy }), newValue: THIRD });
    for (const earlier of [await first, await second])
      expect(earlier.status).toMatchObject({ state: 'expired', reason: 'Superseded' });
    await expectVerified(expect, user, third);
    expect([inbox(user), updates(user)]).toEqual([[NEW.email, THIRD], 2]);
  });

  it('does not wait for ever for a send that Cognito throttles once the verification has ended', async ({ expect }) => {
    const user = await userIn(true);
    const { username, accessToken } = user;
    const exception = { name: 'TooManyRequestsException' };
    rig.sandbox.setFault({ operation: SEND, username, latencyMs: 4_000, exception, times: 1 });
    const first = rig.client.start({ accessToken, attributeName: 'email', policy, reverify: true });
    const sends = () => rig.sandbox.calls({ operation: SEND, username }).length;
    await expect.poll(sends).toBe(1);
    const second = rig.client.start({ ...change(user, 'email', { policy }), newValue: THIRD });
    await expect.poll(() => cancelRequests(user)).toBe(1);
    await rig.client.cancel(idOf(user));
    expect((await first).status.state).toBe('cancelled');
    await expectVerified(expect, user, await second);
    expect([inbox(user), sends()]).toEqual([[THIRD], 1]);
  });

  it.for(['and the first is cancelled while it waits', 'after the first was cancelled'])(
    'waits for the call, %s',
    async (when, { expect }) => {
      const user = await userIn(true);
      rig.sandbox.setFault({ operation: UPDATE, username: user.username, latencyMs: 4_000, times: 1 });
      const first = rig.client.start(change(user, 'email', { policy }));
      await expect.poll(() => updates(user)).toBe(1);
      const start = () => rig.client.start({ ...change(user, 'email', { policy }), newValue: THIRD });
      if (when.startsWith('after')) await rig.client.cancel(idOf(user));
      const second = start();
      await expect.poll(() => cancelRequests(user)).toBe(1);
      if (!when.startsWith('after')) await rig.client.cancel(idOf(user));
      const { status, ...run } = await first;
      expect(status.state).toBe('cancelled');
      expect(await rig.client.wait(run)).toMatchObject({
        outcome: 'cancelled',
        status: { oldValue: 'kept', sends: [{ outcome: 'sent' }] },
      });
      await expectVerified(expect, user, await second);
      expect([inbox(user), updates(user)]).toEqual([[NEW.email, THIRD], 2]);
    },
  );
});

/** How many calls the verification has given up. */
async function cancelRequests(user: SandboxUser): Promise<number | undefined> {
  const { events } = await rig.env.client.workflow.getHandle(idOf(user)).fetchHistory();
  return events?.filter((event) => event.activityTaskCancelRequestedEventAttributes).length;
}
