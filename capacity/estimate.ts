/** The capacity model: what an input needs, what it costs, and what binds. */
import { COSTS, CPU_SHARES, DATABASE_BYTES_FOR_EACH, type Happening } from './costs.js';
import type { Account, Outcome, SlotOutcome } from './day.js';
import type { CapacityInput } from './input.js';
import { simulate } from './simulation.js';

/** What can bind, in words. */
export const LIMITS = {
  attempts: "Cognito's quota of attempts (VerifyUserAttribute)",
  sends: "Cognito's quota of sends (GetUserAttributeVerificationCode)",
  emails: 'e-mails of the day',
  queue: 'limit of the task queue of calls, beside the allowance of the workers',
  workerCpu: 'processors of the workers',
  serverCpu: 'processors of Temporal Server and database',
  looks: "Cognito's quota of looks (GetUser)",
} as const;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;

/** A limit at its busiest: calls or cores in a second, or e-mails in a day, of one account. */
export interface LimitUse {
  readonly name: LimitName;
  /** What people would use if everything sufficed. Limits hide some of it: a person who gets no message types no code. */
  readonly wanted: number;
  /** Null: no limit. */
  readonly has: number | null;
  /** `wanted` over `has`: 1 is all of it. Where there is none, more than 1 if any is wanted. */
  readonly share: number;
}

type Limits = readonly [LimitUse, ...LimitUse[]];

/** What calls wait for their turn, in the slot in which they wait longest. */
interface QueueDelay {
  /** Of the day: the hour. */
  readonly slot: number;
  readonly p50Seconds: number;
  readonly p95Seconds: number;
}

/** What the model says. Everything is of all accounts together, unless it says otherwise. */
export interface Estimate {
  readonly verificationsPerDay: number;
  /** The busiest slot. */
  readonly peak: { readonly slot: number; readonly startsPerSecond: number };
  /** Shares of the verifications; together 1. */
  readonly verifiedShare: number;
  readonly expiredShare: number;
  readonly failedShare: number;
  /** In the busiest slot. */
  readonly verifiedPerSecond: number;
  readonly messagesPerDay: number;
  /** Right and wrong ones that got an answer. */
  readonly codesPerDay: number;
  /** In 30 days, in the currency of `messagePrice`. */
  readonly messageMoneyPerMonth: number;
  readonly actionsPerDay: number;
  readonly actionsPerMonth: number;
  readonly historyBytesPerDay: number;
  /** After `retentionDays`, histories and, where it is your own, the database. */
  readonly storedHistoryBytes: number;
  readonly storedDatabaseBytes: number;
  readonly workersNeeded: number;
  readonly workers: number;
  /**
   * Of each account, by the rule of docs/limits.md: with as many direct attempts again, but no more than the allowance, it stays below the
   * quota. 0 where the quota leaves no whole call.
   */
  readonly queueLimitAdvised: number;
  readonly sendDelay: QueueDelay;
  readonly codeDelay: QueueDelay;
  /** Sorted by `share`, the largest first. */
  readonly limits: Limits;
  /** The limit with the largest `share`, whether it suffices or not. */
  readonly binding: LimitName;
  readonly startsPerSecondBySlot: readonly number[];
  readonly sendDelayP95BySlot: readonly number[];
}

/** Processors are planned to be busy for so much of the time: above it waits grow fast. */
export const PLANNED_USE = 0.7;
/** One may fail or be deployed. */
const LEAST_WORKERS = 2;
const DAYS_IN_MONTH = 30;
/** In the busiest hour some 8,000 of them start. Chance then moves what is wanted by about 1 %. */
const PEOPLE_FOR_WANTED = 100_000;

/**
 * Estimates what one day needs. Accounts are alike: each has its part of the verifications and of the workers.
 * @param slotSeconds the length of one element of `startsByHour`. Default: an hour; shorter ones are for the check by experiment
 */
export function estimate(input: CapacityInput, slotSeconds = 3_600): Estimate {
  const { accounts } = input;
  const workersNeeded = workersFor(input, slotSeconds) * accounts;
  const workers = input.workers ?? workersNeeded;
  const account = accountOf(input, workers / accounts, slotSeconds);
  const day = simulate(account);
  const starts = sum(input.startsByHour);
  const slot = indexOfMost(input.startsByHour);
  const { counts } = day;
  // In a day of a thousandth of a verification nobody may have come.
  const ended = counts.verified + counts.expired + counts.withoutEmail + counts.unsent + counts.failed || 1;
  const messages = day.messages * day.each * accounts;
  const limits = limitsOf(input, account, simulate(unhindered(account), PEOPLE_FOR_WANTED));
  const { retentionDays } = input;
  const historyBytesPerDay = costOf(counts, 'bytes') * day.each * accounts;
  const actionsPerDay = costOf(counts, 'actions') * day.each * accounts;
  return {
    verificationsPerDay: starts,
    peak: { slot, startsPerSecond: (input.startsByHour[slot] ?? 0) / slotSeconds },
    verifiedShare: counts.verified / ended,
    expiredShare: (counts.expired + counts.withoutEmail + counts.unsent) / ended,
    failedShare: counts.failed / ended,
    verifiedPerSecond: inBusiest(day, slotSeconds, ({ verified }) => verified) * accounts,
    messagesPerDay: messages,
    codesPerDay: (counts.verified + counts.wrongCode) * day.each * accounts,
    messageMoneyPerMonth: messages * input.messagePrice * DAYS_IN_MONTH,
    actionsPerDay,
    actionsPerMonth: actionsPerDay * DAYS_IN_MONTH,
    historyBytesPerDay,
    storedHistoryBytes: historyBytesPerDay * retentionDays,
    storedDatabaseBytes: historyBytesPerDay * retentionDays * DATABASE_BYTES_FOR_EACH,
    workersNeeded,
    workers,
    queueLimitAdvised: Math.max(
      0,
      Math.floor((input.attemptsPerSecond - 1) / 2),
      Math.floor(input.attemptsPerSecond - 1 - input.directCallsPerSecond),
    ),
    sendDelay: worst(day.slots, ({ sendDelays }) => sendDelays),
    codeDelay: worst(day.slots, ({ codeDelays }) => codeDelays),
    limits,
    binding: limits[0].name,
    startsPerSecondBySlot: input.startsByHour.map((count) => count / slotSeconds),
    sendDelayP95BySlot: day.slots.map(({ sendDelays }) => percentile(sendDelays, 0.95)),
  };
}

/** As many workers of one account as keep their processors at the planned use in the busiest slot, if nothing else binds. */
function workersFor(input: CapacityInput, slotSeconds: number): number {
  const { startsByHour, accounts, workerCores, workerCpuMs } = input;
  const cpuMs = workerCpuMs * meanCpuShare(input);
  const busiest = Math.max(...startsByHour) / accounts / slotSeconds;
  return Math.max(LEAST_WORKERS, Math.ceil((busiest * cpuMs) / 1_000 / (workerCores * PLANNED_USE)));
}

/** How much of the CPU of the usual path a verification takes in the mean, if nothing is refused. */
export function meanCpuShare({ abandonedShare, wrongCodeShare, resendShare }: CapacityInput): number {
  const { firstSend, rightCode, wrongCode, resend } = CPU_SHARES;
  return firstSend + (1 - abandonedShare) * (rightCode + wrongCodeShare * wrongCode + resendShare * resend);
}

/**
 * One of the accounts of an input.
 * @param workers of this account
 */
export function accountOf(input: CapacityInput, workers: number, slotSeconds: number): Account {
  const { accounts, workerCores, serverCores, emailsPerDay, queueCallsPerSecond, workerCpuMs, serverCpuMs } = input;
  const cpu = (share: number) => ({ worker: workerCpuMs * share, server: serverCpuMs * share });
  return {
    ...input,
    starts: input.startsByHour.map((count) => count / accounts),
    slotSeconds,
    standsFor: 1,
    workers,
    workerCores: workerCores * workers,
    serverCores: serverCores ?? Number.POSITIVE_INFINITY,
    emailsPerDay: emailsPerDay ?? Number.POSITIVE_INFINITY,
    queueCallsPerSecond: queueCallsPerSecond ?? Number.POSITIVE_INFINITY,
    cpuMs: Object.fromEntries(
      Object.entries(CPU_SHARES).map(([step, share]) => [step, cpu(share)]),
    ) as Account['cpuMs'],
  };
}

/** The same account, with enough of everything but the allowance. */
function unhindered(account: Account): Account {
  const { directCallsPerSecond, queueCallsPerSecond } = account;
  const plenty = Number.POSITIVE_INFINITY;
  return {
    ...account,
    directCallsPerSecond: Math.min(directCallsPerSecond, queueCallsPerSecond),
    queueCallsPerSecond: plenty,
    attemptsPerSecond: plenty,
    sendsPerSecond: plenty,
    emailsPerDay: plenty,
    workerCores: plenty,
    serverCores: plenty,
  };
}

function costOf(counts: Outcome['counts'], what: 'actions' | 'bytes'): number {
  return sum(Object.entries(counts).map(([name, count]) => count * COSTS[name as Happening][what]));
}

/** Of a count, what the busiest slot has in a second. */
function inBusiest({ slots, each }: Outcome, slotSeconds: number, count: (slot: SlotOutcome) => number): number {
  return (Math.max(...slots.map(count)) * each) / slotSeconds;
}

function limitsOf(input: CapacityInput, account: Account, day: Outcome): Limits {
  const { slotSeconds, cpuMs } = account;
  const most = (count: (slot: SlotOutcome) => number) => inBusiest(day, slotSeconds, count);
  const cores = (of: 'worker' | 'server') =>
    most(
      ({ firstSends, resends, codes }) =>
        (firstSends * cpuMs.firstSend[of] + resends * cpuMs.resend[of] + codes * cpuMs.rightCode[of]) / 1_000,
    );
  const emails = sum(day.slots.map(({ firstSends, resends }) => firstSends + resends)) * day.each;
  const uses: readonly [LimitName, number, number | null][] = [
    ['attempts', most(({ codes }) => codes), input.attemptsPerSecond],
    ['sends', most(({ firstSends, resends }) => firstSends + resends), input.sendsPerSecond],
    ['emails', emails, input.emailsPerDay],
    ['queue', most(({ queued }) => queued), input.queueCallsPerSecond],
    ['workerCpu', cores('worker'), account.workerCores],
    ['serverCpu', cores('server'), input.serverCores],
    ['looks', most(({ looks }) => looks), input.looksPerSecond],
  ];
  return uses
    .map(([name, wanted, has]) => ({ name, wanted, has, share: shareOf(wanted, has) }))
    .sort((a, b) => b.share - a.share) as [LimitUse, ...LimitUse[]];
}

function shareOf(wanted: number, has: number | null): number {
  if (has === null || wanted === 0) return 0;
  return has === 0 ? 1 + wanted : wanted / has;
}

function worst(slots: readonly SlotOutcome[], delaysOf: (slot: SlotOutcome) => readonly number[]): QueueDelay {
  const p95 = slots.map((slot) => percentile(delaysOf(slot), 0.95));
  const slot = indexOfMost(p95);
  const delays = slots[slot] && delaysOf(slots[slot]);
  return { slot, p50Seconds: percentile(delays ?? [], 0.5), p95Seconds: p95[slot] ?? 0 };
}

/** Nearest rank. @returns 0 where there are no values */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function indexOfMost(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
