/** What a worker process says about itself: one log for everything in the process, and metrics if they are configured. */
import { lookup } from 'node:dns/promises';
import { quoteSetting, SettingError } from '@cognito-verification/codec';
import { defined } from '@cognito-verification/contract';
import { type Logger, type LogLevel, type MetricsExporterConfig, Runtime } from '@temporalio/worker';
import { createLogger } from '../log/logger.js';
import type { LogLevelName, TelemetryConfig } from '../log/telemetry-config.js';
import { bucketsByName } from '../metrics/instruments.js';

/** `logLevel` is for our own code, the SDK and Core; `metricsAddress` serves Prometheus, under `/metrics`. */
export interface RuntimeSettings extends TelemetryConfig {
  /** The file to append the log to. Default: standard error. */
  readonly logFile?: string | undefined;
  /** The signals that shut down every worker of the process. Default: the SDK's (SIGINT, SIGTERM and two more). */
  readonly shutdownSignals?: NodeJS.Signals[] | undefined;
}

/** The log of the process. */
export interface ProcessLog {
  /** Writes at once. What workflows, activities, the SDK and Core log is buffered for a moment and sorted by time. */
  readonly logger: Logger;
  /** Writes the buffered lines. */
  readonly flush: () => void;
}

/**
 * At its debug level Core logs every task, which is what `debug` is for. Never at `trace`, where Core writes payloads into its
 * messages. The libraries of Core never log below `warn`: the one for HTTP would write headers, with the API key.
 */
const CORE_LEVELS: Record<LogLevelName, LogLevel> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'WARN',
  warn: 'WARN',
  error: 'ERROR',
};

/**
 * Sets up logging and metrics of the SDK for this process. To be called once, before the first connection.
 * @throws SettingError if nothing can listen on `metricsAddress`
 */
export async function installRuntime(settings: RuntimeSettings): Promise<ProcessLog> {
  const { logLevel, metricsAddress, logFile, shutdownSignals } = settings;
  const logger = createLogger(logLevel, logFile);
  const metrics = metricsAddress === undefined ? undefined : await prometheusOn(metricsAddress);
  const core = CORE_LEVELS[logLevel];
  try {
    const logging = { filter: { core, other: core === 'ERROR' ? 'ERROR' : 'WARN' }, forward: {} } as const;
    const runtime = Runtime.install(
      defined({ logger, telemetryOptions: defined({ logging, metrics }), shutdownSignals }),
    );
    return { logger, flush: () => runtime.flushLogs() };
  } catch (error) {
    // Core starts to listen here, and its error for a failure has no class of its own.
    const reason = /prometheus.*exporter: (.*)$/.exec(error instanceof Error ? error.message : '')?.[1];
    if (metricsAddress === undefined || reason === undefined) throw error;
    throw cannotListen('VERIFICATION_METRICS_ADDRESS', metricsAddress, reason);
  }
}

/**
 * Metrics at an address, with the names that Prometheus recommends: `_total` on counters, the unit on histograms, durations in seconds.
 * @throws SettingError for a host that no name server knows
 */
export async function prometheusOn(address: string): Promise<MetricsExporterConfig> {
  const colon = address.lastIndexOf(':');
  // Core takes addresses only, no names.
  const host = await lookup(address.slice(0, colon).replace(/^\[|\]$/g, '')).catch((error: unknown) => {
    throw cannotListen('VERIFICATION_METRICS_ADDRESS', address, error instanceof Error ? error.message : String(error));
  });
  return {
    prometheus: {
      bindAddress: (host.family === 6 ? `[${host.address}]` : host.address) + address.slice(colon),
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: bucketsByName(),
    },
  };
}

/** The error of a setting `name` that names an address where nothing can listen. */
export function cannotListen(name: string, address: string, reason: string): SettingError {
  return new SettingError([
    {
      name,
      found: `${quoteSetting(address)}, where nothing can listen (${reason})`,
      allowed: 'host:port of this machine that no other program has taken',
    },
  ]);
}
