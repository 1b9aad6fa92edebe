/** Runs a scenario on a real server, sandbox and worker, and measures what the model says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { countEvents } from '../../bench/counts.js';
import { type LimitName, meanCpuShare, percentile } from '../../capacity/estimate.js';
import type { CapacityInput } from '../../capacity/input.js';
import { peopleOf, seeded } from '../../capacity/people.js';
import { cpuMs, limitCpu } from './cpu-limit.js';
import { type Lived, live, type Wanted } from './people.js';
import type { Scenario } from './scenarios.js';
import { type Site, startSite } from './site.js';

/** What was measured, in the words of the model. */
export interface Measured {
  readonly messages: number;
  readonly actions: number;
  readonly bytes: number;
  readonly expiredShare: number;
  readonly verifiedPerSecond: number;
  /** The 95th percentile by slot. */
  readonly sendDelayP95BySlot: readonly number[];
  readonly codeDelayP95BySlot: readonly number[];
  /** How much of each limit was wanted or used in its busiest slot. */
  readonly used: Readonly<Partial<Record<LimitName, number>>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** The input as it was run, with the costs of this machine, and what was measured. */
export interface Run {
  readonly input: CapacityInput;
  readonly measured: Measured;
}

/** Runs one scenario: a few verifications to warm up, then its three slots, and the time until everything has ended. */
export async function run(scenario: Scenario, slotSeconds: number, seed: number): Promise<Run> {
  const { directCallsPerSecond, queueCallsPerSecond, attemptsPerSecond, sendsPerSecond, emailsPerDay } = scenario.input;
  const site = await startSite({
    workers: scenario.input.workers ?? 1,
    directCallsPerSecond,
    queueCallsPerSecond: queueCallsPerSecond ?? undefined,
  });
  try {
    const calibrated = await calibrate(site, scenario, slotSeconds);
    site.limitAccount({ attemptsPerSecond, sendsPerSecond, emailsPerDay: emailsPerDay ?? undefined });
    site.sandbox.clearCalls();
    site.sandbox.clearInbox();
    const limited = limitProcessors(site, scenario, calibrated);
    const people = peopleOf(calibrated.input.startsByHour, slotSeconds, calibrated.input, seeded(seed));
    const used = watchProcessors(site, calibrated, slotSeconds);
    const { lived, cpu } = await spending(site, calibrated, () => live(site, calibrated.input, people));
    const processors = await used();
    await Promise.all(limited.map((end) => end()));
    // A cost is an input of the model. It is another one where a process is stopped again and again.
    const input = { ...calibrated.input, ...(scenario.processorLoad ? cpu : {}) };
    return { input, measured: await measure(site, input, slotSeconds, lived, processors) };
  } finally {
    await site.close();
  }
}

interface Calibrated {
  readonly input: CapacityInput;
  /** What a process uses that has nothing to do, in cores. */
  readonly idle: Readonly<Record<'worker' | 'server', number>>;
}

const WARM_UP_SECONDS = 5;
const MEASURED_SECONDS = 20;
const IDLE_MS = 5_000;

/** What a verification costs on this machine, now, and at this pace. Without it only the processors' limits could not be set. */
async function calibrate(site: Site, { input, processorLoad }: Scenario, slotSeconds: number): Promise<Calibrated> {
  const pids = { worker: site.workerPids, server: [site.serverPid] };
  const idle = { worker: 0, server: 0 };
  const calm = {
    ...input,
    wrongCodeShare: 0,
    resendShare: 0,
    abandonedShare: 0,
    codeMedianSeconds: 1,
    codeP95Seconds: 2,
  };
  const perSecond = Math.max(...input.startsByHour) / slotSeconds;
  const some = (seconds: number) => live(site, calm, peopleOf([perSecond * seconds], seconds, calm, seeded(seconds)));
  await some(WARM_UP_SECONDS);
  if (!processorLoad) return { input, idle };
  const before = await usageOf(pids);
  await sleep(IDLE_MS);
  const after = await usageOf(pids);
  for (const of of ['worker', 'server'] as const) idle[of] = (after[of] - before[of]) / IDLE_MS;
  const { cpu } = await spending(site, { input: calm, idle }, () => some(MEASURED_SECONDS));
  const { of, times } = processorLoad;
  const cores = (perSecond * meanCpuShare(input) * cpu[`${of}CpuMs`]) / 1_000 / times;
  return { input: { ...input, [`${of}Cores`]: cores }, idle };
}

/** What a verification on its usual path has cost while these lived. */
async function spending(site: Site, { input, idle }: Calibrated, living: () => Promise<Lived[]>) {
  const pids = { worker: site.workerPids, server: [site.serverPid] };
  const [before, begunAt] = [await usageOf(pids), performance.now()];
  const lived = await living();
  const [after, lastedMs] = [await usageOf(pids), performance.now() - begunAt];
  const each = (of: 'worker' | 'server') =>
    (after[of] - before[of] - idle[of] * lastedMs) / lived.length / meanCpuShare(input);
  return { lived, cpu: { workerCpuMs: each('worker'), serverCpuMs: each('server') } };
}

type Pids = Readonly<Record<'worker' | 'server', readonly number[]>>;

async function usageOf(pids: Pids): Promise<Record<'worker' | 'server', number>> {
  const sum = async (of: readonly number[]) => (await Promise.all(of.map(cpuMs))).reduce((total, ms) => total + ms, 0);
  return { worker: await sum(pids.worker), server: await sum(pids.server) };
}

/** The model's cores are what is left for verifications. */
function limitProcessors(
  site: Site,
  { processorLoad }: Scenario,
  { input, idle }: Calibrated,
): (() => Promise<void>)[] {
  if (processorLoad?.of === 'server') return [limitCpu(site.serverPid, (input.serverCores ?? 1) + idle.server)];
  if (processorLoad?.of === 'worker')
    return site.workerPids.map((pid) => limitCpu(pid, input.workerCores + idle.worker / site.workerPids.length));
  return [];
}

/** Cores used in the busiest slot. */
function watchProcessors(site: Site, { idle }: Calibrated, slotSeconds: number) {
  const pids = { worker: site.workerPids, server: [site.serverPid] };
  const most = { worker: 0, server: 0 };
  let before = usageOf(pids);
  const reading = setInterval(() => {
    const now = usageOf(pids);
    const last = before;
    before = now;
    void Promise.all([last, now]).then(([then, at]) => {
      for (const of of ['worker', 'server'] as const)
        most[of] = Math.max(most[of], (at[of] - then[of]) / (slotSeconds * 1_000) - idle[of]);
    });
  }, slotSeconds * 1_000);
  return async () => {
    clearInterval(reading);
    await before;
    return most;
  };
}

async function measure(
  site: Site,
  input: CapacityInput,
  slotSeconds: number,
  lived: readonly Lived[],
  processors: Readonly<Record<'worker' | 'server', number>>,
): Promise<Measured> {
  const histories: History[] = [];
  for (const { workflowId } of lived) histories.push(await historyOf(site, workflowId));
  const total = (of: (history: History) => number) => histories.reduce((sum, history) => sum + of(history), 0);
  const wanted = lived.flatMap((one) => one.wanted);
  const slots = input.startsByHour.map((_, slot) => slot);
  const within = (atMs: number, slot: number) => Math.floor(atMs / 1_000 / slotSeconds) === slot;
  const busiest = (kinds: readonly Wanted['kind'][]) =>
    Math.max(
      ...slots.map((slot) => wanted.filter(({ kind, atMs }) => kinds.includes(kind) && within(atMs, slot)).length),
    ) / slotSeconds;
  const p95 = (kinds: readonly Wanted['kind'][]) =>
    slots.map((slot) =>
      percentile(
        wanted.flatMap(({ kind, atMs, waitedMs }) =>
          kinds.includes(kind) && within(atMs, slot) && waitedMs !== undefined ? waitedMs / 1_000 : [],
        ),
        0.95,
      ),
    );
  const verified = lived.filter(({ outcome }) => outcome === 'verified');
  const begunAt = Math.min(...histories.map(({ begunAtMs }) => begunAtMs));
  const queued = histories.flatMap(({ queuedAtMs }) => queuedAtMs.map((atMs) => atMs - begunAt));
  const busiestQueue =
    Math.max(...slots.map((slot) => queued.filter((atMs) => within(atMs, slot)).length)) / slotSeconds;
  const { attemptsPerSecond, sendsPerSecond, emailsPerDay, queueCallsPerSecond, workerCores, serverCores } = input;
  // Temporal bills each try, and the history of a send that the deadline has ended between two tries shows none.
  const sends = site.sandbox.calls({ operation: 'GetUserAttributeVerificationCode' });
  const hiddenTries =
    sends.filter(({ outcome }) => outcome !== 'ok').length - total(({ refusedSends }) => refusedSends);
  const outcomes: Record<string, number> = {};
  for (const { outcome } of lived) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    messages: site.sandbox.inbox().length,
    actions: total(({ actions }) => actions) + hiddenTries,
    bytes: total(({ bytes }) => bytes),
    expiredShare: (outcomes['expired'] ?? 0) / lived.length,
    verifiedPerSecond:
      Math.max(...slots.map((slot) => verified.filter(({ endedAtMs }) => within(endedAtMs, slot)).length)) /
      slotSeconds,
    sendDelayP95BySlot: p95(['firstSend', 'resend']),
    codeDelayP95BySlot: p95(['code']),
    used: {
      attempts: busiest(['code']) / attemptsPerSecond,
      sends: busiest(['firstSend', 'resend']) / sendsPerSecond,
      emails: emailsPerDay === null ? 0 : wanted.filter(({ kind }) => kind !== 'code').length / emailsPerDay,
      queue: queueCallsPerSecond === null ? 0 : busiestQueue / queueCallsPerSecond,
      workerCpu: processors.worker / (workerCores * site.workerPids.length),
      serverCpu: serverCores === null ? 0 : processors.server / serverCores,
    },
    outcomes,
  };
}

/** What one history shows. */
interface History {
  readonly actions: number;
  readonly bytes: number;
  readonly begunAtMs: number;
  /** When calls were given to the task queue of calls. */
  readonly queuedAtMs: readonly number[];
  /** Tries of sends that had no effect. */
  readonly refusedSends: number;
}

async function historyOf({ temporal }: Site, workflowId: string): Promise<History> {
  const handle = temporal.workflow.getHandle(workflowId);
  const [{ events }, { historySize }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
  const all = events ?? [];
  const at = ({ eventTime }: (typeof all)[number]) =>
    Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;
  const isGoverned = ({ activityTaskScheduledEventAttributes: scheduled }: (typeof all)[number]) =>
    scheduled?.taskQueue?.name?.endsWith('-cognito');
  const sends = new Set(
    all.flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled?.activityType?.name === 'sendCode' ? [String(eventId)] : [],
    ),
  );
  const ofSends = (scheduledEventId: unknown, count: number) => (sends.has(String(scheduledEventId)) ? count : 0);
  return {
    actions: countEvents(all).totalActions,
    bytes: historySize ?? 0,
    begunAtMs: Math.min(...all.map(at)),
    queuedAtMs: all.filter(isGoverned).map(at),
    refusedSends: all.reduce(
      (sum, { activityTaskStartedEventAttributes: started, activityTaskCompletedEventAttributes: completed }) => {
        const tries = started ? ofSends(started.scheduledEventId, started.attempt ?? 1) : 0;
        return sum + tries - (completed ? ofSends(completed.scheduledEventId, 1) : 0);
      },
      0,
    ),
  };
}
