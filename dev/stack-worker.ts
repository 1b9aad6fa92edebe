/** The worker of a local stack: in this process, quiet on the terminal, its log in a file. */
import type { KeyRing } from '@cognito-verification/codec';
import { accessTokenSourceFromSettings } from '../activities/access-token-source-settings.js';
import { createCognitoClients } from '../activities/cognito-clients.js';
import { logUncaught } from '../log/log-uncaught.js';
import { loadTelemetryConfig, type TemporalConfig } from '../temporal/config.js';
import { connectWorker } from '../temporal/connect-worker.js';
import { installRuntime } from '../worker/telemetry.js';
import { createWorker } from '../worker/worker.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** What the worker needs. */
export interface StackWorkerOptions {
  readonly config: TemporalConfig;
  readonly keys: KeyRing;
  /** Where its calls to Cognito go; by the AWS settings unless given. */
  readonly endpoint: string | undefined;
  readonly logFile: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

/** Starts it; the answer tells in words that it has ended by itself, and otherwise never settles. */
export async function startStackWorker({
  config,
  keys,
  endpoint,
  logFile,
  timeline,
  teardown,
}: StackWorkerOptions): Promise<{ lost: Promise<string> }> {
  const accessTokenSource = accessTokenSourceFromSettings();
  const log = await installRuntime({
    ...loadTelemetryConfig(),
    logFile,
    // Whoever runs the stack decides when the worker stops: before the sandbox, and long before the server.
    shutdownSignals: [],
  });
  logUncaught({ ...log, tell: () => timeline.tell(`an error that nobody caught ends all of this; see ${logFile}`) });
  const connection = await connectWorker(config);
  teardown.addQuietly('the connection', async () => await connection.close());
  const cognito = createCognitoClients(endpoint === undefined ? {} : { endpoint });
  teardown.addQuietly('the Cognito client', () => cognito.destroy());
  const { namespace, taskQueue } = config;
  const worker = await createWorker({ connection, namespace, keys, cognito, accessTokenSource, taskQueue });

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
