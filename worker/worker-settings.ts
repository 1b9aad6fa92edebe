/** The settings of the command `worker` that are about the worker itself: one table, from which reader, help and docs follow. */
import { parseCount, readSettingTable } from '@cognito-verification/codec';
import { isPrintable, parseDuration } from '@cognito-verification/contract';
import type { Duration } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import type { WorkerOptions } from '@temporalio/worker';

/** What a worker process may be limited to. */
type WorkerHalf = 'workflows' | 'calls';

/** How many polls a worker has open: a fixed number, or as many as the SDK finds right between two numbers. */
export type Pollers = number | { readonly least: number; readonly most: number };

/** Defaults and ranges are in `WORKER_SETTINGS`; the measured effect of each is in `docs/worker-settings.md`. */
export interface WorkerSettings {
  /**
   * The resident memory, in MB, that the process is to stay under. It says how many verifications are kept in memory, unless
   * `maxCachedWorkflows` does.
   */
  readonly workerMemoryMb?: number | undefined;
  /**
   * The number of verifications in memory between their tasks; the others are replayed from their histories when something
   * happens to them. The heap limit of the workflow thread follows from it. With 0, or 1, the worker keeps none and has one workflow
   * task at a time. Default: as many as fit into `workerMemoryMb`.
   */
  readonly maxCachedWorkflows?: number | undefined;
  /** The most workflow tasks at the same time, and no more than are cached. Ignored without a cache. */
  readonly maxConcurrentWorkflowTasks?: number | undefined;
  /** The most calls to Cognito at the same time that come by the task queue of calls. */
  readonly maxConcurrentCalls?: number | undefined;
  /** The polls for workflow tasks, of which the SDK gives a fifth to new and evicted verifications. */
  readonly workflowTaskPollers?: Pollers | undefined;
  /** The polls of the task queue of calls. */
  readonly callPollers?: Pollers | undefined;
  /** How long a task waits for the worker that has its verification in memory before any worker may take it. */
  readonly stickyTimeout?: WorkerOptions['stickyQueueScheduleToStartTimeout'];
  /**
   * How long work under way may take after `shutdown`. Too short cuts calls off, and a send that is cut off may have left: 5 s for
   * the token behind a reference, 3 s for a look at the attribute, 22 s for the call itself, and 5 s to spare.
   */
  readonly shutdownGraceTime?: WorkerOptions['shutdownGraceTime'];
  /**
   * The name of the workers in histories and in the Web UI, to which each process adds eight characters of its own. Default: the
   * SDK's, which is process id and host name.
   */
  readonly identity?: string | undefined;
  /**
   * Attempts in a second that all processes of the task queue together make past the task queue of calls, for each region; as many
   * looks at the deadline, and twice as many sends. The processes share it equally.
   */
  readonly directCallsPerSecond?: number | undefined;
  /**
   * One half only: `workflows` decides and calls nobody, `calls` calls Cognito and decides nothing. Both halves must run somewhere.
   * Default: both.
   */
  readonly only?: WorkerHalf | undefined;
  /**
   * The Worker Deployment of which this process is a version: each verification stays on the version that took it up first. The same
   * for both halves. Default: none, and any worker goes on with any verification.
   */
  readonly deploymentName?: string | undefined;
  /** The version within the deployment; ignored without one. Default: that of the build, see `temporal/build-id.ts`. */
  readonly buildId?: string | undefined;
  /**
   * Whether errors of workflows have stack traces, and the Web UI a "Stack trace" tab: for an hour of debugging, since they take
   * more worker CPU.
   */
  readonly workflowStackTraces?: boolean | undefined;
}

type Kind =
  | { readonly kind: 'count'; readonly least: number; readonly most: number; readonly default?: number }
  | { readonly kind: 'pollers'; readonly least: number; readonly most: number; readonly default: number }
  | { readonly kind: 'duration'; readonly least: Duration; readonly most: Duration; readonly default: Duration }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'flag'; readonly default: boolean }
  | { readonly kind: 'name'; readonly most: number }
  | { readonly kind: 'form'; readonly form: RegExp; readonly inWords: string };

/** One setting: its kind and range, what it is in a few words, and what holds where it is not given and has no default. */
export type WorkerSetting = Kind & { readonly variable: string; readonly help: string; readonly without?: string };

/** All of them by the option of `createWorker` that each sets. */
export const WORKER_SETTINGS = {
  workerMemoryMb: {
    variable: 'VERIFICATION_WORKER_MEMORY_MB',
    kind: 'count',
    least: 400,
    most: 100_000,
    default: 512,
    help: 'MB of memory that it stays under; cache and heap follow',
  },
  maxCachedWorkflows: {
    variable: 'VERIFICATION_MAX_CACHED_WORKFLOWS',
    kind: 'count',
    least: 0,
    most: 100_000,
    help: 'verifications in memory between their tasks',
    without: 'by memory',
  },
  maxConcurrentWorkflowTasks: {
    variable: 'VERIFICATION_MAX_CONCURRENT_WORKFLOW_TASKS',
    kind: 'count',
    least: 2,
    most: 1_000,
    default: 40,
    help: 'workflow tasks at the same time',
  },
  maxConcurrentCalls: {
    variable: 'VERIFICATION_MAX_CONCURRENT_CALLS',
    kind: 'count',
    least: 1,
    most: 1_000,
    default: 100,
    help: 'calls to Cognito at the same time by their task queue',
  },
  workflowTaskPollers: {
    variable: 'VERIFICATION_WORKFLOW_TASK_POLLERS',
    kind: 'pollers',
    least: 2,
    most: 100,
    default: 10,
    help: 'polls for workflow tasks, such as 10, or 2-40 to scale',
  },
  callPollers: {
    variable: 'VERIFICATION_CALL_POLLERS',
    kind: 'pollers',
    least: 1,
    most: 100,
    default: 10,
    help: 'polls for calls, such as 10, or 2-40 to scale',
  },
  stickyTimeout: {
    variable: 'VERIFICATION_STICKY_TIMEOUT',
    kind: 'duration',
    least: '100 ms',
    most: '1 minute',
    default: '10 seconds',
    help: 'a task waits for the worker that has it cached',
  },
  shutdownGraceTime: {
    variable: 'VERIFICATION_SHUTDOWN_GRACE_TIME',
    kind: 'duration',
    least: '1 second',
    most: '10 minutes',
    default: '35 seconds',
    help: 'calls under way may take after SIGTERM or Ctrl-C',
  },
  identity: {
    variable: 'VERIFICATION_WORKER_IDENTITY',
    kind: 'name',
    most: 200,
    help: 'its name in histories and in the Web UI',
    without: 'process id and host name',
  },
  directCallsPerSecond: {
    variable: 'VERIFICATION_DIRECT_CALLS_PER_SECOND',
    kind: 'count',
    least: 0,
    most: 1_000,
    default: 20,
    help: 'calls past their task queue, all workers, by region',
  },
  only: {
    variable: 'VERIFICATION_WORKER_ONLY',
    kind: 'word',
    words: ['workflows', 'calls'],
    help: 'workflows: decides and calls nobody; calls: calls Cognito',
    without: 'both',
  },
  deploymentName: {
    variable: 'TEMPORAL_DEPLOYMENT_NAME',
    kind: 'form',
    form: /^(?!__)[\w/-]{1,200}$/,
    inWords: 'letters, digits, _ - and /, and no __ in front; at most 200',
    help: 'the Worker Deployment that it is a version of',
    without: 'unversioned',
  },
  buildId: {
    variable: 'TEMPORAL_WORKER_BUILD_ID',
    kind: 'form',
    form: /^(?!__)[\w./+-]{1,200}$/,
    inWords: 'letters, digits, _ - . + and /, and no __ in front; at most 200',
    help: 'its version in that deployment',
    without: "the build's own",
  },
  workflowStackTraces: {
    variable: 'VERIFICATION_WORKFLOW_STACK_TRACES',
    kind: 'flag',
    default: false,
    help: 'true: workflow errors have stack traces, for more CPU',
  },
} as const satisfies Readonly<Record<keyof WorkerSettings, WorkerSetting>>;

/**
 * Reads them from the environment. An empty variable counts as not set.
 * @returns what is set
 * @throws SettingError with everything that is wrong
 */
export function workerSettings(env: NodeJS.ProcessEnv = process.env): WorkerSettings {
  return readSettingTable<WorkerSetting>(WORKER_SETTINGS, env, { parse, allowed: allowedValues });
}

/** What a setting may be, in words, for an error and for the docs. */
export function allowedValues(setting: WorkerSetting): string {
  switch (setting.kind) {
    case 'count':
      return `a whole number from ${setting.least} to ${setting.most}`;
    case 'pollers':
      return `a whole number from ${setting.least} to ${setting.most}, or two such as 2-40 for as many as the SDK finds right`;
    case 'duration':
      return `a duration from ${setting.least} to ${setting.most}`;
    case 'word':
      return `${setting.words.join(', ')}, or nothing for both`;
    case 'flag':
      return 'true, false';
    case 'name':
      return `at most ${setting.most} printable characters`;
    case 'form':
      return setting.inWords;
  }
}

function parse(text: string, setting: WorkerSetting): unknown {
  switch (setting.kind) {
    case 'count':
      return parseCount(text, setting);
    case 'pollers': {
      const [, least, most] = /^(\d+)-(\d+)$/.exec(text) ?? [];
      if (least === undefined || most === undefined) return parseCount(text, setting);
      const range = { least: parseCount(least, setting), most: parseCount(most, setting) };
      return range.least !== undefined && range.most !== undefined && range.least <= range.most ? range : undefined;
    }
    case 'duration': {
      // A number alone would be milliseconds, which nobody means.
      const ms = /[a-z]$/i.test(text) ? parseDuration(text) : undefined;
      if (ms === undefined || ms < msToNumber(setting.least) || ms > msToNumber(setting.most)) return undefined;
      return text;
    }
    case 'word':
      return setting.words.includes(text) ? text : undefined;
    case 'flag':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    case 'name':
      return text.length <= setting.most && isPrintable(text) ? text : undefined;
    case 'form':
      return setting.form.test(text) ? text : undefined;
  }
}
