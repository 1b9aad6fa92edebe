/** Doctor's checks of everything but AWS on a real server, where all is well but what a test changes. */
import { randomBytes } from 'node:crypto';
import { cognitoTaskQueue } from '@cognito-verification/contract';
import { beforeAll, expect } from 'vitest';
import { CHECKS } from '../../doctor/checks.js';
import { examine } from '../../doctor/examination.js';
import { type Finding, worstOf } from '../../doctor/finding.js';
import { type Question, surroundingsFromSettings } from '../../doctor/surroundings.js';
import { type QueueLimitChanges, setQueueLimits } from '../../temporal/queue-limits.js';
import { type Rig, useRig } from '../rig.js';
import type { BrokenSurroundings } from './following.js';

const OTHERS = new Set(['temporal', 'keys', 'codec-server']);
export const ALL_CHECKS = CHECKS.filter(({ name, area }) => OTHERS.has(area) || name === 'user-pool-settings');
/** As whoever has looked up fairness runs doctor: `--without fairness`. */
export const WITHOUT_FAIRNESS = ALL_CHECKS.filter(({ name }) => name !== 'fairness');

export interface DoctorRig {
  readonly rig: Rig;
  /** The settings with which all is well. */
  readonly well: Record<string, string>;
  readonly doctor: ReturnType<typeof doctorOf>;
  /** Sets limits of the task queue of calls. Default: that of the rig. */
  readonly limit: (changes: Omit<QueueLimitChanges, 'identity'>, taskQueue?: string) => Promise<void>;
}

/** A server marks a verification that stands still after five failures, which take a minute. This one does after the first. */
const MARKED_AFTER = 'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1';

/** A rig with one verification, and a rate for its queue. */
export function useDoctorRig(): DoctorRig {
  const rig = useRig('local', { serverArguments: ['--dynamic-config-value', MARKED_AFTER] });
  const well: Record<string, string> = {};
  const limit: DoctorRig['limit'] = async (changes, taskQueue = rig.taskQueue) => {
    const { connection } = rig.env;
    const queue = { connection, namespace: 'default', taskQueue: cognitoTaskQueue(taskQueue) };
    await setQueueLimits(queue, { ...changes, identity: 'test' });
  };
  beforeAll(async () => {
    Object.assign(well, {
      TEMPORAL_ADDRESS: rig.env.address,
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_CONFIG_FILE: '',
      VERIFICATION_TASK_QUEUE: rig.taskQueue,
      VERIFICATION_ENCRYPTION_KEYS: rig.keys,
      ...rig.settings,
    });
    await limit({ queueRate: 12 });
    await rig.start(await rig.user());
  });
  return { rig, well, doctor: doctorOf(well, WITHOUT_FAIRNESS), limit };
}

/** Runs doctor's checks. @param usual the checks, unless a call names others */
export function doctorOf(well: NodeJS.ProcessEnv, usual: typeof CHECKS) {
  return async (env: NodeJS.ProcessEnv = {}, question: Partial<Question> = {}, asked = usual, now = Date.now) => {
    const whole = { userPoolIds: [], countries: [], ...question };
    const surroundings = surroundingsFromSettings(whole, { ...well, ...env }, now);
    const startedMs = performance.now();
    try {
      const findings = await examine(asked, surroundings);
      return { findings, tookMs: performance.now() - startedMs };
    } finally {
      await surroundings.close();
    }
  };
}

/** What is wrong, as `verdict check`, without what could not be asked for want of it. */
export function wrongIn(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ verdict, found }) => verdict !== 'ok' && !found.startsWith('Not asked'))
    .map(({ verdict, check }) => `${verdict} ${check}`);
}

/** Each check has said something, and each finding but `ok` says what it means and what to do. */
export function expectWhole(findings: readonly Finding[], checks: typeof CHECKS): void {
  expect([...new Set(findings.map(({ check }) => check))]).toEqual(checks.map(({ name }) => name));
  for (const { check, verdict, found, means, remedy } of findings) {
    expect(found, check).toMatch(/^[A-Z\d].*[^ ]$/s);
    if (verdict === 'ok') expect({ means, remedy }).toEqual({});
    else expect(remedy?.text, check).toMatch(/^[A-Z].+[.]$/);
    if (verdict === 'failure' || verdict === 'warning') expect(means, check).toMatch(/^[A-Z].+[.]$/);
  }
}

/** Breaks one thing: doctor names that and no other, in time. Then follows what it says, until nothing is wrong. */
export async function expectNamedAndEnded(
  { make, finding, says, follow }: BrokenSurroundings,
  { well, doctor, checks }: { well: NodeJS.ProcessEnv; doctor: DoctorRig['doctor']; checks: typeof CHECKS },
): Promise<void> {
  const { env, question } = await make();
  const { findings, tookMs } = await doctor(env, question);
  expectWhole(findings, checks);
  expect(wrongIn(findings)).toEqual([finding]);
  const told = findings.find(({ verdict, check }) => `${verdict} ${check}` === finding);
  expect(told?.found).toMatch(says);
  expect(JSON.stringify(findings)).not.toMatch(/someone|hunter2/);
  expect(worstOf(findings)).toBe(finding.split(' ')[0]);
  expect(tookMs).toBeLessThan(5_000);
  if (!told) return;
  const change = await follow(told, { ...well, ...env });
  const after = async () => (await doctor({ ...env, ...change.env }, { ...question, ...change.question })).findings;
  await expect.poll(async () => wrongIn(await after())).toEqual([]);
}

/** A key for `VERIFICATION_ENCRYPTION_KEYS` that nobody else has. */
export const otherKey = (id = 'test') => `${id}:${randomBytes(32).toString('base64')}`;
