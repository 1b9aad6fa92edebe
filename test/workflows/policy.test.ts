/** The order of events at the same instant, and what proves a verification. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CallState,
  type EventFacts,
  hasBecomeVerified,
  nextEvent,
  type VerificationEvent,
} from '../../workflows/policy.js';

const procedure = fc.constantFrom<CallState>('none', 'underWay', 'settled');
const happenings: fc.Arbitrary<EventFacts> = fc.record({
  confirmed: fc.boolean(),
  confirmation: fc.constantFrom('trust', 'recheck'),
  lookup: procedure,
  attempt: procedure,
  send: procedure,
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
    confirmed: false,
    confirmation: 'trust',
    lookup: 'none',
    attempt: 'none',
    send: 'none',
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
    ['attributeRead', { lookup: 'settled' }],
    ['attemptSettled', { attempt: 'settled' }],
    ['codeSubmitted', { codesSubmitted: 1 }],
    ['sendSettled', { send: 'settled' }],
    ['deadline', { deadlinePassed: true }],
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

  test('a trusted confirmation goes before everything', () => {
    fc.assert(
      fc.property(happenings, (now) => nextEvent({ ...now, confirmed: true, confirmation: 'trust' }) === 'confirmed'),
    );
  });

  test('a checked confirmation waits for a look that is under way, and takes its result first', () => {
    const confirmed = { ...nothing, confirmed: true, confirmation: 'recheck' } as const;
    expect(nextEvent({ ...confirmed, lookup: 'underWay' })).toBeUndefined();
    expect(nextEvent({ ...confirmed, lookup: 'settled' })).toBe('attributeRead');
    expect(nextEvent({ ...confirmed, lookup: 'none' })).toBe('confirmed');
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
      'codeAlreadySent',
      'tokenOffered',
      'resendRequested',
      'sendDue',
    ]);
    fc.assert(fc.property(happenings, (now) => !(now.deadlinePassed && late.has(nextEvent(now)))));
    const allows = (now: EventFacts) =>
      now.attempt === 'none' && now.lookup === 'none' && (now.codesSubmitted === 0 || now.lateCodeTaken);
    fc.assert(fc.property(happenings, (now) => nextEvent(now) !== 'deadline' || (now.deadlinePassed && allows(now))));
  });

  test('it waits only for something that is under way: no event is forgotten', () => {
    fc.assert(
      fc.property(happenings, (now) => {
        if (nextEvent(now) !== undefined) return;
        const underWay = [now.lookup, now.attempt, now.send].includes('underWay');
        const happened = now.confirmed || now.codesSubmitted > 0 || now.deadlinePassed || now.sendDue;
        expect(!happened || underWay).toBe(true);
        expect(now.tokenOffered || now.resendsRequested > 0).toBe(
          now.deadlinePassed && (now.tokenOffered || now.resendsRequested > 0),
        );
      }),
    );
  });
});

describe('hasBecomeVerified', () => {
  const snapshot = (verified: boolean, valueDigest: string) => ({ verified, valueDigest });

  test.each([
    ['was not verified', snapshot(false, 'a'), snapshot(true, 'a'), true],
    ['was not verified and has another value now', snapshot(false, 'a'), snapshot(true, 'b'), true],
    ['was verified before', snapshot(true, 'a'), snapshot(true, 'a'), false],
    ['was verified before, with another value', snapshot(true, 'a'), snapshot(true, 'b'), true],
    ['was never looked at before', undefined, snapshot(true, 'a'), false],
  ])('an attribute that shows as verified and %s', (_name, before, now, proven) => {
    expect(hasBecomeVerified(before, now)).toBe(proven);
  });

  test('an attribute that does not show as verified has not become verified', () => {
    expect(hasBecomeVerified(snapshot(false, 'a'), snapshot(false, 'b'))).toBe(false);
    expect(hasBecomeVerified(undefined, snapshot(false, 'b'))).toBe(false);
  });
});
