import { readSettings, SettingError } from '@cognito-verification/codec';
import { accessTokenSourceFromSettings } from '../activities/access-token-source-settings.js';
import { guardSettings } from '../guard/guard-settings.js';
import { loadTelemetryConfig } from '../temporal/config.js';
import { isTracingOn } from '../tracing/settings.js';
import { workerSettings } from '../worker/worker-settings.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { CORRECT_SETTING, findingsOf } from './findings.js';
import type { Surroundings } from './surroundings.js';

/** The settings of a worker that no other check reads, by the worker's own readers. */
export const WORKER_SETTINGS_CHECK: Check<Surroundings> = {
  name: 'worker-settings',
  area: 'temporal',
  title: 'settings of a worker',
  run({ environment }) {
    try {
      readSettings({
        telemetry: () => loadTelemetryConfig(environment),
        worker: () => workerSettings(environment),
        accessTokenSource: () => accessTokenSourceFromSettings(environment),
        guard: () => guardSettings(environment),
        isTraced: () => isTracingOn(environment),
      });
      return Promise.resolve([findingsOf('worker-settings').ok('settings', 'A worker can read what is set here.')]);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      return Promise.resolve([judgeWrongWorkerSettings(error)]);
    }
  },
};

function judgeWrongWorkerSettings(error: SettingError): Finding {
  return findingsOf('worker-settings').failure({
    subject: 'settings',
    found: error.message,
    means: 'No worker with these settings starts. Those that run go on until they are restarted.',
    remedy: CORRECT_SETTING,
  });
}
