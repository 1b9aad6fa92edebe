import { Runtime } from '@temporalio/worker';
import { createLogger } from '../log/logger.js';
import type { LogLevelName } from '../log/telemetry-config.js';

/**
 * Sets the SDK up for a process that only replays. Call it once. The caller reports what does not replay, so the SDK's log is
 * written only on request.
 * @param logLevel the level of `VERIFICATION_LOG_LEVEL`. Undefined writes no log
 */
export function installReplayRuntime(logLevel: LogLevelName | undefined): void {
  Runtime.install({
    logger: logLevel ? createLogger(logLevel) : createLogger('error', { write: () => undefined }),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
    // Ctrl-C ends the command, which ends the workers.
    shutdownSignals: [],
  });
}
