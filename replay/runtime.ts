import { Runtime } from '@temporalio/worker';
import { createLogger } from '../log/logger.js';
import type { LogLevelName } from '../log/telemetry-config.js';

/**
 * Sets the SDK up for a process that replays and does nothing else. Once. What it has to say about a history that does not
 * replay is said by whoever asked, so its log is written only on request.
 * @param logLevel as `VERIFICATION_LOG_LEVEL` has asked for; undefined writes none
 */
export function installReplayRuntime(logLevel: LogLevelName | undefined): void {
  Runtime.install({
    logger: logLevel ? createLogger(logLevel) : createLogger('error', { write: () => undefined }),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
    // Ctrl-C ends the command, which ends the workers.
    shutdownSignals: [],
  });
}
