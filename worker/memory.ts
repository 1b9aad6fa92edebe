/** Keeps a worker process under the memory that its setting names: so many verifications cached, and so much garbage. */
import { setFlagsFromString } from 'node:v8';

/** What follows from a number of megabytes. */
export interface MemoryPlan {
  /** The verifications in memory. */
  readonly maxCachedWorkflows: number;
  /** The heap limit of the workflow thread, in MB, beside its young generation. */
  readonly oldSpaceMb: number;
}

/** A process that has worked and keeps no verification: code, main thread, Core, and the workflow thread's own modules. */
const PROCESS_MB = 230;
/** Alive, with what Core keeps of it. */
const CACHED_MB = 0.25;

/** A third of the young generation, which is 48 MB otherwise. */
const SEMI_SPACE_MB = 8;

/** @param megabytes the resident memory that the process is to stay under */
export function planMemory(megabytes: number): MemoryPlan {
  return {
    maxCachedWorkflows: Math.floor(((megabytes - PROCESS_MB) * 0.5) / CACHED_MB),
    oldSpaceMb: megabytes - PROCESS_MB,
  };
}

/**
 * Starts what makes a thread, with the heap limit of a plan: V8 takes it from a flag of the process when it makes the thread's
 * heap, and the SDK gives its workflow thread no limits. Other threads of the process stay as they are.
 */
export async function withHeapLimits<T>({ oldSpaceMb }: MemoryPlan, start: () => Promise<T>): Promise<T> {
  setFlagsFromString(`--max-old-space-size=${oldSpaceMb}`);
  setFlagsFromString(`--max-semi-space-size=${SEMI_SPACE_MB}`);
  try {
    return await start();
  } finally {
    setFlagsFromString('--max-old-space-size=0');
    setFlagsFromString('--max-semi-space-size=0');
  }
}
