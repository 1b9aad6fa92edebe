import { CreateUserPoolCommand, UpdateUserAttributesCommand } from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, otherThan, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();
const LIMITED = {
  name: 'LimitExceededException',
  message: 'Attempt limit exceeded, please try after some time.',
  status: 400,
};

describe('the limits of a user', () => {
  it('are five sends in a sliding hour', async () => {
    const user = await running.sandbox.createUser();
    await running.send(user);
    running.sandbox.advanceClock(10 * MINUTE);
    for (let count = 2; count <= 5; count += 1) await running.send(user);
    expect(await refusal(running.send(user))).toEqual(LIMITED);
    running.sandbox.advanceClock(50 * MINUTE - 1);
    expect(await refusal(running.send(user))).toEqual(LIMITED);
    running.sandbox.advanceClock(1);
    await running.send(user);
    expect(await refusal(running.send(user))).toEqual(LIMITED);
  });

  it('are fifteen attempts in an hour, including right codes', async () => {
    const user = await running.sandbox.createUser();
    const code = await running.sendAndRead(user);
    const wrong = otherThan(code);
    for (let count = 1; count <= 14; count += 1) {
      expect((await refusal(running.verify(user, wrong))).name).toBe('CodeMismatchException');
    }
    await running.verify(user, code);
    expect(await refusal(running.verify(user, wrong))).toEqual(LIMITED);
    running.sandbox.advanceClock(HOUR);
    expect((await refusal(running.verify(user, code))).name).toBe('ExpiredCodeException');
  });

  it('are not reset by another send', async () => {
    const user = await running.sandbox.createUser();
    const wrong = otherThan(await running.sendAndRead(user));
    for (let count = 1; count <= 15; count += 1) await refusal(running.verify(user, wrong));
    const code = await running.sendAndRead(user);
    expect(await refusal(running.verify(user, code))).toEqual(LIMITED);
  });

  it('are separate for each user, and updates do not count', async () => {
    const [user, other] = [await running.sandbox.createUser(), await running.sandbox.createUser()];
    for (let count = 1; count <= 5; count += 1) await running.send(user);
    await running.send(other);
    await running.changeEmail(user, 'new@bakery.example');
    expect(running.sandbox.inbox(user)).toHaveLength(6);
  });

  it('hold for concurrent calls', async () => {
    const user = await running.sandbox.createUser();
    running.sandbox.setCustomMessage(async (event) => {
      await new Promise((resolve) => setImmediate(resolve));
      return event;
    });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => running.send(user)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(running.sandbox.inbox(user)).toHaveLength(5);
  });

  it('are configurable', async () => {
    running.sandbox.setSwitches({ sendsPerHour: 1, attemptsPerHour: 0 });
    const user = await running.sandbox.createUser();
    const code = await running.sendAndRead(user);
    expect(await refusal(running.send(user))).toEqual(LIMITED);
    expect(await refusal(running.verify(user, code))).toEqual(LIMITED);
  });
});

describe('the daily limit of Cognito’s own e-mails', () => {
  it('counts the pools that use COGNITO_DEFAULT together and restarts at 09:00 UTC', async () => {
    running.sandbox.setSwitches({ emailsPerDay: 2 });
    const [first, second] = [
      await running.sandbox.createUser({
        emailAccount: 'COGNITO_DEFAULT',
        attributes: { email: 'a@b.example', phone_number: '+491701238920' },
      }),
      await running.sandbox.createUser({ emailAccount: 'COGNITO_DEFAULT' }),
    ];
    await running.send(first);
    await running.send(second);
    const limited = await refusal(running.send(first));
    expect(limited.name).toBe('LimitExceededException');
    expect(limited.message).toMatch(/^Exceeded daily email limit for the operation or the account/);
    await running.send(first, 'phone_number');
    await running.send(await running.sandbox.createUser({ emailAccount: 'DEVELOPER' }));

    const now = running.sandbox.now();
    const nineToday = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), 9);
    const untilNine = (nineToday - now.getTime() + 24 * HOUR) % (24 * HOUR);
    running.sandbox.advanceClock(untilNine - 1);
    expect((await refusal(running.send(first))).name).toBe('LimitExceededException');
    running.sandbox.advanceClock(1);
    await running.send(first);
  });

  it('is 50 for a pool without an e-mail configuration', async () => {
    expect(running.sandbox.switches().emailsPerDay).toBe(50);
    const { UserPool } = await running.client.send(new CreateUserPoolCommand({ PoolName: 'plain' }));
    const user = await running.sandbox.createUser({ poolId: UserPool?.Id ?? '' });
    running.sandbox.setSwitches({ emailsPerDay: 0 });
    expect((await refusal(running.send(user))).name).toBe('LimitExceededException');
    // A pool without automatic verification sends nothing on a change, so there is nothing to limit.
    await running.client.send(
      new UpdateUserAttributesCommand({
        AccessToken: await running.sandbox.issueAccessToken(user),
        UserAttributes: [{ Name: 'email', Value: 'new@bakery.example' }],
      }),
    );
  });
});
