/** The contestants, and their processes: a worker and a caller each. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '../dev/free-port.js';
import { startRedis } from '../dev/redis.js';
import { createTeardown } from '../dev/teardown.js';
import type { BareBundle } from './bare-worker.js';
import { startCollector } from './collector.js';
import { type BenchProcess, type ProcessOptions, startProcess } from './processes.js';
import type { Stand } from './stand.js';

/** Something that verifies. */
export interface Contestant {
  readonly name: string;
  readonly kind: ProcessOptions['kind'];
  /** The folder of its build. */
  readonly root: string;
  readonly sealed: boolean;
  /** It takes part only where it is named. */
  readonly onlyNamed?: true;
  /** Whether its worker serves metrics. Default: it does not. */
  readonly metrics?: true;
  /** Where its worker's guard keeps its counts. Default: it has no guard. */
  readonly guard?: 'memory' | 'redis';
  /** The memory setting of its worker, in MB. Default: the product's. */
  readonly workerMemoryMb?: number;
  /** Whether worker and caller trace. Default: neither. */
  readonly traced?: true;
}

/** A contestant that runs. */
export interface Racer {
  readonly contestant: Contestant;
  readonly stand: Stand;
  readonly taskQueue: string;
  /** None for the caller without Temporal. */
  readonly worker?: BenchProcess | undefined;
  readonly caller: BenchProcess;
  stop(): Promise<void>;
}

/**
 * The product comes first, sealed. Variants of it follow: guard, metrics, tracing, memory, plain text. Beside them run the barest workflow
 * and a caller without Temporal.
 * @param other another revision's build. Its product takes part as well, and the barest workflow is that revision's.
 */
export function contestants(root: string, other?: { name: string; root: string }): Contestant[] {
  return [
    { name: 'sealed', kind: 'product', root, sealed: true },
    { name: 'guarded', kind: 'product', root, sealed: true, guard: 'memory', onlyNamed: true },
    { name: 'guarded with Redis', kind: 'product', root, sealed: true, guard: 'redis', onlyNamed: true },
    { name: 'with metrics', kind: 'product', root, sealed: true, metrics: true, onlyNamed: true },
    { name: 'traced', kind: 'product', root, sealed: true, traced: true, onlyNamed: true },
    { name: '400 MB', kind: 'product', root, sealed: true, workerMemoryMb: 400, onlyNamed: true },
    { name: '2000 MB', kind: 'product', root, sealed: true, workerMemoryMb: 2_000, onlyNamed: true },
    { name: 'plain text', kind: 'product', root, sealed: false },
    { name: 'barest', kind: 'barest', root: other?.root ?? root, sealed: false },
    ...(other ? [{ ...other, kind: 'product', sealed: true } as const] : []),
    { name: 'no Temporal', kind: 'direct', root, sealed: false },
  ];
}

/**
 * Starts the processes of a contestant. They end with the stand, unless they are stopped before.
 * @param options `purpose` is part of the task queue's name, so that two racers of one contestant do not meet;
 *   `maxCachedWorkflows` is only for the product
 */
export async function startRacer(
  stand: Stand,
  contestant: Contestant,
  { purpose = 'standing', maxCachedWorkflows }: { purpose?: string; maxCachedWorkflows?: number } = {},
): Promise<Racer> {
  const { kind, root, sealed, metrics, workerMemoryMb } = contestant;
  const { address, userPoolId, code } = stand;
  const taskQueue = `${contestant.name.replaceAll(' ', '-')}-${purpose}`;
  const teardown = createTeardown(stand.report);
  const stop = (): Promise<void> => teardown.run();
  stand.teardown.addQuietly(taskQueue, stop);
  const started = async (name: string, options: ProcessOptions): Promise<BenchProcess> => {
    const child = await startProcess(join(root, 'dist/bench', name), options);
    teardown.addQuietly(name, () => child.stop());
    return child;
  };
  const keys = sealed ? stand.keys : undefined;
  const collector = contestant.traced && (await startCollector());
  if (collector) teardown.addQuietly('the collector', () => collector.close());
  const tracesUrl = collector?.url;
  const place = { kind, address, userPoolId, code, taskQueue, keys, cognitoUrl: stand.sandbox.url, tracesUrl };
  let worker: BenchProcess | undefined;
  if (kind === 'barest') {
    const { bundleBare }: { bundleBare: () => Promise<BareBundle> } = await import(
      pathToFileURL(join(root, 'dist/bench/bare-worker.js')).href
    );
    const bundle = await bundleBare();
    teardown.addQuietly('the bundle', () => bundle.remove());
    worker = await started('worker-process.js', { ...place, bareBundlePath: bundle.path });
  } else if (kind === 'product') {
    const metricsAddress = metrics && `127.0.0.1:${await freePort()}`;
    const redis = contestant.guard === 'redis' ? await startRedis() : undefined;
    if (redis) teardown.addQuietly('Redis', () => redis.stop());
    const guard = contestant.guard && { store: redis?.url };
    worker = await started('worker-process.js', {
      ...place,
      guard,
      maxCachedWorkflows,
      workerMemoryMb,
      metricsAddress,
    });
  }
  const caller = await started('caller-process.js', place);
  return { contestant, stand, taskQueue, worker, caller, stop };
}
