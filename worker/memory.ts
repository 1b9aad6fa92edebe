/** Keeps a worker process under the memory that its setting names: so many verifications cached, and so much garbage. */
import { setFlagsFromString } from 'node:v8';
import threads from 'node:worker_threads';

/** A process that has worked and keeps no verification: code, main thread, Core, and the modules in the workflow thread. */
const PROCESS_MB = 200;
/** A verification in memory, with its garbage and what Core keeps of it: 0.57 measured with a thousand open, and a third to spare. */
const CACHED_MB = 0.75;

/**
 * In the heap of the workflow thread: its modules, the tasks under way and the longest history that a server keeps, of 50 MB, so
 * that no single verification ends the process. V8 collects long before the limit, and the sooner the lower it is.
 */
const THREAD_HEAP_MB = 256;
/** Each verification, 0.3 of it alive. */
const CACHED_HEAP_MB = 0.5;
/** V8 lets the young generation grow to 48 MB otherwise. */
const YOUNG_MB = 24;

/**
 * The number of verifications in memory with which a process stays under so many megabytes of resident memory.
 * @param megabytes above what an idle process takes
 */
export function cachedWithin(megabytes: number): number {
  return Math.floor((megabytes - PROCESS_MB) / CACHED_MB);
}

/** The heap limit, in MB beside the young generation, of a thread that keeps so many verifications. */
export function heapLimitFor(maxCachedWorkflows: number): number {
  return Math.ceil(THREAD_HEAP_MB + maxCachedWorkflows * CACHED_HEAP_MB);
}

/** V8 collects again when a heap has grown by so much since its last collection. Otherwise it may grow to four times. */
const GROWTH_PERCENT = 10;

/**
 * Lets the heaps of this process, that of its main thread above all, pile up less garbage before V8 collects it: without that the main
 * thread of a busy worker takes 200 MB for 50 that are alive. Each collection of a whole heap also moves together what is alive, or
 * the pages of both threads would fill less and less the more verifications have come and gone. V8 reads these flags at each
 * collection. Call it once everything is loaded: V8 refuses what it compiled under other flags. They are of the whole process, so
 * only a program of our own does it.
 */
export function growHeapsSlowly(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  setFlagsFromString('--compact-on-every-full-gc');
}

let latest: Promise<unknown> = Promise.resolve();

/**
 * Makes what starts a thread, with a heap limit for it: the higher the limit, the more garbage V8 lets pile up before it collects.
 * The SDK gives its workflow thread no limits and no way to set them, so its constructor is exchanged meanwhile. Flags of V8 would
 * do the same, but then V8 refuses what it compiled of the program before. One start at a time, so that each puts back what it found.
 */
export async function withHeapLimit<T>(limitMb: number, start: () => Promise<T>): Promise<T> {
  const made = latest.then(() => limited(limitMb, start));
  latest = made.catch(() => undefined);
  return await made;
}

async function limited<T>(limitMb: number, start: () => Promise<T>): Promise<T> {
  const { Worker } = threads;
  const resourceLimits = { maxOldGenerationSizeMb: limitMb, maxYoungGenerationSizeMb: YOUNG_MB };
  threads.Worker = class extends Worker {
    constructor(file: string | URL, options?: threads.WorkerOptions) {
      super(file, { ...options, resourceLimits });
    }
  };
  try {
    return await start();
  } finally {
    threads.Worker = Worker;
  }
}
