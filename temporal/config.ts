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
const ADDRESS_FORM = /^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/;

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
 * Reads the settings of logs, metrics and health only, for a process that does not connect to Temporal.
 * @throws SettingError with everything that is wrong with them
 */
export function loadTelemetryConfig(environment: NodeJS.ProcessEnv = process.env): TelemetryConfig {
  const problems: SettingProblem[] = [];
  const wanted = environment['VERIFICATION_LOG_LEVEL'] || DEFAULT_LOG_LEVEL;
  const logLevel = LOG_LEVELS.find((level) => level === wanted);
  if (!logLevel) {
    problems.push({ name: 'VERIFICATION_LOG_LEVEL', found: quoteSetting(wanted), allowed: LOG_LEVELS.join(', ') });
  }
  const addressIn = (name: string, example: string, leastPort: number) => {
    const address = environment[name] || undefined;
    if (address !== undefined && !isListenAddress(address, leastPort)) {
      problems.push({
        name,
        found: quoteSetting(address),
        allowed: `host:port of this machine, such as ${example}, with a port from ${leastPort} to 65535`,
      });
    }
    return address;
  };
  // Nobody would find the metrics on a port that the system has chosen.
  const metricsAddress = addressIn('VERIFICATION_METRICS_ADDRESS', '127.0.0.1:9464', 1);
  const healthAddress = addressIn('VERIFICATION_HEALTH_ADDRESS', '127.0.0.1:8080', 0);
  if (!logLevel || problems.length > 0) throw new SettingError(problems);
  return Object.freeze({ logLevel, metricsAddress, healthAddress });
}

function isListenAddress(address: string, leastPort: number): boolean {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return ADDRESS_FORM.test(address) && port >= leastPort && port <= 65_535;
}
