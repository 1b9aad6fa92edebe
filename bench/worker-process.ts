/**
 * A worker in a process of its own, so that its CPU time can be measured. It runs until the benchmark disconnects, and sends
 * its CPU time when it is asked.
 */
import { once } from 'node:events';
import { type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createCognitoClients } from '../activities/cognito-clients.js';
import { createWorker } from '../worker/worker.js';
import { createBareWorker } from './bare-worker.js';

/** The worker to run, and its server and endpoint. */
export interface WorkerProcessOptions {
  readonly address: string;
  readonly taskQueue: string;
  readonly cognitoUrl: string;
  readonly userPoolId: string;
  /** In the form of `VERIFICATION_ENCRYPTION_KEYS`. Default: payloads stay in plain text. */
  readonly keys?: string | undefined;
  /** The bundle of the barest workflow. Default: the real worker runs. */
  readonly bareBundlePath?: string | undefined;
}

const options: WorkerProcessOptions = JSON.parse(process.argv[2] ?? '{}');
const { address, taskQueue, cognitoUrl, userPoolId, bareBundlePath } = options;
const keys: KeyRing | undefined = options.keys ? keyRingOf(...parseKeys(options.keys, 'keys')) : undefined;

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  // Ctrl-C ends the benchmark, and the benchmark ends this process.
  shutdownSignals: [],
});
process.on('SIGINT', () => undefined);
const connection = await NativeConnection.connect({ address });
const cognito = createCognitoClients({ endpoint: cognitoUrl });
const userPools = [{ userPoolId }];
const worker =
  bareBundlePath === undefined
    ? await createWorker({ connection, namespace: 'default', keys, userPools, cognito, taskQueue })
    : await createBareWorker({ connection, userPools, cognito, taskQueue, bundlePath: bareBundlePath });
const running = worker.run();
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.('ready');
await Promise.race([once(process, 'disconnect'), running]);
worker.shutdown();
await running;
cognito.destroy();
await connection.close();
