import { readFile, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { Estimate, LIMITS, LimitName, LimitUse } from '../capacity/estimate.js';
import type { CapacityInput } from '../capacity/input.js';
import { jsonLine, jsonOption, type OutputOptions, print } from './print.js';
import { UsageError } from './usage-error.js';

interface CapacityOptions extends OutputOptions {
  input?: string;
  perDay?: string;
  example?: string;
  svg?: string;
}

/** `capacity`: asks nobody, and needs no settings. */
export async function capacityCommand(): Promise<Command> {
  const { EXAMPLES } = await import('../capacity/examples.js');
  const { FIELDS } = await import('../capacity/input.js');
  const fields = Object.entries(FIELDS).map(
    ([name, { meaning, default: value }]) => `  ${name.padEnd(22)}${meaning} (default: ${value ?? 'none'})`,
  );
  return new Command('capacity')
    .description('Says what a number of verifications in a day needs and costs, and which limit binds.')
    .option('--per-day <n>', 'verifications in a day, which follow the usual curve')
    .option('--input <file>', 'a JSON file with the fields below; - is standard input')
    .addOption(
      new Option('--example <name>', 'print an input to begin with, and do nothing else').choices(
        Object.keys(EXAMPLES),
      ),
    )
    .option('--svg <file>', 'write the chart to this file, as SVG')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Fields of the input: startsByHour (24 numbers) or perDay, and
${fields.join('\n')}

Example:
  cognito-verification capacity --example national-bank > bank.json
  cognito-verification capacity --input bank.json --svg bank.svg`,
    )
    .action(async (options: CapacityOptions) => {
      if (options.example !== undefined) {
        const example: unknown = EXAMPLES[options.example as keyof typeof EXAMPLES];
        process.stdout.write(options.json ? jsonLine(example) : `${JSON.stringify(example, undefined, 2)}\n`);
        return;
      }
      const { InputError, resolveInput } = await import('../capacity/input.js');
      const { estimate, LIMITS: words } = await import('../capacity/estimate.js');
      const { svgChart, terminalChart } = await import('../capacity/chart.js');
      const given = await givenInput(options);
      let input: CapacityInput;
      try {
        input = resolveInput(given);
      } catch (error) {
        throw error instanceof InputError ? new UsageError(error.message) : error;
      }
      const estimated = estimate(input);
      if (options.svg !== undefined) await writeSvg(options.svg, svgChart(estimated));
      print(options, { input, ...estimated }, `${terminalChart(estimated)}\n\n${report(input, estimated, words)}`);
    });
}

/** @throws UsageError */
async function givenInput({ input, perDay }: CapacityOptions): Promise<unknown> {
  if (input === undefined && perDay === undefined)
    throw new UsageError('say how many verifications: --per-day N, or --input FILE (--example NAME prints one)');
  const day = perDay === undefined ? {} : { perDay: /^\d{1,11}$/.test(perDay) ? Number(perDay) : perDay };
  if (input === undefined) return day;
  const text = await readFile(input === '-' ? '/dev/stdin' : input, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--input cannot be read (${error.code} ${input}); give the path of a JSON file`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError('--input is not JSON; --example NAME prints an input to begin with');
  }
  if (perDay === undefined || typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return parsed;
  const { startsByHour: _replaced, ...others } = parsed as Record<string, unknown>;
  return { ...others, ...day };
}

async function writeSvg(path: string, svg: string): Promise<void> {
  await writeFile(path, svg).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--svg cannot be written (${error.code}); give the path of a file in a folder that exists`);
  });
}

/** By the mean of the busiest hour, so that some to spare are needed. */
const fullAccounts = ({ accounts }: CapacityInput, share: number) =>
  `the busiest hour fills ${number(Math.ceil(accounts * share))} of them. Set "accounts" higher.`;

const quotaOrAccounts = (input: CapacityInput, share: number) =>
  `Ask AWS for a higher quota, or take more accounts: ${fullAccounts(input, share)}`;

/** What helps where a limit is too little. */
const REMEDIES: Readonly<Record<LimitName, (input: CapacityInput, share: number) => string>> = {
  attempts: (input, share) => `Only more accounts help: ${fullAccounts(input, share)}`,
  sends: quotaOrAccounts,
  looks: quotaOrAccounts,
  emails: () => 'Send by an SES identity of your own (EmailSendingAccount: DEVELOPER), or raise "accounts".',
  queue: () => 'Raise "queueCallsPerSecond", or "accounts" where the attempts come near their quota.',
  workerCpu: () => 'Raise "workers".',
  serverCpu: () => 'Raise "serverCores": a larger server.',
};

/** The estimate in words, without the chart. */
export function report(input: CapacityInput, said: Estimate, words: typeof LIMITS): string {
  const binding = said.limits[0];
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
    [
      'a send waits',
      `p50 ${seconds(said.sendDelay.p50Seconds)}, p95 ${seconds(said.sendDelay.p95Seconds)} in the worst hour`,
    ],
    [
      'a code waits',
      `p50 ${seconds(said.codeDelay.p50Seconds)}, p95 ${seconds(said.codeDelay.p95Seconds)} in the worst hour`,
    ],
  ];
  const limits = said.limits.map((limit) => `  ${limit.name.padEnd(12)}${use(limit)}`);
  const isTooLittle = binding !== undefined && binding.share > 1;
  return [
    ...rows.map(([name, text]) => `${name.padEnd(14)}${text}`),
    '',
    `binds         ${said.binding}, ${words[said.binding]}: ${isTooLittle ? 'it is too little' : 'it suffices'}`,
    ...(isTooLittle ? [`              ${REMEDIES[said.binding](input, binding.share)}`] : []),
    `wanted of ${input.accounts === 1 ? 'the account' : `each of ${input.accounts} accounts`} in the busiest hour (e-mails: in the day), if everything sufficed:`,
    ...limits,
    // A limit of 0 would pause the queue, and one where something is too little would only make more wait.
    ...(input.queueCallsPerSecond === null && said.queueLimitAdvised >= 1 && !isTooLittle
      ? [
          '',
          `No limit of the task queue of calls: Cognito throttles what is too much. Set it to ${number(said.queueLimitAdvised)}.`,
        ]
      : []),
  ].join('\n');
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

function seconds(value: number): string {
  return value < 1 ? 'under a second' : `${Math.round(value)} s`;
}

function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)));
  return `${number(value / 1_000 ** unit)} ${units[unit]}`;
}
