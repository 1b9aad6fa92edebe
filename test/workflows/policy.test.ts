/** The order of events at the same instant. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallState, type EventFacts, nextEvent, type VerificationEvent } from '../../workflows/policy.js';

const procedure = fc.constantFrom<CallState>('none', 'underWay', 'settled');
const happenings: fc.Arbitrary<EventFacts> = fc.record({
  requestsCounting: fc.nat(2),
  earlierCount: procedure,
  startedAgain: fc.boolean(),
  superseded: fc.constant(false),
  confirmed: fc.boolean(),
  lookup: procedure,
  lookDue: fc.boolean(),
  lookDecides: fc.boolean(),
  codeAccepted: fc.boolean(),
  attempt: procedure,
  attemptUncounted: fc.boolean(),
  send: procedure,
  sendFoundVerified: fc.boolean(),
  codesSubmitted: fc.nat(2),
  resendsRequested: fc.nat(2),
  deadlinePassed: fc.boolean(),
  lateCodeTaken: fc.boolean(),
  codeAlreadySent: fc.boolean(),
  tokenOffered: fc.boolean(),
  sendDue: fc.boolean(),
});

describe('nextEvent', () => {
  const nothing: EventFacts = {
    requestsCounting: 0,
    earlierCount: 'none',
    startedAgain: false,
    superseded: false,
    confirmed: false,
    lookup: 'none',
    lookDue: false,
    lookDecides: false,
    codeAccepted: false,
    attempt: 'none',
    attemptUncounted: false,
    send: 'none',
    sendFoundVerified: false,
    codesSubmitted: 0,
    resendsRequested: 0,
    deadlinePassed: false,
    lateCodeTaken: false,
    codeAlreadySent: false,
    tokenOffered: false,
    sendDue: false,
  };
  /** The facts that cause each event by themselves, in order of precedence. */
  const CAUSES: [VerificationEvent, Partial<EventFacts>][] = [
    ['confirmed', { confirmed: true }],
    ['earlierCounted', { earlierCount: 'settled' }],
    ['attributeRead', { lookup: 'settled' }],
    ['attemptSettled', { attempt: 'settled' }],
    ['codeSubmitted', { codesSubmitted: 1 }],
    ['sendSettled', { send: 'settled' }],
    ['deadline', { deadlinePassed: true }],
    ['requestCounts', { requestsCounting: 1 }],
    ['startedAgain', { startedAgain: true }],
    ['lookDue', { lookDue: true }],
    ['codeAlreadySent', { codeAlreadySent: true }],
    ['tokenOffered', { tokenOffered: true }],
    ['resendRequested', { resendsRequested: 1 }],
    ['sendDue', { sendDue: true }],
  ];

  test('nothing is next if nothing happened', () => {
    expect(nextEvent(nothing)).toBeUndefined();
  });

  test.each(CAUSES)('%s is next when it alone happened', (event, cause) => {
    expect(nextEvent({ ...nothing, ...cause })).toBe(event);
  });

  const pairs = CAUSES.flatMap(([first, cause], index) =>
    CAUSES.slice(index + 1).map(([second, other]) => [first, second, { ...cause, ...other }] as const),
  );
  test.each(pairs)('%s goes before %s at the same instant', (first, second, both) => {
    // A confirmation or the deadline may wait for a look that is done.
    expect(nextEvent({ ...nothing, ...both })).toBe(first);
    expect(second).not.toBe(first);
  });

  test('a confirmation goes before everything', () => {
    fc.assert(fc.property(happenings, (now) => nextEvent({ ...now, confirmed: true }) === 'confirmed'));
  });

  test('what the look before the first send has found waits for a code that is being checked', () => {
    const found = { ...nothing, send: 'settled', sendFoundVerified: true } as const;
    expect(nextEvent(found)).toBe('sendSettled');
    expect(nextEvent({ ...found, attempt: 'underWay' })).toBeUndefined();
    expect(nextEvent({ ...found, attempt: 'settled' })).toBe('attemptSettled');
    expect(nextEvent({ ...found, codesSubmitted: 1 })).toBe('codeSubmitted');
    fc.assert(
      fc.property(happenings, (now) => {
        if (nextEvent({ ...now, sendFoundVerified: true }) !== 'sendSettled') return;
        expect(now).toMatchObject({ attempt: 'none', lookup: 'none' });
      }),
    );
  });

  test('a look, a request that counts, and news of another target wait for the calls that compare with the old one', () => {
    fc.assert(
      fc.property(happenings, (now) => {
        const event = nextEvent(now);
        if (event !== 'lookDue' && event !== 'codeAlreadySent' && event !== 'requestCounts') return;
        expect(now).toMatchObject({ attempt: 'none', lookup: 'none', deadlinePassed: false });
      }),
    );
  });

  test('a code and a re-send wait for a look that decides about them, and for no other', () => {
    const looking = { ...nothing, lookup: 'underWay' } as const;
    for (const [event, cause] of [
      ['codeSubmitted', { codesSubmitted: 1 }],
      ['resendRequested', { resendsRequested: 1 }],
    ] as const) {
      expect(nextEvent({ ...looking, ...cause })).toBe(event);
      expect(nextEvent({ ...looking, ...cause, lookDecides: true })).toBeUndefined();
    }
  });

  test('a code, a re-send and a send wait until the calls of earlier verifications are counted', () => {
    const waiting = new Set<VerificationEvent | undefined>(['codeSubmitted', 'resendRequested', 'sendDue']);
    fc.assert(fc.property(happenings, (now) => !waiting.has(nextEvent({ ...now, earlierCount: 'underWay' }))));
  });

  test('a verification makes way for the next only when no call for a code is under way, and none waits', () => {
    fc.assert(
      fc.property(happenings, (now) => {
        if (nextEvent(now) !== 'startedAgain') return;
        expect(now).toMatchObject({ attempt: 'none', lookup: 'none', deadlinePassed: false });
      }),
    );
  });

  test('one that another value supersedes makes way once the send that is under way has settled, past the deadline too', () => {
    const superseded = { ...nothing, superseded: true } as const;
    expect(nextEvent(superseded)).toBe('startedAgain');
    expect(nextEvent({ ...superseded, deadlinePassed: true })).toBe('startedAgain');
    expect(nextEvent({ ...superseded, send: 'underWay' })).toBeUndefined();
    expect(nextEvent({ ...superseded, send: 'underWay', deadlinePassed: true })).toBeUndefined();
    expect(nextEvent({ ...superseded, send: 'settled' })).toBe('sendSettled');
    expect(nextEvent({ ...superseded, send: 'underWay', codesSubmitted: 1 })).toBe('codeSubmitted');
    const begins = new Set<VerificationEvent | undefined>(['deadline', 'lookDue', 'resendRequested', 'sendDue']);
    fc.assert(
      fc.property(happenings, (now) => {
        const event = nextEvent({ ...now, superseded: true });
        expect(begins.has(event)).toBe(false);
        if (event === 'startedAgain') expect(now).toMatchObject({ attempt: 'none', lookup: 'none', send: 'none' });
        const underWay = [now.lookup, now.attempt, now.send].includes('underWay');
        expect(event !== undefined || underWay).toBe(true);
      }),
    );
  });

  test('a re-send waits for an attempt that is counted with its answer, which may be the last', () => {
    fc.assert(fc.property(happenings, (now) => nextEvent({ ...now, attemptUncounted: true }) !== 'resendRequested'));
  });

  test('no code is sent once Cognito has accepted one', () => {
    fc.assert(fc.property(happenings, (now) => nextEvent({ ...now, codeAccepted: true }) !== 'sendDue'));
  });

  test('an attempt begins only when no other is under way', () => {
    fc.assert(fc.property(happenings, (now) => nextEvent(now) !== 'codeSubmitted' || now.attempt === 'none'));
  });

  test('a send begins only if no other call to Cognito is under way, and never after the deadline', () => {
    fc.assert(
      fc.property(happenings, (now) => {
        if (nextEvent(now) !== 'sendDue') return;
        expect(now).toMatchObject({ send: 'none', attempt: 'none', lookup: 'none', deadlinePassed: false });
      }),
    );
  });

  test('a code never waits for a send, and neither does a confirmation or the deadline', () => {
    fc.assert(
      fc.property(happenings, procedure, (now, send) => {
        const events = new Set<VerificationEvent | undefined>([
          'confirmed',
          'attributeRead',
          'attemptSettled',
          'codeSubmitted',
        ]);
        const event = nextEvent(now);
        if (events.has(event)) expect(nextEvent({ ...now, send })).toBe(event);
        if (event === 'deadline') expect(nextEvent({ ...now, send: 'underWay' })).toBe('deadline');
      }),
    );
  });

  test('past the deadline only what was under way or submitted in time is still handled, and then it ends', () => {
    const late = new Set<VerificationEvent | undefined>([
      'requestCounts',
      'startedAgain',
      'lookDue',
      'codeAlreadySent',
      'tokenOffered',
      'resendRequested',
      'sendDue',
    ]);
    fc.assert(fc.property(happenings, (now) => !(now.deadlinePassed && late.has(nextEvent(now)))));
    const allows = (now: EventFacts) =>
      now.attempt === 'none' &&
      now.lookup === 'none' &&
      // A count that is still under way is not awaited: without a worker it never ends.
      (now.codesSubmitted === 0 || now.lateCodeTaken || now.earlierCount === 'underWay');
    fc.assert(fc.property(happenings, (now) => nextEvent(now) !== 'deadline' || (now.deadlinePassed && allows(now))));
  });

  test('it waits only for something that is under way: no event is forgotten', () => {
    fc.assert(
      fc.property(happenings, (now) => {
        if (nextEvent(now) !== undefined) return;
        const underWay = [now.earlierCount, now.lookup, now.attempt, now.send].includes('underWay');
        const { confirmed, codesSubmitted, deadlinePassed, lookDue, codeAlreadySent, resendsRequested } = now;
        const counts = now.requestsCounting > 0;
        const sendDue = now.sendDue && !now.codeAccepted;
        const happened = confirmed || codesSubmitted > 0 || deadlinePassed || lookDue || codeAlreadySent || sendDue;
        expect(!(happened || counts || resendsRequested > 0) || underWay).toBe(true);
        expect(now.tokenOffered && !deadlinePassed).toBe(false);
      }),
    );
  });
});
