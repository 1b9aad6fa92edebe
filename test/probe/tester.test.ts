/** People who read the mails and type the codes: with typing errors, and with mails that nobody can tell apart. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CodeQuestion, Tester } from '../../probe/setting.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { DEFAULT_SWITCHES } from '../../sandbox/switches.js';
import { ADDRESSES, optionsFor, probed, QUICK, RECOMMENDED, row, verdictsOf } from './rig.js';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ clock: () => Date.UTC(2026, 0, 5, 12, 30, 0) });
});

afterEach(() => sandbox.setSwitches(DEFAULT_SWITCHES));

afterAll(async () => await sandbox.close());

describe('a tester', () => {
  it('who types each code wrong at first spoils nothing', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    const { tester } = optionsFor(sandbox, pool);
    let asked = 0;
    const clumsy = {
      ...tester,
      code: async (question: CodeQuestion) => {
        asked += 1;
        return question.again ? await tester.code(question) : '000001';
      },
    };
    sandbox.setSwitches({ resend: 'bothValid' });
    const document = await probed(sandbox, pool, { ...QUICK, tester: clumsy });
    expect(document.switches).toMatchObject({
      resend: 'bothValid',
      sendWhilePending: 'currentValue',
      aliasCheck: 'whenVerified',
    });
    expect(verdictsOf(document, 'differs')).toEqual(['resend']);
    // docs/probe.md: at most 13. The code of the alias would be the last, if it did not stay good.
    expect(asked).toBe(12);
  });

  it.each([
    ['firstWins', 'currentValue'],
    ['lastWins', 'pendingValue'],
    ['bothValid', 'pendingValue'],
  ] as const)('who sees only mails without names, of those at once the older one: %s, %s', async (resend, pending) => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.setSwitches({ resend, sendWhilePending: pending });
    sandbox.clearInbox();
    const document = await probed(sandbox, pool, { ...QUICK, tester: mailReader() });
    expect(document.switches).toMatchObject({ resend, sendWhilePending: pending });
    expect(row(document, 'codeWhilePending')?.verdict).toBe(resend === 'firstWins' ? 'notAsked' : 'asAssumed');
  });

  it.each(['currentValue', 'pendingValue'] as const)(
    'is not told that a later code differs where the first one stays good: %s',
    async (sendWhilePending) => {
      sandbox.setSwitches({ resend: 'firstWins', sendWhilePending });
      const document = await probed(sandbox, await sandbox.createUserPool(RECOMMENDED), QUICK);
      expect(document.switches).toMatchObject({ resend: 'firstWins', sendWhilePending });
      expect(row(document, 'codeWhilePending')).toMatchObject({
        verdict: 'notAsked',
        evidence: expect.stringContaining('resend is firstWins'),
      });
    },
  );

  it('who gets the same code again says so', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.setSwitches({ code: '424242' });
    const document = await probed(sandbox, pool, QUICK);
    expect(row(document, 'resend')).toMatchObject({ seen: 'the same code again', verdict: 'differs' });
    expect(document.switches).not.toHaveProperty('resend');
  });

  it('who declines text messages gets none', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    const { tester } = optionsFor(sandbox, pool);
    sandbox.clearInbox();
    sandbox.setSwitches({ limitScope: 'attribute' });
    const declining = { ...tester, mayText: async () => false };
    const document = await probed(sandbox, pool, { patienceMs: 0, tester: declining });
    expect(row(document, 'phoneMask')).toMatchObject({
      verdict: 'notAsked',
      evidence: 'the text message was declined',
    });
    expect(row(document, 'limitScope')?.seen).toBe('attribute');
    expect(sandbox.inbox().filter(({ medium }) => medium === 'SMS')).toEqual([]);
  });
});

/** Knows a mail by its inbox and its place in it. Of mails that have come since he last looked, he takes the older one. */
function mailReader(): Tester {
  const read = { email: 0, otherEmail: 0 };
  const mails = (inbox: 'email' | 'otherEmail') =>
    sandbox.inbox().filter(({ destination }) => destination === ADDRESSES[inbox]);
  const lookAt = (inbox: 'email' | 'otherEmail') => (read[inbox] = mails(inbox).length);
  return {
    code: async ({ inbox, isBeforeNewest, again }) => {
      if (inbox === 'phone') throw new Error('No text message was asked for');
      const all = mails(inbox);
      const found = all.at(
        again || isBeforeNewest || read[inbox] === all.length ? (isBeforeNewest ? -2 : -1) : read[inbox],
      );
      lookAt(inbox);
      return found?.code ?? '';
    },
    arrived: async ({ inbox, count }) => {
      const isThere = inbox !== 'phone' && mails(inbox).length - read[inbox] >= count;
      if (!isThere) throw new Error('They have not come');
      lookAt('email');
      lookAt('otherEmail');
    },
    whereIs: async () => (mails('email').length > read.email ? 'email' : 'otherEmail'),
    mayText: async () => false,
  };
}
