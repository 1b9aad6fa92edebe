/** A change of address beside other verifications, other changes and other people, and while its worker dies. */
import { isVerifiedValue, VerificationClient } from '@cognito-verification/client';
import { type AttributeName, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { describe, it } from 'vitest';
import { untyped } from '../client/fixtures.js';
import { startWorkerProcess, useRig } from '../rig.js';
import { poolSettings } from '../served-pools.js';
import { change, changesIn, NEW, OLD, UNVERIFIED, UPDATE } from './changing.js';

const SEND = 'GetUserAttributeVerificationCode';

const rig = useRig('local');
const { userIn, inbox, updates, update } = changesIn(rig);

/** Who is in the middle of a change when the worker dies. */
interface Case {
  readonly attributeName: AttributeName;
  readonly keeps: boolean;
  /** Whether Cognito has made the change by then. */
  readonly changed: boolean;
}

const CASES: readonly Case[] = (['email', 'phone_number'] as const).flatMap((attributeName) => [
  { attributeName, keeps: true, changed: true },
  { attributeName, keeps: false, changed: true },
  { attributeName, keeps: true, changed: false },
  { attributeName, keeps: false, changed: false },
]);

describe('beside another verification', () => {
  it.concurrent('it supersedes the open one of the old value', async ({ expect }) => {
    const user = await userIn(true, UNVERIFIED);
    const first = await rig.start(user);
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    const policy = { resendCooldown: '1 second' } as const;
    const second = await rig.client.start(change(user, 'email', { policy }));
    expect(second.run).not.toBe(first.run);
    expect(await rig.client.wait(first)).toMatchObject({ outcome: 'expired', reason: 'Superseded' });
    await expect.poll(() => inbox(user), { timeout: 30_000 }).toEqual([OLD.email, NEW.email]);
    expect(await rig.client.submitCode(second, { code })).toMatchObject({ result: 'mismatch' });
  });

  it.concurrent('two tabs with two new values: the second counts, and the code of the first verifies nothing in it', async ({
    expect,
  }) => {
    const user = await userIn(true);
    const policy = { resendCooldown: '1 second' } as const;
    const first = await rig.client.start(change(user, 'email', { policy }));
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    const second = await rig.client.start({ ...change(user, 'email', { policy }), newValue: 'third@other.example' });
    expect(await rig.client.wait(first)).toMatchObject({ reason: 'Superseded', status: { oldValue: 'kept' } });
    await expect.poll(() => inbox(user), { timeout: 30_000 }).toEqual([NEW.email, 'third@other.example']);
    expect(await rig.client.submitCode(second, { code })).toMatchObject({ result: 'mismatch' });
    await rig.client.submitCode(second, { code: rig.sandbox.codeFor(user, 'email') });
    const outcome = await rig.client.wait(second);
    const values = ['third@other.example', NEW.email, OLD.email];
    expect(values.map((value) => isVerifiedValue(outcome, value))).toEqual([true, false, false]);
  });

  it.concurrent('a change that the service has made itself supersedes it', async ({ expect }) => {
    const user = await userIn(true);
    const first = await rig.client.start(change(user));
    await update(user, 'third@other.example');
    const { accessToken } = user;
    const second = await rig.client.start({ accessToken, attributeName: 'email', alreadySent: {} });
    expect(await rig.client.wait(first)).toMatchObject({ outcome: 'expired', reason: 'Superseded' });
    await rig.client.submitCode(second, { code: rig.sandbox.codeFor(user, 'email') });
    const outcome = await rig.client.wait(second);
    expect([isVerifiedValue(outcome, 'third@other.example'), isVerifiedValue(outcome, NEW.email)]).toEqual([
      true,
      false,
    ]);
  });

  it.concurrent('the user changes the value elsewhere, and types the code of that: nothing is verified', async ({
    expect,
  }) => {
    const user = await userIn(true);
    const { workflowId } = await rig.client.start(change(user));
    await update(user, 'third@other.example');
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') }).catch(() => undefined);
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'expired', reason: 'AttributeChanged' });
  });

  it.concurrent('a send of a token that nobody had checked went to the old value: it makes way', async ({ expect }) => {
    const user = await userIn(true, UNVERIFIED);
    const { username, accessToken } = user;
    rig.sandbox.setFault({ operation: SEND, username, dropConnection: 'afterEffect', times: 1 });
    const policy = { resendCooldown: '1 second' } as const;
    const first = await rig.unchecked.start({ accessToken, attributeName: 'email', policy });
    expect(first.status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: true });
    const other = await rig.sandbox.issueAccessToken(user);
    const second = await rig.client.start({ ...change(user, 'email', { policy }), accessToken: other });
    expect(await rig.client.wait(first)).toMatchObject({ outcome: 'expired', reason: 'Superseded' });
    await expect.poll(() => inbox(user), { timeout: 30_000 }).toEqual([OLD.email, NEW.email]);
    await rig.client.submitCode(second, { code: rig.sandbox.codeFor(user, 'email') });
    const outcome = await rig.client.wait(second);
    expect([isVerifiedValue(outcome, NEW.email), isVerifiedValue(outcome, OLD.email)]).toEqual([true, false]);
  });

  it.concurrent('a forged token that joins with another value ends and changes nothing', async ({ expect }) => {
    const user = await userIn(true);
    const first = await rig.client.start(change(user));
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    const { accessToken: _, ...request } = change(user);
    const joining = { ...request, accessToken: forged, newValue: 'evil@other.example' };
    const joined = await rig.unchecked.start(joining).catch(() => undefined);
    expect(joined?.run ?? first.run).toBe(first.run);
    expect(await rig.client.status(first.workflowId)).toMatchObject({ state: 'awaitingCode' });
    expect([inbox(user), updates(user)]).toEqual([[NEW.email], 1]);
  });

  it.concurrent('the same start again joins it, and sends nothing', async ({ expect }) => {
    const user = await userIn(true);
    const first = await rig.client.start(change(user));
    const again = await rig.client.start(change(user));
    expect(again).toMatchObject({ run: first.run, status: { joined: true } });
    expect(inbox(user)).toEqual([NEW.email]);
  });

  it.concurrent('a stranger cannot have the real user change the address: without a checked token it does not begin', async ({
    expect,
  }) => {
    const user = await userIn(true);
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    await expect(rig.unchecked.start({ ...change(user), accessToken: forged })).rejects.toMatchObject({
      code: 'InvalidRequest',
    });
    const { taskQueue } = rig;
    const raw = { accessToken: user.accessToken, attributeName: 'email', newValue: NEW.email };
    const run = rig.env.client.workflow.execute(WORKFLOW_TYPE, {
      taskQueue,
      workflowId: workflowIdFor({ ...user, attributeName: 'email' }),
      args: [raw],
    });
    await expect(run).rejects.toMatchObject({ cause: { type: 'InvalidRequest' } });
    const { userPoolId, sub } = user;
    const byReference = { accessTokenReference: 'any', userPoolId, sub, attributeName: 'email', newValue: NEW.email };
    await expect(rig.client.start(untyped(byReference))).rejects.toMatchObject({
      code: 'InvalidRequest',
      field: 'newValue',
    });
    expect([inbox(user), updates(user)]).toEqual([[], 0]);
  });

  it('where the worker dies meanwhile, each hears that nobody knows, is not sent to again, and verifies the new value alone', {
    timeout: 240_000,
  }, async ({ expect }) => {
    // A pool for each would take the sandbox seconds: it makes their keys.
    const { userPoolId: keeping } = await userIn(true);
    const { userPoolId: replacing } = await userIn(false);
    const people = await Promise.all(
      CASES.map(async (one) => {
        const user = await rig.sandbox.createUser({
          attributes: OLD,
          emailVerified: true,
          phoneNumberVerified: true,
          poolId: one.keeps ? keeping : replacing,
        });
        return { ...one, user, workflowId: workflowIdFor({ ...user, attributeName: one.attributeName }) };
      }),
    );
    const taskQueue = `${rig.taskQueue}-kills`;
    const settings = poolSettings(rig.sandbox);
    const client = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      taskQueue,
      now: rig.now,
    });
    const start = () => startWorkerProcess(rig, taskQueue, settings);
    const first = await start();
    let worker = first;
    try {
      const starts = people.map(({ user, attributeName, changed, keeps }) => {
        const { username } = user;
        rig.sandbox.setFault({
          operation: UPDATE,
          username,
          latencyMs: 600_000,
          times: 1,
          ...(changed && { afterEffect: true }),
        });
        const policy = { resendCooldown: '1 second' } as const;
        return client.start(change(user, attributeName, { replaceAtOnce: !keeps, policy }), { timeout: '200 seconds' });
      });
      await expect.poll(() => people.map(({ user }) => updates(user)), { timeout: 60_000 }).toEqual(CASES.map(() => 1));
      await expect
        .poll(() => people.map(({ user }) => inbox(user)))
        .toEqual(CASES.map(({ attributeName, changed }) => (changed ? [NEW[attributeName]] : [])));
      await worker.end('SIGKILL');
      worker = await start();

      const heard = await Promise.all(starts);
      expect(heard.map(({ status }) => [status.state, status.deliveryUncertain, status.sendsLeft])).toEqual(
        CASES.map(() => ['awaitingCode', true, 4]),
      );
      await Promise.all(
        people.map(async ({ attributeName, user, workflowId, keeps, changed }) => {
          const oldValue = async () => (await client.status(workflowId)).oldValue;
          await expect.poll(oldValue, { timeout: 30_000 }).toBe(changed && !keeps ? 'replaced' : 'kept');
          // A further call is the wish of the user.
          const again = () => client.resendCode(workflowId).catch(() => undefined);
          if (!changed) await expect.poll(again, { timeout: 30_000 }).toBeDefined();
          expect([inbox(user), updates(user)]).toEqual([[NEW[attributeName]], changed ? 1 : 2]);
          const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
          expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
          const outcome = await client.wait(workflowId);
          expect([isVerifiedValue(outcome, NEW[attributeName]), isVerifiedValue(outcome, OLD[attributeName])]).toEqual([
            true,
            false,
          ]);
          expect(rig.sandbox.attribute(user, attributeName)).toEqual({ value: NEW[attributeName], verified: true });
        }),
      );
      const output = [...first.output, ...worker.output].join('');
      expect(Object.values(NEW).filter((value) => output.includes(value))).toEqual([]);
    } finally {
      await worker.end('SIGKILL');
    }
  });
});
