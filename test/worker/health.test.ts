/** What the probes are told, from the status of the workers. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createHealth, type Health } from '../../worker/health.js';
import type { VerificationWorker } from '../../worker/worker.js';

type Statuses = ReturnType<VerificationWorker['status']>;
type Status = NonNullable<Statuses['workflows']>;

/** A worker that waits for its next task, as the SDK says it. */
const WAITING: Status = {
  runState: 'RUNNING',
  workflowPollerState: 'POLLING',
  activityPollerState: 'POLLING',
  hasOutstandingWorkflowPoll: true,
  hasOutstandingActivityPoll: true,
  numHeartbeatingActivities: 0,
  numCachedWorkflows: 0,
  numInFlightWorkflowActivations: 0,
  numInFlightActivities: 0,
  numInFlightNonLocalActivities: 0,
  numInFlightLocalActivities: 0,
};
/** One of calls has no workflows, of which the SDK says that it does not poll for them. */
const WAITING_FOR_CALLS: Status = {
  ...WAITING,
  workflowPollerState: 'SHUTDOWN',
  hasOutstandingWorkflowPoll: false,
};
const IDLE: Statuses = { workflows: WAITING, cognito: WAITING_FOR_CALLS };

const MINUTE_MS = 60_000;

let statuses: Statuses;
let askServer: () => Promise<unknown>;
let check: () => Promise<void>;
let asked: { server: number; keys: number };
let health: Health;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'Date'] });
  statuses = IDLE;
  asked = { server: 0, keys: 0 };
  askServer = () => Promise.resolve();
  check = () => Promise.resolve();
  health = createHealth({ check: async () => ((asked.keys += 1), await check()) });
  return () => vi.useRealTimers();
});

const watch = () =>
  health.watch({ status: () => statuses }, async () => {
    asked.server += 1;
    await askServer();
  });
const OK = { ok: true, reasons: [] };

it('a process that starts is alive and not ready, and asks nobody', async () => {
  expect(health.alive()).toEqual(OK);
  expect(await health.ready()).toEqual({ ok: false, reasons: ['The process is starting: it does not poll yet.'] });
  expect(asked).toEqual({ server: 0, keys: 0 });
});

it.each([
  ['both halves', IDLE],
  ['workflows alone', { workflows: WAITING, cognito: undefined }],
  ['calls alone', { workflows: undefined, cognito: WAITING_FOR_CALLS }],
  [
    'all slots of calls taken',
    { ...IDLE, cognito: { ...WAITING_FOR_CALLS, hasOutstandingActivityPoll: false, numInFlightActivities: 100 } },
  ],
  [
    'all slots of workflow tasks taken',
    { ...IDLE, workflows: { ...WAITING, hasOutstandingWorkflowPoll: false, numInFlightWorkflowActivations: 40 } },
  ],
] as const)('ready: %s', async (_what, of) => {
  statuses = of;
  watch();
  expect(await health.ready()).toEqual(OK);
});

it('an hour without a task, and a year, leave it ready', async () => {
  watch();
  for (const forMs of [60 * MINUTE_MS, 365 * 24 * 60 * MINUTE_MS]) {
    vi.advanceTimersByTime(forMs);
    expect(await health.ready()).toEqual(OK);
  }
});

it('a process whose workers have all ended is alive until it ends itself', () => {
  statuses = {
    workflows: { ...WAITING, runState: 'STOPPED' },
    cognito: { ...WAITING_FOR_CALLS, runState: 'DRAINING' },
  };
  watch();
  expect(health.alive()).toEqual(OK);
});

describe('not ready', () => {
  it.each([
    [{ runState: 'INITIALIZED' }, 'The worker of the verifications does not poll yet.', true],
    [{ runState: 'STOPPING' }, 'The worker of the verifications has been told to stop (STOPPING).', true],
    [{ runState: 'DRAINING' }, 'The worker of the verifications has been told to stop (DRAINING).', true],
    [{ runState: 'STOPPED' }, 'The worker of the verifications has been told to stop (STOPPED).', false],
    [{ runState: 'FAILED' }, 'The worker of the verifications has failed: see the log.', false],
    [
      { workflowPollerState: 'FAILED' },
      'The worker of the verifications polls for no workflow tasks: see the log.',
      true,
    ],
    [
      { activityPollerState: 'SHUTDOWN' },
      'The worker of the verifications polls for no activities: see the log.',
      true,
    ],
    [
      { hasOutstandingWorkflowPoll: false },
      'The worker of the verifications polls for no workflow tasks: see the log.',
      true,
    ],
  ] as const)('%j', async (change, reason, isAlive) => {
    statuses = { ...IDLE, workflows: { ...WAITING, ...change } };
    watch();
    expect(await health.ready()).toEqual({ ok: false, reasons: [reason] });
    expect(health.alive().ok).toBe(isAlive);
  });

  it.each([
    [{ runState: 'FAILED' }, 'The worker of the calls to Cognito has failed: see the log.'],
    [{ activityPollerState: 'FAILED' }, 'The worker of the calls to Cognito polls for no activities: see the log.'],
    [{ hasOutstandingActivityPoll: false }, 'The worker of the calls to Cognito polls for no activities: see the log.'],
  ] as const)('of the calls: %j', async (change, reason) => {
    statuses = { ...IDLE, cognito: { ...WAITING_FOR_CALLS, ...change } };
    watch();
    expect(await health.ready()).toEqual({ ok: false, reasons: [reason] });
  });

  it('says everything that is wrong at once, without what looks like a secret', async () => {
    statuses = { ...IDLE, cognito: { ...WAITING_FOR_CALLS, runState: 'DRAINING' } };
    askServer = () => Promise.reject(new Error('refused, Bearer eyJraWQiOiJ4In0.eyJzdWIi.c2ln'));
    check = () => Promise.reject(new Error('no file'));
    watch();
    expect((await health.ready()).reasons).toEqual([
      'The worker of the calls to Cognito has been told to stop (DRAINING).',
      'The Temporal Service cannot be used: refused, Bearer [token]',
      'The keys cannot be read: no file',
    ]);
  });
});

describe('the server and the keys', () => {
  it('are asked once in four seconds, however often somebody probes', async () => {
    watch();
    for (let at = 0; at < 40; at++) {
      await Promise.all([health.ready(), health.ready()]);
      vi.advanceTimersByTime(100);
    }
    expect(asked).toEqual({ server: 1, keys: 1 });
    await health.ready();
    expect(asked).toEqual({ server: 2, keys: 2 });
  });

  it.each(['server', 'keys'] as const)(
    'silent: the %s counts as away within 7 s, and as there once it answers',
    async (which) => {
      watch();
      expect(await health.ready()).toEqual(OK);
      const silence = () => new Promise<never>(() => undefined);
      if (which === 'server') askServer = silence;
      else check = silence;
      vi.advanceTimersByTime(4_000);
      const answer = health.ready();
      await vi.advanceTimersByTimeAsync(3_000);
      expect(await answer).toEqual({ ok: false, reasons: [expect.stringMatching(/: no answer within 3 seconds$/)] });
      askServer = check = () => Promise.resolve();
      vi.advanceTimersByTime(1_000);
      expect(await health.ready()).toEqual(OK);
    },
  );
});
