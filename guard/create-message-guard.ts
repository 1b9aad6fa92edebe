import { createHmac, randomBytes } from 'node:crypto';
import { liftBrake, NoSharedStoreError, type PlaceReport, readPlaces } from './brakes.js';
import { type BudgetReport, readBudgets } from './budgets.js';
import { admit, prove, type Question, recordsFor, takeBack } from './decide.js';
import { normaliseAddress, readPhoneNumber } from './destination.js';
import type { GuardEvent } from './guard-event.js';
import type { GuardLog } from './guard-log.js';
import { GUARD_SETTINGS, type GuardSettings, storeTimeoutOf } from './guard-settings.js';
import { MemoryStore } from './memory-store.js';
import type { Admission, HeldReason, Message, MessageGuard, RefusedReason } from './message-guard.js';
import { RedisStore } from './redis-store.js';
import { refusalOf, rulesOf } from './rules.js';
import { SharedStore, StoreAwayError } from './shared-store.js';
import type { GuardStore } from './store.js';

/** Options of `createMessageGuard`. */
export interface MessageGuardOptions {
  readonly log: GuardLog;
  /** The clock of this process, in ms since 1970; a shared store has one of its own. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** From 0 to 1, below 1: spreads those who wait for the same hour. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** For metrics. What it throws is ignored. */
  readonly observe?: ((event: GuardEvent) => void) | undefined;
  /** How often an absent store is looked for, in ms. Default: 5 s. */
  readonly lookMs?: number | undefined;
}

/** A guard with what an operator needs. */
export interface OperableMessageGuard extends MessageGuard {
  /** Whether all workers count together. */
  readonly isShared: boolean;
  /** Whether the brake holds messages, only says what it would hold, or does neither. */
  readonly brake: 'off' | 'watch' | 'on';
  /**
   * The countries and prefixes that owe codes or are lifted, the braked ones first.
   * @throws NoSharedStoreError; the error of the store
   */
  places(): Promise<PlaceReport[]>;
  /**
   * The budgets that are set, and what all workers have spent of them.
   * @throws as `places` does
   */
  budgets(): Promise<BudgetReport[]>;
  /**
   * Lifts the brake of a country or prefix for all workers, at once.
   * @param place such as `DE` or `+49151`, as `places` names it
   * @param forMs for how long, at most `LONGEST_LIFT_MS`; 0 sets it again
   * @returns until when, in ms since 1970
   * @throws NoSharedStoreError; the error of the store
   */
  lift(place: string, forMs: number): Promise<number>;
  /** Closes the connection to the store. */
  close(): Promise<void>;
}

/** The guard is asked again so long after it could not answer, in ms, and up to twice as long. */
const UNAVAILABLE_MS = 10_000;
/** Whether a number can be read then, nobody knows. */
const UNREAD_MS = 15 * 60_000;

/** A message as the rules see it. */
interface Read {
  readonly question: Question;
  readonly country?: string | undefined;
  readonly verdict?: { readonly refused: RefusedReason } | { readonly held: HeldReason };
}

/** Makes the guard. A store that is away at the start is looked for like any other. */
export function createMessageGuard(settings: GuardSettings, options: MessageGuardOptions): OperableMessageGuard {
  const { now = Date.now, random = Math.random } = options;
  const rules = rulesOf(settings);
  const key = settings.guardKey ?? randomBytes(32);
  const tell = (event: GuardEvent) => {
    try {
      options.observe?.(event);
    } catch {
      // No metric is worth a message.
    }
  };
  const { store, shared } = storesOf(settings, options, tell);

  const read = async ({ attributeName, destination }: Message): Promise<Read> => {
    const text = destination?.reveal();
    if (attributeName === 'email') {
      const address = text === undefined ? undefined : pseudonymOf(key, 'email', normaliseAddress(text));
      return { question: { medium: 'email', pseudonym: address } };
    }
    if (text === undefined) {
      const isHeld = settings.smsUnread === 'hold';
      return { question: { medium: 'sms' }, ...(isHeld && { verdict: { held: 'UnreadDestination' } }) };
    }
    const phone = await readPhoneNumber(text);
    const refused = refusalOf(phone, settings);
    const places = [phone.country, phone.prefix].filter((place) => place !== undefined);
    const question: Question = { medium: 'sms', pseudonym: pseudonymOf(key, 'sms', phone.number), places };
    return { question, country: phone.country, ...(refused && { verdict: { refused } }) };
  };

  const held = (reason: HeldReason, waitMs: number): Admission => ({
    verdict: 'held',
    reason,
    retryAtMs: now() + Math.ceil(waitMs),
  });

  const admission = async ({ question, verdict }: Read, takenBack: () => void): Promise<[Admission, boolean]> => {
    if (verdict && 'refused' in verdict) return [{ verdict: 'refused', reason: verdict.refused }, false];
    if (verdict) return [held(verdict.held, UNREAD_MS), false];
    const of = recordsFor(question, rules);
    const { decision, admittedMs, countedBy } = await store.transact(of, (records, nowMs, counting) => {
      const { answer, changes } = admit(question, rules, records, nowMs, random());
      return { answer: { decision: answer, admittedMs: nowMs, countedBy: counting }, changes };
    });
    if (decision.verdict === 'held') return [held(decision.reason, decision.waitMs), false];
    let isCounted = true;
    const undo = async () => {
      if (!isCounted) return;
      isCounted = false;
      takenBack();
      await countedBy
        .transact(of, (records, nowMs) => takeBack(question, rules, records, nowMs, admittedMs))
        .catch(() => undefined);
    };
    return [{ verdict: 'admitted', takeBack: undo }, decision.isWatched];
  };

  return {
    isShared: shared !== undefined,
    brake: rules.brake.mode,
    admit: async (message) => {
      const { attributeName } = message;
      let country: string | undefined;
      let admitted: Admission;
      let isWatched = false;
      try {
        const known = await read(message);
        country = known.country;
        const takenBack = () => tell({ type: 'takenBack', attributeName, country });
        [admitted, isWatched] = await admission(known, takenBack);
      } catch (error) {
        if (!(error instanceof StoreAwayError)) options.log.warn(BROKEN, { error });
        admitted = held('GuardUnavailable', UNAVAILABLE_MS * (1 + random()));
      }
      const { verdict } = admitted;
      const reason = 'reason' in admitted ? admitted.reason : undefined;
      tell({ type: 'decided', attributeName, verdict, reason, country, isWatched });
      return admitted;
    },
    proven: async (message) => {
      const { attributeName } = message;
      try {
        // An address has no place that could be braked.
        if (attributeName === 'email') return tell({ type: 'proven', attributeName });
        const { question, country } = await read(message);
        if (question.pseudonym === undefined) return;
        const of = recordsFor(question, rules);
        const isCounted = await store.transact(of, (records, nowMs) => prove(question, rules, records, nowMs));
        // A code that Cognito has sent by itself proves no message of ours.
        if (isCounted) tell({ type: 'proven', attributeName, country });
      } catch (error) {
        if (!(error instanceof StoreAwayError)) options.log.warn(BROKEN, { error });
      }
    },
    places: async () => {
      if (shared === undefined) throw new NoSharedStoreError();
      return await readPlaces(shared, rules.brake, now());
    },
    budgets: async () => {
      if (shared === undefined) throw new NoSharedStoreError();
      return await readBudgets(shared, rules.budget, now());
    },
    lift: async (place, forMs) => {
      if (shared === undefined) throw new NoSharedStoreError();
      return await liftBrake(shared, place, forMs);
    },
    close: async () => await store.close(),
  };
}

const BROKEN = 'The guard of messages could not decide';

/** The two media apart, for a text may be both. */
function pseudonymOf(key: Uint8Array, medium: string, destination: string): string {
  return createHmac('sha256', key).update(`${medium}\n${destination}`).digest().subarray(0, 16).toString('base64url');
}

function storesOf(
  settings: GuardSettings,
  { log, now = Date.now, lookMs }: MessageGuardOptions,
  tell: (event: GuardEvent) => void,
): { store: GuardStore; shared?: GuardStore } {
  const own = new MemoryStore(now);
  const { guardStore, guardStoreAway: whenAway = GUARD_SETTINGS.guardStoreAway.default } = settings;
  if (guardStore === undefined) return { store: own };
  const shared = new RedisStore({
    url: guardStore.reveal(),
    timeoutMs: storeTimeoutOf(settings),
    onRecords: (records) => own.keep(records),
  });
  const onStore = (isAway: boolean) => tell({ type: 'store', isAway });
  const store = new SharedStore({ shared, own, whenAway, log, onStore, lookMs });
  void store.start();
  return { store, shared };
}
