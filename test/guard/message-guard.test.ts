/** The whole guard of one process, without a shared store. */
import { Secret } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { NoSharedStoreError } from '../../guard/brakes.js';
import { createMessageGuard } from '../../guard/create-message-guard.js';
import type { GuardEvent } from '../../guard/guard-event.js';
import type { GuardSettings } from '../../guard/guard-settings.js';
import { MemoryStore } from '../../guard/memory-store.js';
import type { Message } from '../../guard/message-guard.js';
import { DAY_MS, HOUR_MS, keys } from '../../guard/records.js';

const T0 = 1_000 * DAY_MS;
const message = (attributeName: 'email' | 'phone_number', destination: string | undefined): Message => ({
  userPoolId: 'us-east-1_AbC123xyz',
  attributeName,
  destination: destination === undefined ? undefined : new Secret(destination),
});
const sms = (number: string | undefined) => message('phone_number', number);

function guardAt(settings: GuardSettings) {
  const clock = { nowMs: T0 };
  const events: GuardEvent[] = [];
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
  const guard = createMessageGuard(settings, {
    log,
    now: () => clock.nowMs,
    random: () => 0,
    observe: (event) => {
      events.push(event);
      throw new Error('metrics are broken');
    },
  });
  const verdicts = async (count: number, to: (index: number) => Message) => {
    const found: string[] = [];
    for (let index = 0; index < count; index++) {
      const admission = await guard.admit(to(index));
      found.push('reason' in admission ? admission.reason : admission.verdict);
    }
    return found;
  };
  return { guard, clock, events, lines, verdicts };
}

describe('a destination', () => {
  it('is one in every writing, over users and pools', async () => {
    const { guard, verdicts } = guardAt({});
    const writings = ['+4915123456789', '+49 1512 3456789', '+49 (0)151 234-56789'];
    await verdicts(10, (index) => ({ ...sms(writings[index % 3]), userPoolId: `eu-west-1_Pool${index}` }));
    expect(await guard.admit(sms('+4915123456789'))).toEqual({
      verdict: 'held',
      reason: 'DestinationCeiling',
      retryAtMs: T0 + HOUR_MS,
    });
    await verdicts(10, (index) => message('email', index % 2 === 0 ? 'Zoe@example.com' : ' zoe@EXAMPLE.com '));
    expect(await guard.admit(message('email', 'zoe@example.com'))).toMatchObject({ reason: 'DestinationCeiling' });
  });

  it('gets its place back for a message that did not leave, once', async () => {
    const { guard, verdicts } = guardAt({ destinationPerHour: 2 });
    const first = await guard.admit(sms('+4915123456789'));
    await guard.admit(sms('+4915123456789'));
    if (first.verdict !== 'admitted') throw new Error('it is held');
    await first.takeBack();
    await first.takeBack();
    expect(await verdicts(2, () => sms('+4915123456789'))).toEqual(['admitted', 'DestinationCeiling']);
  });
});

describe('refused', () => {
  it.each<[GuardSettings, string, string]>([
    [{ smsCountries: ['DE', 'FR'] }, '+12025550123', 'CountryNotAllowed'],
    [{ smsCountries: ['US'] }, '+1 268 464 1234', 'CountryNotAllowed'],
    [{ smsCountries: ['US'] }, '+12025550123', 'admitted'],
    [{ smsCountries: ['DE'] }, '+8821234567890', 'CountryNotAllowed'],
    [{ smsCountries: ['DE', '+882'] }, '+8821234567890', 'admitted'],
    [{ smsCountries: ['DE'] }, 'nonsense', 'CountryNotAllowed'],
    [{}, '+8821234567890', 'admitted'],
    [{ smsRefusedKinds: ['premium'] }, '+449098790000', 'NumberKindNotAllowed'],
    [{ smsRefusedKinds: ['voip'] }, '+449098790000', 'admitted'],
    [{ smsRefusedKinds: ['fixed-line'] }, '+12025550123', 'admitted'],
  ])('%j: %s %s', async (settings, number, expected) => {
    expect(await guardAt(settings).verdicts(1, () => sms(number))).toEqual([expected]);
  });

  it('no e-mail is, and an address is not read as a number', async () => {
    const { verdicts } = guardAt({ smsCountries: ['DE'], smsUnread: 'hold' });
    expect(await verdicts(1, () => message('email', '+12025550123@example.com'))).toEqual(['admitted']);
    expect(await verdicts(1, () => message('email', undefined))).toEqual(['admitted']);
  });
});

describe('a number that nobody could read', () => {
  it('is allowed unless it is to wait', async () => {
    expect(await guardAt({}).verdicts(1, () => sms(undefined))).toEqual(['admitted']);
    const { guard } = guardAt({ smsUnread: 'hold' });
    expect(await guard.admit(sms(undefined))).toEqual({
      verdict: 'held',
      reason: 'UnreadDestination',
      retryAtMs: T0 + 15 * 60_000,
    });
  });

  it('counts for the budget', async () => {
    expect(await guardAt({ smsPerHour: 1 }).verdicts(2, () => sms(undefined))).toEqual(['admitted', 'MessageBudget']);
  });
});

it('a code that was right gives its prefix back what its message took', async () => {
  const { guard, verdicts } = guardAt({ smsBrake: 'on', smsBrakePrefixPerHour: 3 });
  const number = (index: number) => sms(`+491512345678${index}`);
  expect(await verdicts(4, number)).toEqual(['admitted', 'admitted', 'admitted', 'UnprovenMessages']);
  await guard.proven(number(0));
  expect(await verdicts(1, () => number(5))).toEqual(['admitted']);
});

it('tells metrics what happened, without a destination, and does not mind if they break', async () => {
  const { guard, events } = guardAt({ smsBrake: 'watch', smsBrakePrefixPerHour: 2, smsCountries: ['DE'] });
  const admitted = await guard.admit(sms('+4915123456781'));
  await guard.admit(sms('+4915123456782'));
  await guard.admit(sms('+4915123456783'));
  await guard.admit(sms('+12025550123'));
  await guard.proven(sms('+4915123456781'));
  await guard.proven(message('email', 'zoe@example.com'));
  if (admitted.verdict === 'admitted') await admitted.takeBack();
  const attributeName = 'phone_number';
  expect(events).toEqual([
    { type: 'decided', attributeName, verdict: 'admitted', reason: undefined, country: 'DE', isWatched: false },
    { type: 'decided', attributeName, verdict: 'admitted', reason: undefined, country: 'DE', isWatched: false },
    { type: 'decided', attributeName, verdict: 'admitted', reason: undefined, country: 'DE', isWatched: true },
    {
      type: 'decided',
      attributeName,
      verdict: 'refused',
      reason: 'CountryNotAllowed',
      country: 'US',
      isWatched: false,
    },
    { type: 'proven', attributeName, country: 'DE' },
    { type: 'proven', attributeName: 'email' },
    { type: 'takenBack', attributeName, country: 'DE' },
  ]);
});

it('says that nobody else can see or lift brakes without a store', async () => {
  const { guard } = guardAt({ smsBrake: 'on' });
  expect(guard.isShared).toBe(false);
  await expect(guard.places()).rejects.toThrow(NoSharedStoreError);
  await expect(guard.budgets()).rejects.toThrow(NoSharedStoreError);
  await expect(guard.lift('DE', HOUR_MS)).rejects.toThrow(/VERIFICATION_GUARD_STORE/);
});

it('forgets what is old and does not grow without end', async () => {
  let nowMs = T0;
  const store = new MemoryStore(() => nowMs, 1_000);
  for (let index = 0; index < 5_000; index++) {
    const key = keys.sent(String(index));
    await store.transact([key], () => ({
      answer: undefined,
      changes: new Map([[key, { times: [nowMs], unproven: 1 }]]),
    }));
  }
  const debt = keys.debt('DE');
  await store.transact([debt], () => ({
    answer: undefined,
    changes: new Map([[debt, { hour: 9, day: 9, held: 0, at: nowMs }]]),
  }));
  expect(store.size).toBe(1_001);
  const seen = async (key: string) =>
    await store.transact([key], (records) => ({ answer: records.get(key), changes: new Map() }));
  expect(await seen(keys.sent('4999'))).toBeDefined();
  nowMs += DAY_MS;
  expect(await seen(keys.sent('4999'))).toBeUndefined();
  expect(await seen(debt)).toBeDefined();
});
