/** What a worker process tells of itself: one log for everything in it, metrics where they are asked for. */
import { lookup } from 'node:dns/promises';
import { type Logger, type LogLevel, type MetricsExporterConfig, Runtime } from '@temporalio/worker';
import { createLogger } from '../log/logger.js';
import type { LogLevelName, TelemetryConfig } from '../log/telemetry-config.js';
import { ConfigError } from '../temporal/config.js';

/** `logLevel` is for our own code, the SDK and Core alike; `metricsAddress` is served to Prometheus, under `/metrics`. */
export interface RuntimeSettings extends TelemetryConfig {
  /** Appended to. Default: standard error. */
  readonly logFile?: string;
  /** What makes every worker of the process shut down. Default: the SDK's (SIGINT, SIGTERM and two more). */
  readonly shutdownSignals?: NodeJS.Signals[];
}

/** The log of the process. */
export interface ProcessLog {
  /** Writes at once; what workflows, activities, the SDK and Core log is collected for a moment, to come in order. */
  readonly logger: Logger;
  /** Writes what is collected. */
  readonly flush: () => void;
}

/**
 * Core at its own debug level tells of every task, and that is what whoever asks for it wants. Never more: at `trace` it
 * writes payloads into its messages. And its libraries never below `warn`: the one for HTTP writes headers, API key and all.
 */
const CORE_LEVELS: Record<LogLevelName, LogLevel> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'WARN',
  warn: 'WARN',
  error: 'ERROR',
};

/**
 * Sets up logging and metrics for everything of the SDK in this process. Once, and before the first connection.
 * @throws ConfigError where nothing can listen on `metricsAddress`
 */
export async function installRuntime(settings: RuntimeSettings): Promise<ProcessLog> {
  const { logLevel, metricsAddress, logFile, shutdownSignals } = settings;
  const logger = createLogger(logLevel, logFile);
  const metrics = metricsAddress === undefined ? undefined : await prometheusOn(metricsAddress);
  const core = CORE_LEVELS[logLevel];
  try {
    const runtime = Runtime.install({
      logger,
      telemetryOptions: {
        logging: { filter: { core, other: core === 'ERROR' ? 'ERROR' : 'WARN' }, forward: {} },
        ...(metrics && { metrics }),
      },
      ...(shutdownSignals && { shutdownSignals }),
    });
    return { logger, flush: () => runtime.flushLogs() };
  } catch (error) {
    // Core starts to listen at once, and has no error of its own kind for it.
    const reason = /prometheus.*exporter: (.*)$/.exec(error instanceof Error ? error.message : '')?.[1];
    if (metricsAddress === undefined || reason === undefined) throw error;
    throw cannotListen(metricsAddress, reason);
  }
}

/** As Prometheus wants them named: `_total` on counters, the unit on histograms, and seconds for durations. */
async function prometheusOn(address: string): Promise<MetricsExporterConfig> {
  const colon = address.lastIndexOf(':');
  // Core takes no names.
  const host = await lookup(address.slice(0, colon).replace(/^\[|\]$/g, '')).catch((error: unknown) => {
    throw cannotListen(address, error instanceof Error ? error.message : String(error));
  });
  return {
    prometheus: {
      bindAddress: (host.family === 6 ? `[${host.address}]` : host.address) + address.slice(colon),
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
    },
  };
}

function cannotListen(address: string, reason: string): ConfigError {
  return new ConfigError([
    {
      name: 'VERIFICATION_METRICS_ADDRESS',
      found: `${JSON.stringify(address)}, where nothing can listen (${reason})`,
      allowed: 'host:port of this machine that no other program has taken',
    },
  ]);
}
