/** A start for another value that comes while the verification of the first one is asking Cognito for a code. */
import { isVerifiedValue } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import { describe, type ExpectStatic, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { change, changesIn, NEW, OLD, UPDATE } from './changing.js';

const THIRD = 'third@other.example';

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

describe.concurrent.for([
  { keeps: true, lost: false },
  { keeps: true, lost: true },
  { keeps: false, lost: false },
  { keeps: false, lost: true },
])('the call is with Cognito, where the old value is kept: $keeps, and its answer is lost: $lost', ({ keeps, lost }) => {
  it('it is awaited, so that the second value is written last', { timeout: 60_000 }, async ({ expect }) => {
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
  });
});

describe.concurrent('beside it', () => {
  it('a call that Cognito throttles is given up between two tries', { timeout: 60_000 }, async ({ expect }) => {
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

  it('a right code of the first value is taken, and the second value goes out all the same', { timeout: 60_000 }, async ({
    expect,
  }) => {
    const user = await userIn(true);
    const first = await rig.client.start(change(user, 'email', { policy }));
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, latencyMs: 3_000, times: 1 });
    const resent = () => rig.client.resendCode(first, {}, { timeout: '5 seconds' }).catch(() => undefined);
    const resending = expect.poll(resent, { timeout: 30_000 }).toBeDefined();
    await expect.poll(() => updates(user), { timeout: 10_000 }).toBe(2);
    const second = rig.client.start({ ...change(user, 'email', { policy }), newValue: THIRD });
    const submitted = await rig.client.submitCode(first, { code }).catch((error: unknown) => error);
    await resending;
    const outcome = await rig.client.wait(first);
    console.log(submitted, outcome.outcome);
    expect(isVerifiedValue(outcome, THIRD)).toBe(false);
    expect(inbox(user).slice(0, 2)).toEqual([NEW.email, NEW.email]);
    await expectVerified(expect, user, await second);
  });

  it('a deadline, and a cancellation, while it is awaited: the second value goes out', { timeout: 60_000 }, async ({
    expect,
  }) => {
    const user = await userIn(true);
    rig.sandbox.setFault({ operation: UPDATE, username: user.username, latencyMs: 4_000, times: 1 });
    const first = rig.client.start(change(user, 'email', { policy }));
    await expect.poll(() => updates(user)).toBe(1);
    const second = rig.client.start({ ...change(user, 'email', { policy }), newValue: THIRD });
    const { workflow } = rig.env.client;
    const names = async () => {
      const { events } = await workflow.getHandle(idOf(user)).fetchHistory();
      return events?.filter((event) => event.activityTaskCancelRequestedEventAttributes).length;
    };
    await expect.poll(names, { timeout: 10_000 }).toBe(1);
    await rig.client.cancel(idOf(user));
    expect((await first).status).toMatchObject({ state: 'cancelled' });
    await expectVerified(expect, user, await second);
  });
});
