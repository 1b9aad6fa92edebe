/** What `capacity` says to people. */
import { type Estimate, LIMITS, type LimitName, type LimitUse, PLANNED_USE } from '../capacity/estimate.js';
import type { CapacityInput } from '../capacity/input.js';
import { decisiveOf, mustRaise, type Verdict, verdictOf } from '../capacity/verdict.js';
import { spanInWords } from './time.js';

/**
 * The estimate in words, without the chart.
 * @param limited the day with the advised limit of the task queue of calls, where there is something to advise
 */
export function report(input: CapacityInput, estimated: Estimate, limited: Estimate | undefined): string {
  const rows: [string, string][] = [
    [
      'verifications',
      `${number(estimated.verificationsPerDay)} a day, ${number(estimated.peak.startsPerSecond)}/s in the hour from ${estimated.peak.slot}:00`,
    ],
    [
      'they end',
      `${percent(estimated.verifiedShare)} verified, ${percent(estimated.expiredShare)} expired, ${percent(estimated.failedShare)} failed`,
    ],
    [
      'messages',
      `${number(estimated.messagesPerDay)} a day${input.messagePrice > 0 ? `, ${number(estimated.messageMoneyPerMonth)} in money a month` : ''}`,
    ],
    ['Temporal', `${number(estimated.actionsPerMonth)} actions a month`],
    [
      'history',
      `${bytes(estimated.historyBytesPerDay)} a day, ${bytes(estimated.storedHistoryBytes)} kept for ${input.retentionDays} days`,
    ],
    ['database', `about ${bytes(estimated.storedDatabaseBytes)}, if it is your own PostgreSQL`],
    [
      'workers',
      `${number(estimated.workersNeeded)} needed${input.workers === null ? '' : `, ${number(estimated.workers)} given`}`,
    ],
    ['a send waits', waits(estimated.sendDelay, estimated.messagesPerDay)],
    ['a code waits', waits(estimated.codeDelay, estimated.codesPerDay)],
  ];
  // The line of the messages says it already.
  const limits = estimated.limits.filter(({ name, has }) => name !== 'emails' || has !== null);
  return [
    ...rows.map(([name, text]) => `${name.padEnd(14)}${text}`),
    '',
    ...verdict(input, estimated, limited),
    `wanted of ${input.accounts === 1 ? 'the account' : `each of ${input.accounts} accounts`} in the busiest hour${input.emailsPerDay === null ? '' : ' (e-mails: in the day)'}, if everything sufficed:`,
    ...limits.map((limit) => `  ${limit.name.padEnd(12)}${use(limit)}`),
    ...(limited && input.queueCallsPerSecond === null ? ['', ...limitAdvice(input, estimated, limited)] : []),
  ].join('\n');
}

/** Of calls that were given up nobody knows how long they would have waited. */
function waits({ p50Seconds, p95Seconds }: Estimate['sendDelay'], made: number): string {
  if (made === 0) return 'none was made';
  return `p50 ${span(p50Seconds)}, p95 ${span(p95Seconds)} in the worst hour, of those made`;
}

const VERDICTS: Readonly<Record<Exclude<Verdict, 'plenty'>, string>> = {
  tooLittle: 'it is too little',
  peaksWait: 'the mean of the hour suffices, but people wait in its peaks, most likely for this',
  tight: 'it suffices, with little to spare',
};

function verdict(input: CapacityInput, estimated: Estimate, limited: Estimate | undefined): string[] {
  const found = verdictOf(estimated);
  const limit = decisiveOf(estimated);
  if (found === 'plenty')
    return [`binds         nothing; the nearest is ${limit.name}, ${percent(limit.share)}: ${LIMITS[limit.name]}`];
  const line = `binds         ${limit.name}, ${LIMITS[limit.name]}: ${VERDICTS[found]}`;
  return mustRaise(estimated)
    ? [line, `              ${REMEDIES[limit.name](input, limit, estimated, limited)}`]
    : [line];
}

/** By the mean of that hour. */
function fills(unit: string, has: number, filled: number): string {
  return `the busiest hour fills ${number(filled, isAtBorder(filled / has) ? 4 : 2)} ${unit}`;
}

/** What keeps enough for the peaks of an hour. */
function enough(has: number, filled: number): number {
  return Math.max(Math.floor(has) + 1, Math.ceil(filled / PLANNED_USE));
}

/** Each account has a worker at least. */
function setAccounts({ workers }: CapacityInput, count: number): string {
  const withWorkers = workers !== null && workers < count ? ` and "workers" to ${count}` : '';
  return `set "accounts" to ${count}${withWorkers} or more`;
}

type Remedy = (input: CapacityInput, limit: LimitUse, estimated: Estimate, limited: Estimate | undefined) => string;

function moreAccounts(input: CapacityInput, { share }: LimitUse): string {
  const { accounts } = input;
  const filled = accounts * share;
  return `${fills('accounts', accounts, filled)}, so ${setAccounts(input, enough(accounts, filled))}.`;
}

const quotaOrAccounts: Remedy = (input, limit) =>
  `Ask AWS for a higher quota, or take more accounts: ${moreAccounts(input, limit)}`;

/** What helps where a limit is too little. */
const REMEDIES: Readonly<Record<LimitName, Remedy>> = {
  attempts: (input, limit) => `Only more accounts can help: ${moreAccounts(input, limit)}`,
  sends: quotaOrAccounts,
  looks: quotaOrAccounts,
  emails: (input, { has, share }) =>
    `Send by an SES identity of your own (EmailSendingAccount: DEVELOPER)${has === 0 ? '' : `, or ${setAccounts(input, Math.ceil(input.accounts * share))}`}.`,
  queue: (input, limit, { queueLimitAdvised }, limited) => {
    if (!limited) {
      const whyNotHigher =
        queueLimitAdvised === 0
          ? 'The quota of attempts leaves no room for a limit of the queue'
          : `Above ${queueLimitAdvised} the attempts of a second can pass Cognito's quota`;
      return `${whyNotHigher}. Take more accounts: ${moreAccounts(input, limit)}`;
    }
    const set = `Set "queueCallsPerSecond" to ${queueLimitAdvised}.`;
    if (!mustRaise(limited)) return set;
    const next = decisiveOf(limited);
    return `${set} ${REMEDIES[next.name](input, next, limited, undefined)}`;
  },
  workerCpu: (_input, { share }, { workers, workersNeeded }) =>
    `More workers may help: ${fills('workers', workers, workers * share)}, so set "workers" to ${Math.max(workersNeeded, enough(workers, workers * share))} or more.`,
  serverCpu: (_input, { wanted, has }) =>
    `A larger server may help: ${fills('cores', has ?? 0, wanted)}, so set "serverCores" to ${enough(has ?? 0, wanted)} or more.`,
};

function limitAdvice(input: CapacityInput, { queueLimitAdvised }: Estimate, limited: Estimate): string[] {
  const none = 'No limit of the task queue of calls: Cognito throttles what is too much.';
  if (!mustRaise(limited)) return [`${none} Set it to ${queueLimitAdvised}.`];
  const { sendDelay, codeDelay } = limited;
  return [
    `${none} One of ${queueLimitAdvised} would be too little:`,
    `a send would wait p95 ${span(sendDelay.p95Seconds)}, a code p95 ${span(codeDelay.p95Seconds)}. First take more accounts. With that limit ${moreAccounts(input, decisiveOf(limited))}`,
  ];
}

function use({ wanted, has, share }: LimitUse): string {
  const of = has === null ? 'no limit' : has === 0 ? '0' : `${number(has)}  (${percent(share)})`;
  return `${number(wanted).padStart(9)}  of ${of}`;
}

function number(value: number, digits = 2): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(digits)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 || isAtBorder(share) ? 1 : 0)} %`;
}

/** Where a whole number of percent could be that of another verdict. */
function isAtBorder(share: number): boolean {
  return [PLANNED_USE, 1].some((border) => share !== border && Math.abs(share - border) < 0.005);
}

function span(seconds: number): string {
  if (seconds < 1) return 'under a second';
  return seconds < 120 ? `${Math.round(seconds)} s` : spanInWords(Math.round(seconds));
}

function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)));
  return `${number(value / 1_000 ** unit)} ${units[unit]}`;
}
