/** A signed-in user changes the own address around a verification: `verified` is said of no value that was not proven. */
import { UpdateUserAttributesCommand, VerifyUserAttributeCommand } from '@aws-sdk/client-cognito-identity-provider';
import { isVerifiedValue } from '@cognito-verification/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Opened, useTimeTravel } from '../lifecycle/time-travel.js';
import { replayAll } from '../replay-all.js';
import type { SandboxUser } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';
import { attack } from './attack.js';

const travel = useTimeTravel('timeSkipping');
const OLD = 'zoe@example.com';
const NEW = 'yan@other.example';

beforeEach(() => travel.base.sandbox.setSwitches({ sendWhilePending: 'currentValue' }));
afterEach(() => travel.base.sandbox.setSwitches({ sendWhilePending: 'pendingValue' }));

/** A pool that keeps the old address until the new one is verified. */
const keeping = () => travel.user({ emailVerified: true, requireVerificationBeforeUpdate: true });
const emailOf = (user: SandboxUser) => travel.base.sandbox.attribute(user, 'email');
const codeTo = (user: SandboxUser, address: string) =>
  travel.base.sandbox.inbox(user).findLast(({ destination }) => destination === address)?.code ?? 'none';
const changedOutcome = { outcome: 'expired', reason: 'AttributeChanged', status: { currentDestination: 'y***@o***' } };

/** The user's own calls to Cognito. */
async function call(user: SandboxUser, command: (AccessToken: string) => object): Promise<void> {
  const client = sdkFor(travel.base.sandbox);
  await client.send(command(await travel.token(user)) as never).finally(() => client.destroy());
}
const verify = (user: SandboxUser, Code: string) =>
  call(user, (AccessToken) => new VerifyUserAttributeCommand({ AccessToken, AttributeName: 'email', Code }));
const change = (user: SandboxUser, Value: string) =>
  call(
    user,
    (AccessToken) => new UpdateUserAttributesCommand({ AccessToken, UserAttributes: [{ Name: 'email', Value }] }),
  );

describe('the address is changed between send and attempt', () => {
  attack(
    'the code that came to the new address verifies nothing, and the outcome says what Cognito holds now',
    'a changed value proves',
    async () => {
      const opened = await travel.open();
      await change(opened.user, NEW);
      await expect(travel.submit(opened, codeTo(opened.user, NEW))).rejects.toMatchObject({
        code: 'VerificationEnded',
        status: { state: 'expired', reason: 'AttributeChanged' },
      });
      const outcome = await travel.wait(opened);
      expect(outcome).toMatchObject(changedOutcome);
      expect(outcome.proof).toBeUndefined();
      // Cognito has verified it all the same; it is only not what this verification was about.
      expect(emailOf(opened.user)).toEqual({ value: NEW, verified: true });
    },
  );

  attack(
    'and verified elsewhere: neither a confirmation nor the deadline verifies',
    'a changed value proves',
    async () => {
      const confirmed = await travel.open();
      const silent = await travel.open({ policy: { deadline: '10 minutes' } });
      for (const { user } of [confirmed, silent]) {
        await change(user, NEW);
        await verify(user, codeTo(user, NEW));
      }
      await travel.client.confirm(confirmed.id);
      expect(await travel.wait(confirmed)).toMatchObject(changedOutcome);
      expect(await travel.wait(silent)).toMatchObject(changedOutcome);
    },
  );

  attack('in nothing but its case: it is another value', 'a changed value proves', async () => {
    const opened = await travel.open();
    await change(opened.user, OLD.toUpperCase());
    await travel.submit(opened, codeTo(opened.user, OLD.toUpperCase())).catch(() => undefined);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired', reason: 'AttributeChanged' });
  });

  test('and back again, and then verified: that is the address to which the code went', async () => {
    const opened = await travel.open();
    await change(opened.user, NEW);
    await change(opened.user, OLD);
    expect(await travel.submit(opened, travel.code(opened))).toMatchObject({ result: 'verified' });
    const outcome = await travel.wait(opened);
    expect([isVerifiedValue(outcome, OLD), isVerifiedValue(outcome, NEW)]).toEqual([true, false]);
  });

  attack(
    'and a re-send of ours goes to the new address: its code verifies nothing',
    'a changed value proves',
    async () => {
      const opened = await travel.open({ policy: { resendCooldown: '1 second' } });
      await change(opened.user, NEW);
      await travel.pass('2 seconds');
      await travel.resend(opened);
      await travel.submit(opened, travel.code(opened)).catch(() => undefined);
      expect(await travel.wait(opened)).toMatchObject(changedOutcome);
    },
  );
});

describe('the old address is kept until the new one is verified, and Cognito has sent the code by itself', () => {
  async function pending(): Promise<Opened> {
    const user = await keeping();
    const alreadySent = await travel.changeEmail(user, NEW);
    return await travel.open({ user, request: { alreadySent } });
  }

  attack(
    'a re-send of ours, which would go to the old address, is refused with the remedy',
    'a re-send may go to the kept value',
    async () => {
      const opened = await pending();
      await travel.pass('2 minutes');
      await expect(travel.resend(opened)).rejects.toMatchObject({
        reason: 'changePending',
        message: expect.stringMatching(/UpdateUserAttributes.*alreadySent/),
      });
      expect(travel.calls(opened).sends).toBe(0);
    },
  );

  attack('no automatic re-send is made either', 'an automatic re-send may go to the kept value', async () => {
    const user = await keeping();
    const alreadySent = await travel.changeEmail(user, NEW);
    const opened = await travel.open({ user, request: { alreadySent }, policy: { resendAfter: '1 minute' } });
    await travel.pass('10 minutes');
    expect(travel.calls(opened).sends).toBe(0);
  });

  attack(
    'a code for the old address, which the user had sent, does not prove the new one',
    'the kept value proves',
    async () => {
      const opened = await pending();
      await travel.askForCode(opened);
      await expect(travel.submit(opened, codeTo(opened.user, OLD))).rejects.toMatchObject({
        failure: { type: 'AttributeNotVerified' },
      });
      expect(await travel.wait(opened)).toMatchObject({ outcome: 'failed' });
      expect(emailOf(opened.user)).toMatchObject({ value: OLD, verified: true });
    },
  );

  attack(
    'a confirmation of the old address, which is still verified, proves nothing',
    'the kept value proves',
    async () => {
      const opened = await pending();
      await travel.until(opened, ({ sends }) => sends.length === 1);
      await travel.client.confirm(opened.id);
      const { state, unprovenConfirmation } = await travel.until(
        opened,
        (status) => status.unprovenConfirmation !== undefined || status.state !== 'awaitingCode',
      );
      expect([state, unprovenConfirmation?.reason]).toEqual(['awaitingCode', 'notVerified']);
    },
  );

  test('the code for the new address proves it', async () => {
    const opened = await pending();
    expect(await travel.submit(opened, codeTo(opened.user, NEW))).toMatchObject({ result: 'verified' });
    const outcome = await travel.wait(opened);
    expect(outcome).toMatchObject({ outcome: 'verified', proof: 'accepted' });
    expect([isVerifiedValue(outcome, OLD), isVerifiedValue(outcome, NEW)]).toEqual([false, true]);
  });

  test('the remedy: another change, reported, gives a code that proves', async () => {
    const opened = await pending();
    const alreadySent = await travel.changeEmail(opened.user, NEW);
    await travel.client.start({ accessToken: await travel.token(opened.user), attributeName: 'email', alreadySent });
    expect(await travel.status(opened)).toMatchObject({
      sends: [{ outcome: 'alreadySent' }, { outcome: 'alreadySent' }],
    });
    expect(await travel.submit(opened, codeTo(opened.user, NEW))).toMatchObject({ result: 'verified' });
  });
});

describe('an address that was verified before', () => {
  attack('no code is typed: the deadline does not verify it', 'what was verified before proves', async () => {
    const opened = await travel.open({
      user: await travel.user({ emailVerified: true }),
      request: { reverify: true },
      policy: { deadline: '10 minutes' },
    });
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired' });
  });

  attack(
    'a confirmation proves nothing, and the status says why and what to do',
    'what was verified before proves',
    async () => {
      const opened = await travel.open({
        user: await travel.user({ emailVerified: true }),
        request: { reverify: true },
      });
      await travel.client.confirm(opened.id);
      const { state, unprovenConfirmation } = await travel.until(
        opened,
        (status) => status.unprovenConfirmation !== undefined || status.state !== 'awaitingCode',
      );
      expect(state).toBe('awaitingCode');
      expect(unprovenConfirmation).toMatchObject({
        reason: 'verifiedBefore',
        message: expect.stringMatching(/Submit a code.*'trust'/),
      });
    },
  );

  attack(
    'trusted, it ends the verification, and says that nothing was proven',
    'a trusted confirmation says that it is checked',
    async () => {
      const user = await travel.user({ emailVerified: true });
      const opened = await travel.open({ user, policy: { confirmation: 'trust' }, request: { reverify: true } });
      await travel.client.confirm(opened.id);
      const outcome = await travel.wait(opened);
      expect(outcome).toMatchObject({ outcome: 'verified', proof: 'trusted' });
      expect(isVerifiedValue(outcome, OLD)).toBe(false);
    },
  );
});

attack(
  'a corrected number with the same mask is news: its code is good, and the number before it is not what was verified',
  'an equal mask is no news',
  async () => {
    const [first, second] = ['+15555550123', '+15555560123'];
    const user = await travel.user({ attributes: { phone_number: '+15555550000' } });
    const changeNumber = async (Value: string) => {
      await call(
        user,
        (AccessToken) =>
          new UpdateUserAttributesCommand({ AccessToken, UserAttributes: [{ Name: 'phone_number', Value }] }),
      );
      return { destination: '+*******0123', deliveryMedium: 'SMS' };
    };
    const opened = await travel.open({
      user,
      attributeName: 'phone_number',
      request: { alreadySent: await changeNumber(first) },
    });
    await travel.pass('11 minutes');
    const alreadySent = await changeNumber(second);
    await travel.client.start({ accessToken: await travel.token(user), attributeName: 'phone_number', alreadySent });
    expect(await travel.submitRight(opened)).toMatchObject({ result: 'verified' });
    const outcome = await travel.wait(opened);
    expect([isVerifiedValue(outcome, first), isVerifiedValue(outcome, second)]).toEqual([false, true]);
  },
);

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
