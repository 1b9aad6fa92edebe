/** Which messages a verification takes, by their stamps. */
import { randomUUID } from 'node:crypto';
import { type MessageKind, type Stamp, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { Stamps } from '../../workflows/stamps.js';

const START = Date.parse('2026-01-05T12:00:00.000Z');
const MINUTE = 60_000;
const RUN = randomUUID();
const at = (ms: number) => new Date(ms).toISOString();
const run = { runId: RUN, firstExecutionRunId: RUN, startTime: new Date(START) };
const request = (sentAtMs: number) => ({ stamp: { kind: WORKFLOW_TYPE, at: at(sentAtMs) } });

/** Undefined for what is taken. */
function refusalOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a request', () => {
  it.each([
    ['at the start', 0, undefined],
    ['14 minutes before', -14 * MINUTE, undefined],
    ['14 minutes after, by a clock that is ahead', 14 * MINUTE, undefined],
    ['16 minutes before', -16 * MINUTE, /^stamp\.at is 16 minutes before the time at which the server started/],
    ['16 minutes after', 16 * MINUTE, /^stamp\.at is 16 minutes after the time/],
  ])('sent %s', (_when, skewMs, refused) => {
    const refusal = refusalOf(() => new Stamps(request(START + skewMs), run));
    if (refused) expect(refusal).toMatch(refused);
    else expect(refusal).toBeUndefined();
  });

  it.each<[what: string, sent: unknown, refused: RegExp]>([
    ['has no stamp', { attributeName: 'email' }, /^stamp is missing/],
    [
      'has the stamp of another message',
      { stamp: { kind: 'awaitDelivery', at: at(START) } },
      /^stamp\.kind is awaitDel/,
    ],
    ['cannot be opened', new Error('a payload that came in plain text'), /found a payload that came in plain text$/],
  ])('is refused if it %s', (_what, sent, refused) => {
    expect(refusalOf(() => new Stamps(sent, run))).toMatch(refused);
  });

  it('names the clock that is wrong by more than two minutes', () => {
    const clock = (skewMs: number) => new Stamps(request(START + skewMs), run).wrongClock;
    expect([clock(MINUTE), clock(-MINUTE)]).toEqual([undefined, undefined]);
    expect(clock(3 * MINUTE)).toMatch(/its request is dated 3 minutes after the time of the server/);
    expect(clock(-3 * MINUTE)).toMatch(/its request is dated 3 minutes before the time of the server/);
  });
});

it.each([
  [-10_001, true],
  [-10_000, false],
  [0, false],
  [10_000, false],
  [10_001, true],
])('a request that was sent %i ms from the start may be a copy: %s', (apartMs, mayBeCopy) => {
  expect(new Stamps(request(START + apartMs), run).mayBeCopy).toBe(mayBeCopy);
});

describe('a message that names no run', () => {
  /** Minutes from the start, by the server's clock. */
  it.each<[clock: string, skew: number, tooOld: number[], counts: number[]]>([
    ['right', 0, [-3], [-1, 0, 60]],
    ['three minutes ahead', 3, [-3], [-1, 0, 60]],
    ['three minutes behind', -3, [-6], [-4, -3, 0, 60]],
  ])('is compared with the start by the clock of a starter that is %s', (_clock, skew, tooOld, counts) => {
    const stamps = new Stamps(request(START + skew * MINUTE), run);
    const sent = (minutes: number) => ({ stamp: { kind: 'codeConfirmed', at: at(START + minutes * MINUTE) } });
    const refusal = (minutes: number) => refusalOf(() => stamps.check(sent(minutes), 'codeConfirmed'));
    for (const minutes of counts) expect(refusal(minutes), `${minutes}`).toBeUndefined();
    for (const minutes of tooOld)
      expect(refusal(minutes), `${minutes}`).toMatch(/before this verification was started/);
  });
});

describe('a message', () => {
  const stamps = new Stamps(request(START), run);
  const good: Stamp = { kind: 'submitCode', at: at(START), id: 'submitCode/1' };
  const check = (stamp: Partial<Stamp> | undefined, kind: MessageKind = 'submitCode', id?: string) =>
    refusalOf(() => stamps.check({ stamp }, kind, id));

  it('is taken as what it is', () => {
    expect(check(good, 'submitCode', 'submitCode/1')).toBeUndefined();
    expect(check({ ...good, runId: RUN, at: at(0) }, 'submitCode', 'submitCode/1')).toBeUndefined();
    expect(check({ kind: 'getStatus', at: at(START), nonce: randomUUID() }, 'getStatus')).toBeUndefined();
  });

  it.each<
    [what: string, stamp: Partial<Stamp> | undefined, kind: MessageKind, id: string | undefined, refused: RegExp]
  >([
    ['without a stamp', undefined, 'submitCode', 'submitCode/1', /^stamp is missing/],
    [
      'of another kind',
      good,
      'resendCode',
      'submitCode/1',
      /^stamp\.kind is submitCode, and the message came as resend/,
    ],
    ['of another update', good, 'submitCode', 'submitCode/2', /^stamp\.id is of another update/],
    ['without its id', { ...good, id: undefined }, 'submitCode', 'submitCode/1', /^stamp\.id is missing/],
    ['for another run', { ...good, runId: randomUUID() }, 'submitCode', 'submitCode/1', /^stamp\.runId names another/],
    ['a question without a nonce', { ...good, kind: 'getStatus' }, 'getStatus', undefined, /^stamp\.nonce is missing/],
  ])('%s is refused', (_what, stamp, kind, id, refused) => {
    expect(check(stamp, kind, id)).toMatch(refused);
  });

  it('is repeated by its answer, as far as the sender compares it', () => {
    const asked = { key: randomUUID(), digest: randomUUID() };
    expect(stamps.answerTo({ stamp: { ...good, asked } }, 'submitCode')).toEqual({
      kind: 'submitCode',
      id: 'submitCode/1',
      asked,
      runId: RUN,
    });
    expect(stamps.outcome).toEqual({ kind: WORKFLOW_TYPE, runId: RUN });
    const reset = new Stamps(request(START), { ...run, runId: randomUUID() });
    expect(reset.outcome).toEqual({ kind: WORKFLOW_TYPE, runId: RUN, reset: true });
    // A recorded message of any shape must not stop a replay.
    for (const input of [undefined, null, 7, {}, new Error('x')])
      expect(stamps.answerTo(input, 'submitCode')).toEqual({ kind: 'submitCode', runId: RUN });
  });
});
