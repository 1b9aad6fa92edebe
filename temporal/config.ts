import {
  quoteSetting,
  readSettings,
  SettingError,
  type SettingProblem,
  type TemporalSettings,
  temporalFromSettings,
} from '@cognito-verification/codec';
import { TASK_QUEUE } from '@cognito-verification/contract';
import { LOG_LEVELS, type TelemetryConfig } from '../log/telemetry-config.js';

/** How this process reaches Temporal. Read once, at the start. */
export interface TemporalConfig extends TemporalSettings {
  /** `VERIFICATION_TASK_QUEUE`; default `attribute-verification`. */
  readonly taskQueue: string;
}

const DEFAULT_LOG_LEVEL = 'info';
const METRICS_FORM = /^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/;

/**
 * Reads how a process reaches Temporal, and nothing else.
 * @throws SettingError with everything that is wrong with it
 */
export function loadTemporalConfig(environment: NodeJS.ProcessEnv = process.env): TemporalConfig {
  const temporal = temporalFromSettings(environment);
  return Object.freeze({ ...temporal, taskQueue: temporal.taskQueue ?? TASK_QUEUE });
}

/**
 * Reads the configuration of a process with a log: how it reaches Temporal, and our own `VERIFICATION_*`. An empty variable
 * counts as not set.
 * @throws SettingError with everything that is wrong
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): TemporalConfig & TelemetryConfig {
  const { temporal, telemetry } = readSettings({
    temporal: () => loadTemporalConfig(environment),
    telemetry: () => loadTelemetryConfig(environment),
  });
  return Object.freeze({ ...temporal, ...telemetry });
}

/**
 * Reads the settings of logs and metrics only, for a process that does not connect to Temporal.
 * @throws SettingError with everything that is wrong with them
 */
export function loadTelemetryConfig(environment: NodeJS.ProcessEnv = process.env): TelemetryConfig {
  const problems: SettingProblem[] = [];
  const wanted = environment['VERIFICATION_LOG_LEVEL'] || DEFAULT_LOG_LEVEL;
  const logLevel = LOG_LEVELS.find((level) => level === wanted);
  if (!logLevel) {
    problems.push({ name: 'VERIFICATION_LOG_LEVEL', found: quoteSetting(wanted), allowed: LOG_LEVELS.join(', ') });
  }
  const metricsAddress = environment['VERIFICATION_METRICS_ADDRESS'] || undefined;
  if (metricsAddress !== undefined && !isListenAddress(metricsAddress)) {
    problems.push({
      name: 'VERIFICATION_METRICS_ADDRESS',
      found: quoteSetting(metricsAddress),
      allowed: 'host:port of this machine, such as 127.0.0.1:9464, with a port from 1 to 65535',
    });
  }
  if (!logLevel || problems.length > 0) throw new SettingError(problems);
  return Object.freeze({ logLevel, metricsAddress });
}

/** Port 0 is refused: nobody would find the metrics on a port that the system has chosen. */
function isListenAddress(address: string): boolean {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return METRICS_FORM.test(address) && port > 0 && port <= 65_535;
}
