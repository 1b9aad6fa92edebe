/** The settings of the command `worker` that are about the worker itself. */
import { quoteSetting, readSettings, SettingError } from '@cognito-verification/codec';
import type { WorkerHalf } from './worker.js';

/** See the options of `createWorker` with the same names, and for direct calls its `allowance`. */
export interface WorkerSettings {
  /** `VERIFICATION_WORKFLOW_STACK_TRACES`. */
  readonly workflowStackTraces: boolean;
  /** `VERIFICATION_DIRECT_CALLS_PER_SECOND`. */
  readonly directCallsPerSecond: number | undefined;
  /** `VERIFICATION_MAX_CACHED_WORKFLOWS`. */
  readonly maxCachedWorkflows: number | undefined;
  /** `VERIFICATION_WORKER_ONLY`. */
  readonly only: WorkerHalf | undefined;
}

/**
 * Reads them from the environment. An empty variable counts as not set.
 * @throws SettingError with everything that is wrong
 */
export function workerSettings(env: NodeJS.ProcessEnv = process.env): WorkerSettings {
  return readSettings({
    workflowStackTraces: () => flag(env, 'VERIFICATION_WORKFLOW_STACK_TRACES'),
    directCallsPerSecond: () => count(env, 'VERIFICATION_DIRECT_CALLS_PER_SECOND', 1_000),
    maxCachedWorkflows: () => count(env, 'VERIFICATION_MAX_CACHED_WORKFLOWS', 100_000),
    only: () => half(env, 'VERIFICATION_WORKER_ONLY'),
  });
}

function count(env: NodeJS.ProcessEnv, name: string, most: number): number | undefined {
  const value = env[name] || undefined;
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value) && Number(value) <= most) return Number(value);
  throw new SettingError([{ name, found: quoteSetting(value), allowed: `a whole number from 0 to ${most}` }]);
}

function half(env: NodeJS.ProcessEnv, name: string): WorkerHalf | undefined {
  const value = env[name] || undefined;
  if (value === undefined || value === 'workflows' || value === 'calls') return value;
  throw new SettingError([{ name, found: quoteSetting(value), allowed: 'workflows, calls, or nothing for both' }]);
}

function flag(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = env[name] || 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new SettingError([{ name, found: quoteSetting(value), allowed: 'true, false' }]);
}
