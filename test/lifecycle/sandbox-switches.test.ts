/** Undocumented behaviour of Cognito is a switch of the sandbox. A verification must be right in every setting. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Switches } from '../../sandbox/index.js';
import { DEFAULT_SWITCHES } from '../../sandbox/switches.js';
import { replayAll } from '../replay-all.js';
import { type Opened, useTimeTravel } from './time-travel.js';

const SETTINGS = {
  resend: ['lastWins', 'bothValid', 'firstWins'],
  window: ['sliding', 'fixedHour'],
  limitScope: ['user', 'attribute'],
  limitCounts: ['accepted', 'all'],
  neverRequested: ['ExpiredCodeException', 'CodeMismatchException'],
  checkOrder: ['limitFirst', 'attributeFirst'],
  sendWhilePending: ['currentValue', 'pendingValue'],
} as const satisfies { [Name in keyof Switches]?: readonly Switches[Name][] };

/** Every combination of the settings of some switches. */
function combinations<Name extends keyof typeof SETTINGS>(...names: Name[]): Pick<Switches, Name>[] {
  return names.reduce<Partial<Switches>[]>(
    (sets, name) => sets.flatMap((set) => SETTINGS[name].map((setting) => ({ ...set, [name]: setting }))),
    [{}],
  ) as Pick<Switches, Name>[];
}

const named = <S extends object>(settings: S): [string, S] => [Object.values(settings).join(', '), settings];

const travel = useTimeTravel('timeSkipping');
afterEach(() => travel.base.sandbox.setSwitches(DEFAULT_SWITCHES));

/** The codes that Cognito accepts after one re-send, as indices into the codes of the user. */
const GOOD = { lastWins: [1], bothValid: [0, 1], firstWins: [0] } as const;

/** Start, wrong code, re-send. */
async function untilResent(opened: Opened): Promise<void> {
  expect(opened.started).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
  expect((await travel.submitWrong(opened)).result).toBe('mismatch');
  await travel.pass('1 minute');
  expect(await travel.resend(opened)).toMatchObject({ state: 'awaitingCode', sendsLeft: 3, attemptsLeft: 9 });
  expect(travel.codes(opened)).toHaveLength(2);
}

describe('start, wrong code, re-send, right code', () => {
  /** The defaults, every setting of every other switch by itself, and all of them at once. */
  const others: Partial<Switches>[] = [
    {},
    { window: 'fixedHour' },
    { limitScope: 'attribute' },
    { limitCounts: 'all' },
    { neverRequested: 'CodeMismatchException' },
    { checkOrder: 'attributeFirst' },
    { sendWhilePending: 'pendingValue' },
  ];
  others.push(Object.assign({}, ...others));

  test.each(SETTINGS.resend)(
    'with resend: %s and every setting of every other switch, exactly the codes that stay valid verify',
    async (resend) => {
      const sets = others.map((other) => ({ ...DEFAULT_SWITCHES, ...other, resend }));
      for (const set of sets) {
        travel.base.sandbox.setSwitches(set);
        for (const good of GOOD[resend]) {
          const opened = await travel.open();
          await untilResent(opened);
          const codes = travel.codes(opened);
          const bad = [0, 1].find((index) => !GOOD[resend].some((other) => other === index));
          if (bad !== undefined && codes[bad] !== codes[good]) {
            const answer = await travel.submit(opened, codes[bad] as string);
            expect(answer).toMatchObject({ result: 'mismatch', status: { state: 'awaitingCode', attemptsLeft: 8 } });
          }
          const answer = await travel.submit(opened, codes[good] as string);
          expect(answer, JSON.stringify(set)).toMatchObject({ result: 'verified', status: { state: 'verified' } });
          expect(travel.base.sandbox.attribute(opened.user, 'email').verified).toBe(true);
        }
      }
    },
  );

  test.each(combinations('resend', 'sendWhilePending').map(named))(
    'with %s, for an address that waits for its verification',
    async (_name, set) => {
      travel.base.sandbox.setSwitches(set);
      const user = await travel.user({ emailVerified: true, requireVerificationBeforeUpdate: true });
      await travel.changeEmail(user, 'new@example.com');
      travel.base.sandbox.clearInbox();
      const opened = await travel.open({ user, request: { reverify: true } });
      await untilResent(opened);
      // The code of the change itself is not in the list, and it is the valid one if the first code wins.
      const answers: string[] = [];
      for (const code of travel.codes(opened).toReversed()) {
        const { result } = await travel.submit(opened, code).catch(() => ({ result: 'ended' }));
        answers.push(result);
      }
      if (set.resend === 'firstWins') expect(answers).toEqual(['mismatch', 'mismatch']);
      else if (set.sendWhilePending === 'currentValue') expect(answers[0]).toBe('verified');
      // The code went to another value than the one that was read before the send, and that one is not proven.
      else expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired', reason: 'AttributeChanged' });
    },
  );
});

describe("Cognito's limits", () => {
  test.each(combinations('window', 'limitScope', 'limitCounts').map(named))(
    'with %s, a send over the limit is postponed and made once',
    async (_name, set) => {
      travel.base.sandbox.setSwitches({ ...set, sendsPerHour: 2 });
      const opened = await travel.open({ policy: { maxSends: 3 } });
      let status = opened.started;
      for (let sends = 0; sends < 2 && status.state === 'awaitingCode'; sends++) {
        await travel.pass('4 minutes');
        status = await travel.resend(opened);
      }
      // If an hour of the clock has just begun, there is room for the send at once.
      for (let waits = 0; waits < 12 && status.sendsLeft > 0; waits++) {
        expect(status.state).toBe('rateLimited');
        await travel.pass(Date.parse(status.retryAt ?? '') - (await travel.now()) + 2_000);
        status = await travel.until(opened, ({ state }) => state !== 'sending');
      }
      expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 0 });
      await travel.pass('3 hours');
      expect(travel.codes(opened)).toHaveLength(3);
      expect((await travel.submitRight(opened)).result).toBe('verified');
    },
  );

  test.each(combinations('window', 'limitScope', 'limitCounts').map(named))(
    'with %s, an attempt over the limit is answered with the time from which it may succeed',
    async (_name, set) => {
      travel.base.sandbox.setSwitches({ ...set, attemptsPerHour: 2 });
      const opened = await travel.open();
      let answer = await travel.submitWrong(opened);
      for (let tries = 0; tries < 5 && answer.result === 'mismatch'; tries++) {
        await travel.pass('2 minutes');
        answer = await travel.submitWrong(opened);
      }
      for (let waits = 0; waits < 12 && answer.result === 'rateLimited'; waits++) {
        await travel.pass(Date.parse(answer.retryAt ?? '') - (await travel.now()) + 2_000);
        answer = await travel.submitRight(opened);
      }
      expect(answer.result).toBe('verified');
    },
  );

  test.each(SETTINGS.limitScope)(
    'with %s, the sends for one attribute delay the other only if they share the limit',
    async (limitScope) => {
      travel.base.sandbox.setSwitches({ limitScope, sendsPerHour: 1 });
      const email = await travel.open();
      const phone = await travel.open({ user: email.user, attributeName: 'phone_number' });
      expect(phone.started.state).toBe(limitScope === 'user' ? 'rateLimited' : 'awaitingCode');
      for (let waits = 0; waits < 12 && (await travel.status(phone)).state !== 'awaitingCode'; waits++) {
        await travel.pass('10 minutes');
      }
      expect((await travel.submitRight(email)).result).toBe('verified');
      expect((await travel.submitRight(phone)).result).toBe('verified');
    },
  );
});

test.each(SETTINGS.neverRequested)(
  'with %s for a code that was never requested, a re-send repairs a false alreadySent',
  async (neverRequested) => {
    travel.base.sandbox.setSwitches({ neverRequested });
    const opened = await travel.open({ request: { alreadySent: {} } });
    const { result } = await travel.submit(opened, '123456');
    expect(result).toBe(neverRequested === 'ExpiredCodeException' ? 'codeExpired' : 'mismatch');
    if (result === 'mismatch') await travel.pass('1 minute');
    await travel.resend(opened);
    expect((await travel.submitRight(opened)).result).toBe('verified');
  },
);

test.each(SETTINGS.checkOrder)(
  'with %s, an attribute without a value fails the verification and says why',
  async (checkOrder) => {
    travel.base.sandbox.setSwitches({ checkOrder });
    const user = await travel.user({ attributes: { phone_number: '+15555550123' } });
    await expect(travel.open({ user })).rejects.toMatchObject({
      code: 'VerificationFailed',
      failure: { type: 'AttributeUnreadable' },
    });
  },
);

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
