/**
 * A worker in a process of its own, so that its CPU is its own: started by the benchmark, it works until the benchmark
 * lets go of it, and tells its CPU time when it is asked.
 */
import { once } from 'node:events';
import { type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createCognitoClients } from '../activities/cognito-clients.js';
import { createWorker } from '../worker/worker.js';
import { createBareWorker } from './bare-worker.js';

/** Which worker, and where it works. */
export interface WorkerProcessOptions {
  readonly address: string;
  readonly taskQueue: string;
  readonly cognitoUrl: string;
  /** As `VERIFICATION_ENCRYPTION_KEYS` takes them; in plain text without. */
  readonly keys?: string;
  /** The barest workflow's; absent for the real worker. */
  readonly bareBundlePath?: string;
}

const options: WorkerProcessOptions = JSON.parse(process.argv[2] ?? '{}');
const { address, taskQueue, cognitoUrl, bareBundlePath } = options;
const keys: KeyRing | undefined = options.keys ? keyRingOf(...parseKeys(options.keys, 'keys')) : undefined;

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  // Ctrl-C ends the benchmark, and the benchmark ends this.
  shutdownSignals: [],
});
process.on('SIGINT', () => undefined);
const connection = await NativeConnection.connect({ address });
const cognito = createCognitoClients({ endpoint: cognitoUrl });
const worker =
  bareBundlePath === undefined
    ? await createWorker({ connection, namespace: 'default', keys, cognito, taskQueue })
    : await createBareWorker({ connection, cognito, taskQueue, bundlePath: bareBundlePath });
const running = worker.run();
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.('ready');
await Promise.race([once(process, 'disconnect'), running]);
worker.shutdown();
await running;
cognito.destroy();
await connection.close();
