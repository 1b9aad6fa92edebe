/** What was started, to be stopped in the opposite order, each within a bound. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest time one part may take to stop: the server's own bound is ten seconds. */
const STEP_LIMIT_MS = 12_000;

type Stop = () => Promise<void> | void;

/** A list of things to stop. */
export interface Teardown {
  /**
   * Call it right after the start of `name`, so that a failure of the next step stops this one.
   * @throws Error when `run` was called meanwhile: then `name` is stopped at once.
   */
  add(name: string, stop: Stop): void;
  /** The same for what nobody wants to read about, unless it does not stop. */
  addQuietly(name: string, stop: Stop): void;
  /** Stops everything, last started first. A part that fails or hangs is reported and does not hold up the others. */
  run(): Promise<void>;
}

/** A teardown that tells `report` about the parts it stops. */
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

/** Why it did not stop; undefined when it did. */
async function stopWithin(stop: Stop): Promise<string | undefined> {
  const abort = new AbortController();
  const late = sleep(STEP_LIMIT_MS, `did not stop within ${STEP_LIMIT_MS / 1000} s`, { signal: abort.signal });
  // When it is not late, the abort below rejects it.
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
