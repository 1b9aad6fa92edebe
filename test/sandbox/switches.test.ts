import { describe, expect, it } from 'vitest';
import { type Switches, startSandbox } from '../../sandbox/index.js';
import { HOUR, MINUTE, otherThan, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();
const LIMITED = 'LimitExceededException';
const EXPIRED = 'ExpiredCodeException';
const MISMATCH = 'CodeMismatchException';
const BOTH = { email: 'zoe@bakery.example', phone_number: '+491701238920' };

/** The result of each of two codes when only that one is submitted: `verified` or the exception's name. */
async function fateOfTwoCodes(): Promise<[first: string, second: string]> {
  const fates: string[] = [];
  for (const typed of [0, 1]) {
    const user = await running.sandbox.createUser();
    const codes = [await running.sendAndRead(user), await running.sendAndRead(user)];
    const answer = running.verify(user, codes[typed] ?? '');
    fates.push(
      await answer.then(
        () => 'verified',
        () => refusal(answer).then(({ name }) => name),
      ),
    );
  }
  return [fates[0] ?? '', fates[1] ?? ''];
}

/** Five sends, the last of them two minutes before the clock hour ends. */
async function spendBeforeTheHour() {
  const user = await running.sandbox.createUser();
  const intoTheHour = running.sandbox.now().getTime() % HOUR;
  running.sandbox.advanceClock(HOUR - intoTheHour + 58 * MINUTE);
  for (let count = 1; count <= 5; count += 1) await running.send(user);
  expect((await refusal(running.send(user))).name).toBe(LIMITED);
  running.sandbox.advanceClock(2 * MINUTE - 1);
  expect((await refusal(running.send(user))).name).toBe(LIMITED);
  running.sandbox.advanceClock(1);
  return user;
}

/** Sets switches of wrong types, as a caller from JavaScript could. */
function setting(switches: object): () => void {
  return () => running.sandbox.setSwitches(switches);
}

describe('resend', () => {
  it.each<[Switches['resend'], string, string]>([
    ['lastWins', MISMATCH, 'verified'],
    ['bothValid', 'verified', 'verified'],
    ['firstWins', 'verified', MISMATCH],
  ])('%s: the first code is %s, the second is %s', async (resend, first, second) => {
    running.sandbox.setSwitches({ resend });
    expect(await fateOfTwoCodes()).toEqual([first, second]);
  });

  it('bothValid: one success ends both', async () => {
    running.sandbox.setSwitches({ resend: 'bothValid' });
    const user = await running.sandbox.createUser();
    const codes = [await running.sendAndRead(user), await running.sendAndRead(user)] as const;
    await running.verify(user, codes[0]);
    expect((await refusal(running.verify(user, codes[1]))).name).toBe(EXPIRED);
  });

  it('bothValid: each code has its own 24 hours', async () => {
    running.sandbox.setSwitches({ resend: 'bothValid' });
    const user = await running.sandbox.createUser();
    const first = await running.sendAndRead(user);
    running.sandbox.advanceClock(12 * HOUR);
    const second = await running.sendAndRead(user);
    running.sandbox.advanceClock(12 * HOUR);
    expect((await refusal(running.verify(user, first))).name).toBe(EXPIRED);
    await running.verify(user, second);
  });

  it('firstWins: an expired code makes room for a new one', async () => {
    running.sandbox.setSwitches({ resend: 'firstWins' });
    const user = await running.sandbox.createUser();
    await running.send(user);
    running.sandbox.advanceClock(24 * HOUR);
    await running.verify(user, await running.sendAndRead(user));
  });
});

describe('window', () => {
  it('sliding: a new clock hour changes nothing', async () => {
    const user = await spendBeforeTheHour();
    expect((await refusal(running.send(user))).name).toBe(LIMITED);
  });

  it('fixedHour: a new clock hour gives all sends back', async () => {
    running.sandbox.setSwitches({ window: 'fixedHour' });
    const user = await spendBeforeTheHour();
    for (let count = 1; count <= 5; count += 1) await running.send(user);
    expect((await refusal(running.send(user))).name).toBe(LIMITED);
  });
});

describe('limitScope', () => {
  it('user: both attributes share one limit', async () => {
    const user = await running.sandbox.createUser({ attributes: BOTH });
    for (let count = 1; count <= 5; count += 1) await running.send(user, 'email');
    expect((await refusal(running.send(user, 'phone_number'))).name).toBe(LIMITED);
  });

  it('attribute: each has its own', async () => {
    running.sandbox.setSwitches({ limitScope: 'attribute' });
    const user = await running.sandbox.createUser({ attributes: BOTH });
    for (let count = 1; count <= 5; count += 1) await running.send(user, 'email');
    await running.send(user, 'phone_number');
    expect((await refusal(running.send(user, 'email'))).name).toBe(LIMITED);
  });
});

describe('limitCounts', () => {
  it('accepted: a refused send does not count', async () => {
    const user = await running.sandbox.createUser({ attributes: { email: 'zoe@bakery.example' } });
    for (let count = 1; count <= 5; count += 1) await refusal(running.send(user, 'phone_number'));
    for (let count = 1; count <= 5; count += 1) await running.send(user);
    for (let count = 1; count <= 5; count += 1) await refusal(running.send(user));
    running.sandbox.advanceClock(HOUR);
    await running.send(user);
  });

  it.each<[Switches['limitCounts'], string]>([
    ['accepted', MISMATCH],
    ['all', LIMITED],
  ])(
    '%s: after fifteen attempts on an attribute that cannot be verified, a wrong code gets %s',
    async (counts, name) => {
      running.sandbox.setSwitches({ limitCounts: counts });
      const user = await running.sandbox.createUser();
      const wrong = otherThan(await running.sendAndRead(user));
      for (let count = 1; count <= 15; count += 1) await refusal(running.verify(user, wrong, 'given_name'));
      expect((await refusal(running.verify(user, wrong))).name).toBe(name);
    },
  );

  it('all: a refused send counts, and so does a refusal by the limit', async () => {
    running.sandbox.setSwitches({ limitCounts: 'all' });
    const user = await running.sandbox.createUser({ attributes: { email: 'zoe@bakery.example' } });
    for (let count = 1; count <= 5; count += 1) await refusal(running.send(user, 'phone_number'));
    expect((await refusal(running.send(user))).name).toBe(LIMITED);
    running.sandbox.advanceClock(30 * MINUTE);
    for (let count = 1; count <= 5; count += 1) expect((await refusal(running.send(user))).name).toBe(LIMITED);
    running.sandbox.advanceClock(30 * MINUTE);
    expect((await refusal(running.send(user))).name).toBe(LIMITED);
    running.sandbox.advanceClock(HOUR);
    await running.send(user);
  });
});

describe('neverRequested', () => {
  it.each(['ExpiredCodeException', 'CodeMismatchException'] as const)('%s', async (neverRequested) => {
    running.sandbox.setSwitches({ neverRequested });
    const user = await running.sandbox.createUser();
    expect((await refusal(running.verify(user, '123456'))).name).toBe(neverRequested);
    const code = await running.sendAndRead(user);
    expect((await refusal(running.verify(user, otherThan(code)))).name).toBe(MISMATCH);
    await running.verify(user, code);
    expect((await refusal(running.verify(user, code))).name).toBe(EXPIRED);
  });
});

describe('checkOrder', () => {
  it.each<[Switches['checkOrder'], string]>([
    ['limitFirst', LIMITED],
    ['attributeFirst', 'InvalidParameterException'],
  ])('%s: past the limit, a wrong attribute gets %s', async (checkOrder, name) => {
    running.sandbox.setSwitches({ checkOrder, attemptsPerHour: 0 });
    const user = await running.sandbox.createUser({ attributes: { email: 'zoe@bakery.example' } });
    for (let count = 1; count <= 5; count += 1) await running.send(user);
    expect((await refusal(running.send(user, 'given_name'))).name).toBe(name);
    expect((await refusal(running.send(user, 'phone_number'))).name).toBe(name);
    expect((await refusal(running.verify(user, '123456', 'given_name'))).name).toBe(name);
  });
});

describe('a switch', () => {
  it('is refused with its name, what was found and what is allowed', async () => {
    const wrong: object = { window: 'day' };
    expect(setting({ resend: 'newest' })).toThrow(
      /^switches\.resend: .*Expected \("lastWins" \| "bothValid" \| "firstWins"\) but received "newest"$/,
    );
    expect(setting({ resnd: 'lastWins' })).toThrow(
      /^switches\.resnd: .*Expected one of resend, window, .* but received "resnd"$/,
    );
    expect(setting({ sendsPerHour: -1 })).toThrow(/^switches\.sendsPerHour: .*Expected >=0 but received -1$/);
    await expect(startSandbox({ switches: wrong })).rejects.toThrow(
      /^switches\.window: .*Expected \("sliding" \| "fixedHour"\) but received "day"$/,
    );
  });

  it('can be given at the start', async () => {
    const sandbox = await startSandbox({ switches: { window: 'fixedHour' } });
    expect(sandbox.switches()).toMatchObject({ window: 'fixedHour', resend: 'lastWins' });
    await sandbox.close();
  });
});
