/** The judge can find every violation: one good record, and one change for each rule. */
import { resolvePolicy, type SendOutcome, type VerificationStatus } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { check, NONDETERMINISM, RULES } from './check.js';
import { forgottenTasks } from './evidence.js';
import type { ChangeRecord, ClientCall, CognitoCall, Evidence } from './record.js';

const START = Date.parse('2026-01-05T10:00:00Z');
const at = (seconds: number) => START + seconds * 1_000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

const status = (sends: [number, SendOutcome][], mismatches: number[] = []): VerificationStatus => ({
  state: 'verified',
  attributeName: 'email',
  deliveryUncertain: false,
  sendsLeft: 3,
  attemptsLeft: 1,
  expiresAt: iso(300),
  sends: sends.map(([second, outcome]) => ({ at: iso(second), outcome })),
  attempts: mismatches.map((second) => ({ at: iso(second), outcome: 'mismatch' })),
});

const send = (second: number): CognitoCall => ({ atMs: at(second), operation: 'send', by: 'worker', effect: 'ok' });
const attempt = (second: number, effect = 'ok'): CognitoCall => ({
  atMs: at(second),
  operation: 'attempt',
  by: 'worker',
  effect,
});
const call = (operation: ClientCall['operation'], more: Partial<ClientCall> = {}): ClientCall => ({
  atMs: at(0),
  endedAtMs: at(1),
  operation,
  id: operation,
  answer: 'ok',
  ...more,
});

/** Two sends, the second without an answer; a wrong code, then the right one. */
const GOOD: Evidence = {
  workflowId: 'verify/pool/sub/email',
  behaviour: 'typesWrongFirst',
  policy: resolvePolicy({ deadline: '5 minutes', maxSends: 2, maxAttempts: 2, codeLifetime: '1 minute' }, 'email'),
  calls: [
    call('start', { status: status([[1, 'sent']]) }),
    call('submitCode', { id: 'wrong', result: 'mismatch' }),
    call('submitCode', { result: 'verified' }),
    call('submitCode', { result: 'verified' }),
    call('resendCode', { answer: 'TemporalUnavailable' }),
  ],
  runs: 1,
  startedAtMs: at(0),
  endedAtMs: at(50),
  outcome: {
    outcome: 'verified',
    proof: 'accepted',
    status: status(
      [
        [1, 'sent'],
        [25, 'uncertain'],
      ],
      [30],
    ),
  },
  sendActivities: [
    { scheduledAtMs: at(0), endedAtMs: at(1), end: 'answered' },
    { scheduledAtMs: at(10), endedAtMs: at(25), end: 'timedOut' },
  ],
  failedTasks: ['cause 1'],
  lostTasks: 0,
  forgottenTasks: 0,
  builds: ['a', 'b'],
  cognito: [send(0.5), send(26), attempt(30, 'CodeMismatchException'), attempt(40)],
  messagesAtMs: [at(0.6), at(27)],
  strays: 0,
  verifiedInPool: true,
  provesValue: true,
};

const rulesOf = (change: Partial<Evidence>) => new Set(check([{ ...GOOD, ...change }]).map(({ rule }) => rule));
const ended = (outcome: Evidence['outcome']) => ({ outcome });

const unproven = (oldValue: VerificationStatus['oldValue'], holds: ChangeRecord['holds']): Partial<Evidence> => ({
  change: { attributeName: 'email', keeps: false, holds },
  cognito: [send(0.5)],
  ...ended({ outcome: 'expired', status: { ...status([]), oldValue } }),
});

const BAD: Record<string, [rule: keyof typeof RULES, change: Partial<Evidence>]> = {
  'it was never started': ['ends', { runs: 0 }],
  'it was started again': ['ends', { runs: 2 }],
  'it never ends': ['ends', { endedAtMs: undefined, outcome: undefined }],
  'it ended long after its deadline': ['ends', { endedAtMs: at(600) }],
  'two messages for one send': ['oneMessage', { messagesAtMs: [at(1), at(2), at(3)] }],
  'two accepted calls in one activity': ['oneMessage', { cognito: [send(0.4), send(0.5), attempt(40)] }],
  'an accepted call that no activity made': ['oneMessage', { cognito: [send(5), attempt(40)] }],
  'a counted send that no activity made': ['oneMessage', { sendActivities: GOOD.sendActivities.slice(0, 1) }],
  'a message to another address': ['inbox', { strays: 1 }],
  'it ended because of a value that nobody has set': [
    'truth',
    ended({ outcome: 'expired', status: { ...status([]), reason: 'AttributeChanged' } }),
  ],
  'the old value is said to be kept, and the user has the new one': ['oldValue', unproven('kept', 'new')],
  'the old value is said to be replaced, and the user has it': ['oldValue', unproven('replaced', 'old')],
  'a change is told of where nothing was to be changed': [
    'oldValue',
    { ...unproven('kept', 'old'), change: undefined },
  ],
  'more messages than the policy allows': ['sends', { messagesAtMs: [at(1), at(2), at(3)] }],
  'a send without an answer that is not counted': [
    'uncertain',
    ended({
      outcome: 'verified',
      status: status(
        [
          [1, 'sent'],
          [25, 'notSent'],
        ],
        [30],
      ),
    }),
  ],
  'one attempt too many': [
    'attempts',
    { cognito: [...GOOD.cognito.slice(0, 2), attempt(20, 'CodeMismatchException'), ...GOOD.cognito.slice(2)] },
  ],
  'a code that was accepted twice': ['once', { cognito: [...GOOD.cognito.slice(0, 2), attempt(40), attempt(41)] }],
  'verified without a code': ['proven', { cognito: GOOD.cognito.slice(0, 3) }],
  'verified, but not in the pool': ['truth', { verifiedInPool: false }],
  'already verified, but not in the pool': [
    'truth',
    { calls: [], cognito: [], verifiedInPool: false, ...ended({ outcome: 'alreadyVerified', status: status([]) }) },
  ],
  'verified, but another value': ['truth', { provesValue: false }],
  'trusted, but with a proof': [
    'truth',
    ended({ outcome: 'verified', proof: 'trusted', status: GOOD.outcome?.status }),
  ],
  'a code that was accepted after its lifetime': ['proven', { cognito: [...GOOD.cognito.slice(0, 3), attempt(200)] }],
  'a verdict that was not kept': [
    'kept',
    ended({
      outcome: 'expired',
      status: status(
        [
          [1, 'sent'],
          [25, 'uncertain'],
        ],
        [30],
      ),
    }),
  ],
  'a send that was forgotten': [
    'kept',
    ended({
      outcome: 'verified',
      status: status(
        [
          [2, 'sent'],
          [25, 'uncertain'],
        ],
        [30],
      ),
    }),
  ],
  'a wrong code that was forgotten': [
    'kept',
    ended({
      outcome: 'verified',
      status: status([
        [1, 'sent'],
        [25, 'uncertain'],
      ]),
    }),
  ],
  'two answers to one attempt': [
    'kept',
    { calls: [call('submitCode', { result: 'mismatch' }), call('submitCode', { result: 'verified' })] },
  ],
  'an error that does not come from the client': [
    'answers',
    { calls: [call('start', { answer: 'not of the client: TypeError' })] },
  ],
  'a workflow task that failed as nondeterministic': ['replays', { failedTasks: [NONDETERMINISM] }],
  'a history that does not replay': ['replays', { replayError: 'it calls another activity' }],
};

describe('the judge', () => {
  it('finds nothing in a good record', () => {
    expect(check([GOOD])).toEqual([]);
  });

  it('takes what a change of address says of the old value for true where it is', () => {
    expect(rulesOf(unproven('kept', 'old'))).not.toContain('oldValue');
    expect(rulesOf(unproven('replaced', 'new'))).not.toContain('oldValue');
    expect(rulesOf(unproven(undefined, 'new'))).not.toContain('oldValue');
  });

  it('allows what was read before the new value came, and only where it may have come later', () => {
    const kept = unproven('kept', 'new');
    const { outcome } = kept;
    const uncertain = outcome?.status && {
      ...outcome,
      status: { ...status([[1, 'uncertain']]), oldValue: 'kept' as const },
    };
    const ofKeepingPool = { ...kept, change: { attributeName: 'email', keeps: true, holds: 'new' } as const };
    expect(rulesOf({ ...kept, outcome: uncertain })).not.toContain('oldValue');
    expect(rulesOf({ ...ofKeepingPool, cognito: GOOD.cognito })).not.toContain('oldValue');
    expect(rulesOf({ ...ofKeepingPool, outcome: uncertain })).toContain('oldValue');
    expect(rulesOf({ ...kept, cognito: GOOD.cognito })).toContain('oldValue');
    const replaced = unproven('replaced', 'old');
    expect(rulesOf({ ...replaced, cognito: GOOD.cognito })).toContain('oldValue');
  });

  it('allows a second accepted code that was sent after the first: the answer to the first was lost', () => {
    const cognito = [send(0.5), attempt(5), send(26), attempt(30, 'CodeMismatchException'), attempt(40)];
    expect(rulesOf({ cognito })).not.toContain('once');
  });

  it('allows one more attempt with a workflow task that was lost, and no second one', () => {
    const tooMany = (more: number) => ({
      cognito: [
        ...GOOD.cognito.slice(0, 2),
        ...Array.from({ length: more }, () => attempt(20, 'CodeMismatchException')),
        ...GOOD.cognito.slice(2),
      ],
    });
    expect(rulesOf({ ...tooMany(1), lostTasks: 1 })).not.toContain('attempts');
    expect(rulesOf({ ...tooMany(2), lostTasks: 1 })).toContain('attempts');
    expect(rulesOf({ ...tooMany(2), lostTasks: 1, forgottenTasks: 1 })).not.toContain('attempts');
  });

  it.each([
    ['submitCode', 11, 1],
    ['submitCode', 13, 0],
    ['submitCode', 9, 0],
    ['resendCode', 11, 0],
  ] as const)(
    'a kill of the server at 12 s during %s, whose attempt came at %d s, forgets %d tasks',
    (operation, asked, tasks) => {
      const calls = [{ operation, id: 'one', answer: 'ok', atMs: at(10), endedAtMs: at(20) }];
      expect(forgottenTasks(calls, [attempt(asked)], [at(9), at(12), at(21)])).toBe(tasks);
    },
  );

  it.each(Object.entries(BAD))('finds: %s', (_name, [rule, change]) => {
    expect(rulesOf(change)).toContain(rule);
  });

  it('has something to find for every rule', () => {
    expect(new Set(Object.values(BAD).map(([rule]) => rule))).toEqual(new Set(Object.keys(RULES)));
  });
});
