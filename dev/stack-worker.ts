/** The worker of a local stack. It runs in this process and writes its log into a file. */
import type { KeyRing } from '@cognito-verification/codec';
import { defined, type ServedUserPool } from '@cognito-verification/contract';
import { accessTokenSourceFromSettings } from '../activities/access-token-source-settings.js';
import { createCognitoClients } from '../activities/cognito-clients.js';
import { probeUserPools } from '../activities/probe-user-pools.js';
import { createMessageGuard } from '../guard/create-message-guard.js';
import { guardSettings } from '../guard/guard-settings.js';
import { logUncaught } from '../log/log-uncaught.js';
import { loadTelemetryConfig, type TemporalConfig } from '../temporal/config.js';
import { connectWorker } from '../temporal/connect-worker.js';
import { isTracingOn } from '../tracing/settings.js';
import { guardObserver, meterOf } from '../worker/metrics.js';
import { installRuntime } from '../worker/telemetry.js';
import { createWorker } from '../worker/worker.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** Options of `startStackWorker`. */
export interface StackWorkerOptions {
  readonly config: TemporalConfig;
  readonly keys: KeyRing;
  readonly userPools: readonly ServedUserPool[];
  /** The endpoint of its calls to Cognito. Default: the AWS settings. */
  readonly endpoint: string | undefined;
  readonly logFile: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

/** Starts the worker. `lost` resolves with a sentence when it ends by itself, and otherwise never settles. */
export async function startStackWorker({
  config,
  keys,
  userPools,
  endpoint,
  logFile,
  timeline,
  teardown,
}: StackWorkerOptions): Promise<{ lost: Promise<string> }> {
  const accessTokenSource = accessTokenSourceFromSettings();
  const guard = guardSettings();
  const log = await installRuntime({
    ...loadTelemetryConfig(),
    logFile,
    // The stack itself stops the worker: before the sandbox, and long before the server.
    shutdownSignals: [],
  });
  logUncaught({ ...log, tell: () => timeline.tell(`an error that no code caught ends the stack; see ${logFile}`) });
  const connection = await connectWorker(config);
  teardown.addQuietly('the connection', async () => await connection.close());
  const cognito = createCognitoClients(defined({ endpoint }));
  teardown.addQuietly('the Cognito client', () => cognito.destroy());
  for (const warning of await probeUserPools(cognito, userPools)) timeline.tell(warning);
  const { namespace, taskQueue } = config;
  const tracing = isTracingOn() ? (await import('../tracing/worker-tracing.js')).startTracing(log.logger) : undefined;
  teardown.addQuietly('the traces', () => tracing?.close());
  const observe = guardObserver(meterOf({ namespace, taskQueue }));
  const messageGuard = createMessageGuard(guard, { log: log.logger, observe });
  teardown.addQuietly('the guard of messages', async () => await messageGuard.close());
  const whereAndWhat = { connection, namespace, taskQueue, keys, userPools, cognito };
  const worker = await createWorker({ ...whereAndWhat, accessTokenSource, messageGuard, tracing });

  let closing = false;
  const running = worker.run();
  teardown.add('the worker', async () => {
    closing = true;
    worker.shutdown();
    await running.catch(() => undefined);
  });
  const lost = new Promise<string>((resolve) => {
    const end = (reason: string) => {
      if (!closing) resolve(`the worker ended by itself: ${reason}`);
    };
    running.then(
      () => end('it was shut down'),
      (error: unknown) => end(error instanceof Error ? error.message : String(error)),
    );
  });
  return { lost };
}
