/** What a guard keeps back: the user is told when, the message leaves then, and nobody waits for ever. */
import { errorResponse, publicStatus } from '@cognito-verification/client';
import { TEXTS } from '@cognito-verification/client/texts';
import { SEARCH_ATTRIBUTE_KEYS, WHY_HELD } from '@cognito-verification/contract';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { GuardOnDemand } from '../guard-on-demand.js';
import { replayAll } from '../replay-all.js';
import { NEW } from './changing.js';
import { HOUR, MINUTE, type Opened, SEND, useTimeTravel } from './time-travel.js';

const guard = new GuardOnDemand();
const travel = useTimeTravel('timeSkipping', { messageGuard: guard });
beforeEach(() => guard.forget());
afterAll(() => replayAll(travel.base, travel.started));

const NUMBER = '+15555550123';
const phone = { attributeName: 'phone_number' } as const;
const at = (time: string | undefined): number => Date.parse(time ?? '');
const inMs = async (ms: number) => (await travel.now()) + ms;
const to = (destination: string) => ({ attributeName: 'phone_number', destination });

async function passRetryAt(opened: Opened): Promise<void> {
  await travel.pass(at((await travel.status(opened)).retryAt) - (await travel.now()) + 2_000);
}

/** What the Web UI shows. */
async function cardOf({ id }: Opened): Promise<string> {
  const handle = travel.base.env.client.workflow.getHandle(id);
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}

test('a held user is told why and when, gets the code then, and verifies', async () => {
  const retryAtMs = await inMs(30 * MINUTE);
  guard.hold('UnprovenMessages', retryAtMs);
  const opened = await travel.open(phone);
  expect(opened.started).toMatchObject({
    state: 'rateLimited',
    held: 'UnprovenMessages',
    retryAt: new Date(retryAtMs).toISOString(),
    sendsLeft: 5,
    sends: [{ outcome: 'held', reason: 'UnprovenMessages' }],
  });
  expect(travel.calls(opened).sends).toBe(0);

  // The page, the Web UI and the list.
  const { held, retryAt } = publicStatus(opened.started);
  expect([TEXTS.en.held[held ?? expect.unreachable()], retryAt]).toEqual([
    expect.stringContaining('cannot send your code right now'),
    opened.started.retryAt,
  ]);
  const clock = `${retryAt?.slice(0, 10)} ${retryAt?.slice(11, 19)} UTC`;
  const card = await cardOf(opened);
  expect(card).toContain('The guard holds the next code back');
  expect(card).toContain(WHY_HELD.UnprovenMessages);
  expect(card).toContain(`asks the guard again by itself at ${clock}`);
  expect(card).toContain('held a code back, and Cognito was not asked (`UnprovenMessages`)');
  const listed = await travel.base.env.client.workflow.getHandle(opened.id).describe();
  expect(listed.typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state)).toBe('rateLimited');
  await expect(travel.resend(opened)).rejects.toMatchObject({ reason: 'rateLimited', allowedAt: retryAt });
  await expect(travel.submit(opened, '000000')).rejects.toMatchObject({ code: 'CodeNotSent' });

  await passRetryAt(opened);
  const sent = await travel.until(opened, ({ state }) => state === 'awaitingCode');
  expect(sent).toMatchObject({ sendsLeft: 4, sends: [{ outcome: 'held' }, { outcome: 'sent' }] });
  expect(sent).not.toHaveProperty('held');
  expect(travel.codes(opened)).toHaveLength(1);
  expect((await travel.submitRight(opened)).result).toBe('verified');
  expect(guard).toMatchObject({ asked: [to(NUMBER), to(NUMBER)], right: [to(NUMBER)], takenBack: 0 });
});

test('a number to which no code is sent fails at once, with a text for its owner', async () => {
  guard.refuse('CountryNotAllowed');
  const error: unknown = await travel.open(phone).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'VerificationFailed', failure: { type: 'CountryNotAllowed' } });
  expect(errorResponse(error, TEXTS.de).body.text).toBe(TEXTS.de.refused.CountryNotAllowed);
  expect(guard.asked).toHaveLength(1);
});

test('a re-send to such a number is refused, and the earlier code still verifies', async () => {
  const opened = await travel.open(phone);
  await travel.pass('1 minute');
  guard.refuse('NumberKindNotAllowed');
  const refused: unknown = await travel.resend(opened).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ code: 'ResendFailed', failure: { type: 'NumberKindNotAllowed' } });
  expect(errorResponse(refused).body.text).toBe(TEXTS.en.refused.NumberKindNotAllowed);
  expect((await travel.submitRight(opened)).result).toBe('verified');
});

test('a held re-send goes out by itself, and the earlier code verifies meanwhile', async () => {
  const opened = await travel.open(phone);
  await travel.pass('1 minute');
  guard.hold('DestinationCeiling', await inMs(HOUR));
  expect(await travel.resend(opened)).toMatchObject({ state: 'rateLimited', held: 'DestinationCeiling', sendsLeft: 4 });
  const [code = ''] = travel.codes(opened);
  await passRetryAt(opened);
  expect(await travel.until(opened, ({ state }) => state === 'awaitingCode')).toMatchObject({ sendsLeft: 3 });
  expect(travel.codes(opened)).toHaveLength(2);
  guard.hold('DestinationCeiling', await inMs(HOUR));
  await travel.pass('5 minutes');
  expect((await travel.resend(opened)).held).toBe('DestinationCeiling');
  expect(code).not.toBe(travel.code(opened));
  expect((await travel.submitRight(opened)).result).toBe('verified');
});

test('a new value that is held changes nothing before its time', async () => {
  const user = await travel.user({ requireVerificationBeforeUpdate: true, phoneNumberVerified: true });
  guard.hold('MessageBudget', await inMs(20 * MINUTE));
  const checked = travel.base.client;
  const { workflowId: id, status } = await checked.start({
    accessToken: user.accessToken,
    ...phone,
    newValue: NEW.phone_number,
  });
  travel.started.add(id);
  const opened = { user, ...phone, id, started: status };
  expect(status).toMatchObject({ state: 'rateLimited', held: 'MessageBudget' });
  expect(travel.base.sandbox.calls({ operation: 'UpdateUserAttributes', username: user.username })).toEqual([]);
  await passRetryAt(opened);
  await travel.until(opened, ({ state }) => state === 'awaitingCode');
  expect((await travel.submitRight(opened)).result).toBe('verified');
  expect(guard).toMatchObject({ asked: [to(NEW.phone_number), to(NEW.phone_number)], right: [to(NEW.phone_number)] });
});

describe('nobody waits for ever', () => {
  test('the deadline comes before the guard would be asked again', async () => {
    guard.hold('GuardUnavailable', await inMs(5 * HOUR));
    const opened = await travel.open({ ...phone, policy: { deadline: '1 hour' } });
    expect(await cardOf(opened)).toContain('it ends before another send may be made');
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired', status: { sendsLeft: 5 } });
    expect(guard.asked).toHaveLength(1);
  });

  test('a guard that names a time that has passed is asked again after a wait that grows', async () => {
    guard.hold('DestinationCeiling', 0, 4);
    const opened = await travel.open(phone);
    for (const seconds of [5, 10, 20, 40]) {
      const { retryAt, sends } = await travel.until(opened, ({ state }) => state === 'rateLimited');
      expect(at(retryAt) - at(sends.at(-1)?.at)).toBe(seconds * 1_000);
      await passRetryAt(opened);
    }
    expect(await travel.until(opened, ({ state }) => state === 'awaitingCode')).toMatchObject({ sendsLeft: 4 });
  });
});

describe('a message is counted once', () => {
  test('each try that Cognito throttles is taken back', async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'TooManyRequestsException', 3);
    const opened = await travel.open({ ...phone, user, impatient: true });
    await travel.pass('2 minutes');
    await travel.until(opened, ({ state }) => state === 'awaitingCode');
    expect([guard.asked.length, guard.takenBack, travel.codes(opened).length]).toEqual([4, 3, 1]);
  });

  test('a lost answer counts, and the send is not repeated', async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'InternalErrorException', 1);
    const opened = await travel.open({ ...phone, user });
    expect(opened.started).toMatchObject({ state: 'awaitingCode', deliveryUncertain: true });
    expect([guard.asked.length, guard.takenBack]).toEqual([1, 0]);
  });
});

test('a confirmation that Cognito bears out tells the guard too', async () => {
  const opened = await travel.open(phone);
  await travel.verifyElsewhere(opened);
  await travel.client.confirm(opened.id);
  expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'confirmed' });
  expect(guard.right).toEqual([to(NUMBER)]);
});
