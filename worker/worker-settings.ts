/** The settings of the command `worker` that are about the worker itself. */
import { quoteSetting, SettingError } from '@cognito-verification/codec';

/** See the options of `createWorker` with the same names. */
export interface WorkerSettings {
  /** `VERIFICATION_WORKFLOW_STACK_TRACES`. */
  readonly workflowStackTraces: boolean;
}

/**
 * Reads them from the environment. An empty variable counts as not set.
 * @throws SettingError with everything that is wrong
 */
export function workerSettings(env: NodeJS.ProcessEnv = process.env): WorkerSettings {
  return { workflowStackTraces: flag(env, 'VERIFICATION_WORKFLOW_STACK_TRACES') };
}

function flag(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = env[name] || 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new SettingError([{ name, found: quoteSetting(value), allowed: 'true, false' }]);
}
