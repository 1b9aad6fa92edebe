import { WORKER_SETTINGS, workerSettings } from '../worker/worker-settings.js';
import { readable } from './surroundings.js';

/**
 * The allowance that the environment sets for workers.
 * @throws CouldNotAskError for settings that no worker takes
 */
export function allowanceOf(environment: NodeJS.ProcessEnv): number {
  const { directCallsPerSecond } = readable(() => workerSettings(environment), 'worker-settings');
  return directCallsPerSecond ?? WORKER_SETTINGS.directCallsPerSecond.default;
}
