/** What `capacity` says to people. */
import { type Estimate, LIMITS, type LimitName, type LimitUse, PLANNED_USE } from '../capacity/estimate.js';
import type { CapacityInput } from '../capacity/input.js';
import { decisiveOf, isWanting, type Verdict, verdictOf } from '../capacity/verdict.js';
import { spanInWords } from './time.js';

/**
 * The estimate in words, without the chart.
 * @param limited the day with the advised limit of the task queue of calls, where there is something to advise
 */
export function report(input: CapacityInput, said: Estimate, limited: Estimate | undefined): string {
  const rows: [string, string][] = [
    [
      'verifications',
      `${number(said.verificationsPerDay)} a day, ${number(said.peak.startsPerSecond)}/s in the hour from ${said.peak.slot}:00`,
    ],
    [
      'they end',
      `${percent(said.verifiedShare)} verified, ${percent(said.expiredShare)} expired, ${percent(said.failedShare)} failed`,
    ],
    [
      'messages',
      `${number(said.messagesPerDay)} a day${input.messagePrice > 0 ? `, ${number(said.messageMoneyPerMonth)} in money a month` : ''}`,
    ],
    ['Temporal', `${number(said.actionsPerMonth)} actions a month`],
    [
      'history',
      `${bytes(said.historyBytesPerDay)} a day, ${bytes(said.storedHistoryBytes)} kept for ${input.retentionDays} days`,
    ],
    ['database', `about ${bytes(said.storedDatabaseBytes)}, if it is your own PostgreSQL`],
    [
      'workers',
      `${number(said.workersNeeded)} needed${input.workers === null ? '' : `, ${number(said.workers)} given`}`,
    ],
    ['a send waits', waits(said.sendDelay, said.messagesPerDay)],
    ['a code waits', waits(said.codeDelay, said.codesPerDay)],
  ];
  // The line of the messages says it already.
  const limits = said.limits.filter(({ name, has }) => name !== 'emails' || has !== null);
  return [
    ...rows.map(([name, text]) => `${name.padEnd(14)}${text}`),
    '',
    ...verdict(input, said, limited),
    `wanted of ${input.accounts === 1 ? 'the account' : `each of ${input.accounts} accounts`} in the busiest hour${input.emailsPerDay === null ? '' : ' (e-mails: in the day)'}, if everything sufficed:`,
    ...limits.map((limit) => `  ${limit.name.padEnd(12)}${use(limit)}`),
    ...(limited && input.queueCallsPerSecond === null ? ['', ...limitAdvice(input, said, limited)] : []),
  ].join('\n');
}

/** Of calls that were given up nobody knows how long they would have waited. */
function waits({ p50Seconds, p95Seconds }: Estimate['sendDelay'], made: number): string {
  if (made === 0) return 'none was made';
  return `p50 ${span(p50Seconds)}, p95 ${span(p95Seconds)} in the worst hour, of those made`;
}

const VERDICTS: Readonly<Record<Exclude<Verdict, 'plenty'>, string>> = {
  tooLittle: 'it is too little',
  peaksWait: 'the mean of the hour suffices, but people wait in its peaks',
  tight: 'it suffices, with little to spare',
};

function verdict(input: CapacityInput, said: Estimate, limited: Estimate | undefined): string[] {
  const found = verdictOf(said);
  const limit = decisiveOf(said);
  if (!limit) return [];
  if (found === 'plenty')
    return [`binds         nothing; the nearest is ${limit.name}, ${percent(limit.share)}: ${LIMITS[limit.name]}`];
  const line = `binds         ${limit.name}, ${LIMITS[limit.name]}: ${VERDICTS[found]}`;
  return isWanting(said) ? [line, `              ${REMEDIES[limit.name](input, limit, said, limited)}`] : [line];
}

/**
 * @param filled by the mean of the busiest hour
 * @param atLeast what keeps enough for its peaks. Default: by the planned use
 */
function raise(field: keyof CapacityInput, has: number, filled: number, atLeast = filled / PLANNED_USE): string {
  const enough = Math.max(Math.floor(has) + 1, Math.ceil(atLeast));
  return `the busiest hour fills ${number(filled)}, so set "${field}" to ${number(enough)} or more.`;
}

type Remedy = (input: CapacityInput, limit: LimitUse, said: Estimate, limited: Estimate | undefined) => string;

const moreAccounts = ({ accounts }: CapacityInput, { share }: LimitUse) =>
  raise('accounts', accounts, accounts * share);

const quotaOrAccounts: Remedy = (input, limit) =>
  `Ask AWS for a higher quota, or take more accounts: ${moreAccounts(input, limit)}`;

/** What helps where a limit is too little. */
const REMEDIES: Readonly<Record<LimitName, Remedy>> = {
  attempts: (input, limit) => `Only more accounts help: ${moreAccounts(input, limit)}`,
  sends: quotaOrAccounts,
  looks: quotaOrAccounts,
  emails: ({ accounts }, { has, share }) =>
    `Send by an SES identity of your own (EmailSendingAccount: DEVELOPER)${has === 0 ? '' : `, or set "accounts" to ${number(Math.ceil(accounts * share))} or more`}.`,
  queue: (input, limit, { queueLimitAdvised }, limited) => {
    const advised = number(queueLimitAdvised);
    if (!limited)
      return `Above ${advised} the attempts of a second can pass Cognito's quota. Take more accounts: ${moreAccounts(input, limit)}`;
    const set = `Set "queueCallsPerSecond" to ${advised}`;
    return isWanting(limited) ? `${set}, and take more accounts: ${accountsFor(input, limited)}` : `${set}.`;
  },
  workerCpu: (_input, { share }, { workers, workersNeeded }) =>
    `More workers help: ${raise('workers', workers, workers * share, workersNeeded)}`,
  serverCpu: (_input, { wanted, has }) => `A larger server helps: ${raise('serverCores', has ?? 0, wanted)}`,
};

function accountsFor(input: CapacityInput, said: Estimate): string {
  const limit = decisiveOf(said);
  return limit ? moreAccounts(input, limit) : '';
}

function limitAdvice(input: CapacityInput, { queueLimitAdvised }: Estimate, limited: Estimate): string[] {
  const none = 'No limit of the task queue of calls: Cognito throttles what is too much.';
  const advised = number(queueLimitAdvised);
  if (!isWanting(limited)) return [`${none} Set it to ${advised}.`];
  const { sendDelay, codeDelay } = limited;
  return [
    `${none} One of ${advised} would be too little:`,
    `a send would wait p95 ${span(sendDelay.p95Seconds)}, a code p95 ${span(codeDelay.p95Seconds)}. Take more accounts before: with it ${accountsFor(input, limited)}`,
  ];
}

function use({ wanted, has, share }: LimitUse): string {
  return has === null
    ? `${number(wanted).padStart(9)}  of no limit`
    : `${number(wanted).padStart(9)}  of ${number(has)}  (${percent(share)})`;
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(2)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
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
