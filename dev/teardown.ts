/** Stops what was started, in the opposite order, each part within a time limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/** The longest time that one part may take to stop. The server's own limit is ten seconds. */
const STEP_LIMIT_MS = 12_000;

type Stop = () => Promise<void> | void;

/** A list of things to stop. */
export interface Teardown {
  /**
   * Call it right after the start of `name`, so that a failure of the next step stops this one.
   * @throws Error when `run` was called before; `name` is then stopped at once
   */
  add(name: string, stop: Stop): void;
  /** The same for a part whose stop is not worth a line, unless it fails. */
  addQuietly(name: string, stop: Stop): void;
  /** Stops everything, last started first. It reports a part that fails or hangs, and goes on with the others. */
  run(): Promise<void>;
}

/** A teardown that reports each part that it stops. */
export function createTeardown(report: (line: string) => void): Teardown {
  let closed = false;
  const steps: { name: string; stop: Stop; quiet: boolean }[] = [];
  const add = (name: string, stop: Stop, quiet: boolean) => {
    if (!closed) {
      steps.push({ name, stop, quiet });
      return;
    }
    void stopWithin(stop);
    throw new Error(`stopped while starting ${name}`);
  };
  return {
    add: (name, stop) => add(name, stop, false),
    addQuietly: (name, stop) => add(name, stop, true),
    run: async () => {
      closed = true;
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        const trouble = await stopWithin(step.stop);
        if (trouble !== undefined) report(`${step.name} ${trouble}`);
        else if (!step.quiet) report(`stopped ${step.name}`);
      }
    },
  };
}

/** The reason why a part did not stop; undefined when it stopped. */
async function stopWithin(stop: Stop): Promise<string | undefined> {
  const abort = new AbortController();
  const late = sleep(STEP_LIMIT_MS, `did not stop within ${STEP_LIMIT_MS / 1000} s`, { signal: abort.signal });
  // The abort below rejects this promise when the part stops in time.
  late.catch(() => undefined);
  const stopped = async () => {
    await stop();
    return undefined;
  };
  try {
    return await Promise.race([stopped(), late]);
  } catch (error) {
    return `did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    abort.abort();
  }
}
