import { Command, InvalidArgumentError, Option } from 'commander';
import { DIRECT_CALLS, USUAL_QUOTAS } from '../doctor/call-rates.js';
import type { GovernedQueue, QueueLimits, QueueLoad, QueueRate } from '../temporal/queue-limits.js';
import { type Brakes, brakesInWords, type Lift, placeDocument, placeOption, readOrLift } from './brakes.js';
import { watchInterruption } from './interruption.js';
import { operator } from './operator.js';
import { durationOption } from './options.js';
import { jsonOption, type OutputOptions, print, tell } from './print.js';
import { spanInWords, time } from './time.js';
import { InterruptedError } from './usage-error.js';

const CLEARABLE = ['queue-rate', 'pool-rate', 'pool-weights'] as const;

interface LimitsOptions extends OutputOptions {
  queueRate?: number;
  poolRate?: number;
  poolWeight?: Record<string, number>;
  clear?: (typeof CLEARABLE)[number][];
  liftBrake?: string;
  for?: number;
  reason?: string;
}

/** `limits`: the rates of the task queue of calls, which the server keeps for all workers. */
export function limitsCommand(): Command {
  return new Command('limits')
    .description(
      'Shows the limits of the task queue of calls to Cognito, and sets them, live: workers take them over within 2.5 seconds. Shows what the guard brakes, and lifts it for a time. Without an option that sets, clears or lifts it changes nothing.',
    )
    .addOption(
      new Option('--queue-rate <n>', 'calls in a second, for all pools together; 0 pauses').argParser(rateOption),
    )
    .addOption(
      new Option(
        '--pool-rate <n>',
        'sends in a second for each user pool, and as many attempts with looks; 0 pauses',
      ).argParser(rateOption),
    )
    .addOption(
      new Option(
        '--pool-weight <pool=weight>',
        'turns of a pool for each turn of another; 1 is as if none were set; may be repeated',
      ).argParser(weightOption),
    )
    .addOption(new Option('--clear <what...>', 'removes limits').choices(CLEARABLE))
    .addOption(
      new Option(
        '--lift-brake <place>',
        'lets messages through to a country, such as DE, or to numbers that begin so, such as +49151',
      ).argParser(placeOption),
    )
    .addOption(
      new Option('--for <duration>', 'for how long the brake is lifted, a week at most; 0s sets it again').argParser(
        durationOption,
      ),
    )
    .option('--reason <text>', 'why, for whoever looks at the limits later')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
A rate is for all calls together: sends, attempts and looks. Direct calls of the workers are not among them and come on top;
all workers together make at most as many attempts and as many looks as the lower of the two rates, and twice as many sends.
Weights count only on a server with fairness (matching.enableFairness), which does not say whether it has it.

What is braked is in the store that all workers share. So this command needs the settings of the guard that the workers have, above
all VERIFICATION_GUARD_STORE and VERIFICATION_GUARD_KEY. Without a store each worker has brakes of its own, which nobody else can see or
lift.

Examples:
  cognito-verification limits
  cognito-verification limits --queue-rate 12 --reason 'with as many direct ones that is 24 of 25'
  cognito-verification limits --queue-rate 0 --reason 'an incident at AWS'
  cognito-verification limits --pool-weight eu-west-1_AbC123xyz=3
  cognito-verification limits --clear queue-rate pool-weights
  cognito-verification limits --lift-brake DE --for 2h`,
    )
    .action(async (options: LimitsOptions, command: Command) => {
      refuseContradiction(options, command);
      const interruption = watchInterruption('Interrupted. What was asked for may have been done.', SIGNALS);
      const change = new Change();
      try {
        await Promise.race([readOrSet(options, change), interruption.promise.catch((error) => change.endWith(error))]);
      } finally {
        interruption.dispose();
      }
    });
}

/**
 * A change of the limits that is with the server. The server takes no other change for minutes if the caller of one goes before its
 * answer, as we saw with the development server 1.32: nobody could pause the queue then.
 */
class Change {
  private answer: Promise<unknown> | undefined;
  private isAnswered = false;

  /** @param make makes it; its answer or its time limit of ten seconds ends it */
  async begin<T>(make: () => Promise<T>): Promise<T> {
    const answer = make();
    this.answer = answer;
    try {
      return await answer;
    } finally {
      this.isAnswered = true;
    }
  }

  /**
   * Ends the command after an interruption, once the server has answered. If the change fails, this never settles: `begin` has thrown why.
   * @throws InterruptedError
   */
  async endWith(interrupted: unknown): Promise<never> {
    if (this.answer === undefined) throw interrupted;
    if (!this.isAnswered) {
      for (const signal of SIGNALS) process.on(signal, () => undefined);
      tell('The limits are being changed. This ends with the answer of the server, within ten seconds.');
    }
    await this.answer.catch(() => new Promise<never>(() => undefined));
    throw new InterruptedError('Interrupted. The limits were changed before.');
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function readOrSet(options: LimitsOptions, change: Change): Promise<void> {
  const [
    { cognitoTaskQueue },
    { loadConfig },
    { connectClient },
    { explainMissingNamespace },
    { readEndedWorkers },
    queueLimits,
  ] = await Promise.all([
    import('@cognito-verification/contract'),
    import('../temporal/config.js'),
    import('../temporal/connect-client.js'),
    import('../temporal/missing-namespace.js'),
    import('../temporal/pollers.js'),
    import('../temporal/queue-limits.js'),
  ]);
  const config = loadConfig();
  // First, since it needs no Temporal.
  const lift = liftOf(options);
  // The queue is to be seen and paused in an incident, whatever became of the store. Who lifts a brake is told.
  const brakes = await readOrLift(lift).catch((error: unknown): Brakes => {
    if (lift || !(error instanceof Error)) throw error;
    return { unreadable: error.message };
  });
  const { connection, close } = await connectClient(config);
  const queue = { connection, namespace: config.namespace, taskQueue: cognitoTaskQueue(config.taskQueue) };
  try {
    const before = await queueLimits.readQueueLimits(queue);
    if (before === undefined) throw queueLimits.noQueueLimits(queue);
    const changed = isChange(options)
      ? await change.begin(() => queueLimits.setQueueLimits(queue, changesOf(options, before)))
      : undefined;
    // Not before a change: a pause must not wait for this.
    const ended = await connection.withDeadline(
      Date.now() + queueLimits.READ_TIMEOUT_MS,
      async () => await readEndedWorkers(connection, queue),
    );
    const limits = { ...before, ...changed, workers: before.workers.filter((worker) => !ended.has(worker)) };
    const document = { namespace: queue.namespace, taskQueue: queue.taskQueue, ...limits };
    print(
      options,
      { ...document, brakes: { ...brakes, places: brakes.places?.map(placeDocument) ?? null } },
      [inWords(queue, limits), '', ...brakesInWords(brakes)].join('\n'),
    );
  } catch (error) {
    throw explainMissingNamespace(error, config.namespace);
  } finally {
    await close();
  }
}

function liftOf({ liftBrake: place, for: forMs }: LimitsOptions): Lift | undefined {
  return place === undefined || forMs === undefined ? undefined : { place, forMs };
}

function isChange({ queueRate, poolRate, poolWeight, clear }: LimitsOptions): boolean {
  return [queueRate, poolRate, poolWeight, clear].some((change) => change !== undefined);
}

function changesOf({ queueRate, poolRate, poolWeight, clear = [], reason }: LimitsOptions, before: QueueLimits) {
  const cleared = (what: (typeof CLEARABLE)[number]) => (clear.includes(what) ? null : undefined);
  const noWeights = Object.fromEntries(Object.keys(before.poolWeights).map((pool) => [pool, null]));
  return {
    queueRate: queueRate ?? cleared('queue-rate'),
    poolRate: poolRate ?? cleared('pool-rate'),
    poolWeights: clear.includes('pool-weights') ? noWeights : poolWeight,
    reason,
    identity: operator(),
  };
}

function refuseContradiction(options: LimitsOptions, command: Command): void {
  const set = { 'queue-rate': options.queueRate, 'pool-rate': options.poolRate, 'pool-weights': options.poolWeight };
  for (const what of options.clear ?? [])
    if (set[what] !== undefined)
      command.error(`error: --clear ${what} cannot be used with --${what.replace(/s$/, '')}`, {
        code: 'commander.conflictingOption',
      });
  if ((options.liftBrake === undefined) !== (options.for === undefined))
    command.error('error: --lift-brake and --for go together', { code: 'commander.missingArgument' });
  if (options.reason !== undefined && !isChange(options))
    command.error('error: --reason goes with a limit to set or to clear', { code: 'commander.missingArgument' });
}

/** What an operator needs to see: what holds, who said so, what waits, and what the workers make of it. */
export function inWords(
  { namespace, taskQueue }: Pick<GovernedQueue, 'namespace' | 'taskQueue'>,
  limits: QueueLimits & QueueLoad,
): string {
  const { queueRate, poolRate, poolWeights, backlog, oldestMs, workers } = limits;
  const weights = Object.entries(poolWeights).sort(([a], [b]) => (a < b ? -1 : 1));
  const waits = `${backlog} calls, the oldest for ${spanInWords(Math.round(oldestMs / 1_000))}`;
  return [
    `Task queue ${taskQueue} in namespace ${namespace}`,
    '',
    `queue     ${rateInWords(queueRate)}`,
    `per pool  ${rateInWords(poolRate)}`,
    ...weights.map(([pool, weight]) => `weight    ${weight} for ${pool}`),
    `waiting   ${backlog === 0 ? 'nothing' : waits}`,
    `workers   ${workers.length === 0 ? 'none' : workers.join(', ')}`,
    '',
    ...(workers.length === 0
      ? ['No worker polls this queue. If workers run, look whether VERIFICATION_TASK_QUEUE is theirs.']
      : []),
    ...pauseInWords(limits),
    effectInWords(limits),
  ].join('\n');
}

function pauseInWords({ queueRate, poolRate }: QueueLimits): string[] {
  const rates = { '--queue-rate 12': queueRate, '--pool-rate 4': poolRate };
  const paused = Object.entries(rates).flatMap(([option, { perSecond }]) => (perSecond === 0 ? option : []));
  if (paused.length === 0) return [];
  return [
    `The queue is paused. A code that waits for 45 seconds is answered as not checked, and a send that waits for 9 minutes as not made. To go on, set the rate that held before, such as: cognito-verification limits ${paused.join(' ')}. With --clear there would be no limit.`,
  ];
}

function rateInWords({ perSecond, setBy, setAt, reason }: QueueRate): string {
  const rate = perSecond === undefined ? 'no limit' : perSecond === 0 ? 'paused (0 calls/s)' : `${perSecond} calls/s`;
  const who = setBy === undefined ? '' : `, ${perSecond === undefined ? 'cleared' : 'set'} by ${setBy}`;
  const when = setBy === undefined || setAt === undefined ? '' : ` at ${time(setAt)}`;
  return `${rate}${who}${when}${reason === undefined ? '' : `: ${reason}`}`;
}

function effectInWords({ queueRate, poolRate, workers }: QueueLimits & QueueLoad): string {
  const lower = Math.min(
    queueRate.perSecond ?? Number.POSITIVE_INFINITY,
    poolRate.perSecond ?? Number.POSITIVE_INFINITY,
  );
  const allowance = 'VERIFICATION_DIRECT_CALLS_PER_SECOND (20 unless set)';
  if (lower === Number.POSITIVE_INFINITY)
    return `All workers together make ${allowance} direct attempts a second at most, and twice as many sends. This queue comes on top, without a limit: nothing keeps the calls within Cognito's quotas.`;
  // Each takes a whole number of calls.
  const count = Math.max(1, workers.length);
  const direct = Math.floor(lower / count) * count;
  const directSends = direct * DIRECT_CALLS.sends;
  const most =
    direct === 0
      ? 'Workers make no direct calls, 2.5 seconds after a change at the latest'
      : `All workers together make ${direct} direct attempts a second at most, or ${allowance} if that is less, and twice as many sends`;
  const quotas = `Cognito lets an account check ${USUAL_QUOTAS.attempts} codes and send ${USUAL_QUOTAS.sends} a second in a region.`;
  const governed = queueRate.perSecond;
  if (governed === undefined)
    return `${most}; the calls of all pools in this queue come on top, without a limit. ${quotas}`;
  const attempts = direct + governed;
  const sum = `${most}; with this queue that is at most ${direct} + ${governed} = ${attempts} attempts, or ${directSends} + ${governed} = ${directSends + governed} sends. ${quotas}`;
  // Then sends are 37 at most, since there are no more direct attempts than calls of the queue.
  if (attempts <= USUAL_QUOTAS.attempts) return sum;
  const lowerBy = poolRate.perSecond === undefined ? 'the allowance' : 'the allowance or the rate of each pool';
  return `${sum} That is more attempts than it checks, unless ${lowerBy} keeps them below: it throttles the rest. A queue rate of 12 keeps within both quotas.`;
}

/** More than any account has: a typing mistake. */
const MOST_PER_SECOND = 100_000;
/** Temporal takes a weight above it for this one. */
const MOST_WEIGHT = 1_000;

/** @throws InvalidArgumentError */
function rateOption(value: string): number {
  if (!isDecimal(value) || Number(value) > MOST_PER_SECOND)
    throw new InvalidArgumentError(
      `A rate is a number of calls in a second from 0 to ${MOST_PER_SECOND}, with three decimals at most, such as 8 or 0.5; 0 pauses.`,
    );
  return Number(value);
}

/** By Cognito's form of the id of a user pool. */
const WEIGHT_OF_POOL = /^(?=.{1,55}=)([\w-]+_[\dA-Za-z]+)=(.+)$/;

/** @throws InvalidArgumentError */
function weightOption(value: string, before: Record<string, number> = {}): Record<string, number> {
  const [, pool, weight = ''] = WEIGHT_OF_POOL.exec(value) ?? [];
  if (pool === undefined || !isDecimal(weight) || !(Number(weight) > 0) || Number(weight) > MOST_WEIGHT)
    throw new InvalidArgumentError(
      `It must be POOL=WEIGHT, with the id of a user pool and a weight from 0.001 to ${MOST_WEIGHT}, such as eu-west-1_AbC123xyz=3.`,
    );
  return { ...before, [pool]: Number(weight) };
}

const isDecimal = (text: string) => /^\d{1,6}(\.\d{1,3})?$/.test(text);
