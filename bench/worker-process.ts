/**
 * A worker in a process of its own, so that its CPU time and memory are its own. It runs until the benchmark disconnects. Another
 * revision runs this file too (`revision.ts`), so it imports only what f147f3d has.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createCognitoClients } from '../activities/cognito-clients.js';
import { createWorker } from '../worker/worker.js';
import { createBareWorker } from './bare-worker.js';
import type { Answer, ProcessOptions } from './processes.js';

const options: ProcessOptions = JSON.parse(process.argv[2] ?? '{}');
const { address, taskQueue, cognitoUrl, userPoolId, bareBundlePath, maxCachedWorkflows, workerMemoryMb } = options;
const { metricsAddress, tracesUrl } = options;
const keys: KeyRing | undefined = options.keys ? keyRingOf(...parseKeys(options.keys, 'keys')) : undefined;

const metrics = metricsAddress && {
  prometheus: {
    bindAddress: metricsAddress,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
  },
};
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: {
    logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} },
    ...(metrics ? { metrics } : {}),
  },
  // Ctrl-C ends the benchmark, and the benchmark ends this process.
  shutdownSignals: [],
});
process.on('SIGINT', () => undefined);
const connection = await NativeConnection.connect({ address });
const cognito = createCognitoClients({ endpoint: cognitoUrl });
const common = { connection, userPools: [{ userPoolId }], cognito, taskQueue };
const { worker, cached } = await (bareBundlePath === undefined ? createOurs() : createBare(bareBundlePath));
// As the command does; f147f3d does not.
const memory: Partial<typeof import('../worker/memory.js')> = await import('../worker/memory.js').catch(() => ({}));
if (bareBundlePath === undefined) memory.growHeapsSlowly?.();
const running = worker.run();
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const usage = { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss(), cached: cached() };
  process.send?.({ ...usage, beginMs: [], submitMs: [], wallMs: 0, workflowIds: [], failures: [] } satisfies Answer);
});
process.send?.('ready');
await Promise.race([once(process, 'disconnect'), running]);
worker.shutdown();
await running;
cognito.destroy();
await connection.close();

async function createOurs() {
  const tracing = tracesUrl === undefined ? undefined : await startTracing(tracesUrl);
  const messageGuard = options.guard === undefined ? undefined : await createGuard(options.guard);
  const settings = { namespace: 'default', keys, maxCachedWorkflows, workerMemoryMb, tracing, messageGuard };
  const ours = await createWorker({ ...common, ...settings });
  return { worker: ours, cached: () => ours.status().workflows?.numCachedWorkflows ?? 0 };
}

/** Everything that counts is on, and holds nothing. */
async function createGuard({ store }: NonNullable<ProcessOptions['guard']>) {
  const { createMessageGuard } = await import('../guard/create-message-guard.js');
  const { Secret } = await import('@cognito-verification/contract');
  const never = 1_000_000;
  const limits = { destinationPerHour: never, destinationPerDay: never, emailPerHour: never, emailPerDay: never };
  const shared = store === undefined ? {} : { guardStore: new Secret(store), guardKey: randomBytes(32) };
  return createMessageGuard({ ...limits, ...shared, smsBrake: 'on' }, { log: new DefaultLogger('ERROR') });
}

async function startTracing(url: string) {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = url;
  const { startTracing: start } = await import('../tracing/worker-tracing.js');
  return start(new DefaultLogger('ERROR'));
}

async function createBare(bundlePath: string) {
  const bare = await createBareWorker({ ...common, bundlePath });
  return { worker: bare, cached: () => bare.getStatus().numCachedWorkflows };
}
