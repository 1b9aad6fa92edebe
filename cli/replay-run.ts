/** What `replay` does once its options are known to be right. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type KeyRing, keyRingFromSettings } from '@cognito-verification/codec';
import { loadTelemetryConfig } from '../temporal/config.js';
import { type Replayed, replayHistories } from '../worker/replay.js';
import { type ReplayBundle, readBundle } from '../worker/replay-bundle.js';
import { installReplayRuntime } from '../worker/replay-runtime.js';
import { WORKFLOW_BUNDLE_PATH } from '../worker/workflow-bundle.js';
import { EXIT } from './exit-codes.js';
import { print } from './print.js';
import { Problems } from './problems.js';
import { startProgress } from './progress.js';
import type { ReplayCommandOptions } from './replay.js';
import { junitReport } from './replay-junit.js';
import { ReplayReport } from './replay-report.js';
import { openSave } from './replay-save.js';
import { openSource, type SourcedHistory } from './replay-source.js';
import { InterruptedError } from './usage-error.js';

/** Nothing was found, so nothing is known. */
class NothingToReplayError extends Error {
  override readonly name = 'NothingToReplayError';
  readonly code = 'NothingToReplay';
}

/** More than these share the processors with what opens the payloads. */
const MOST_WORKERS = 4;

/** @returns the exit code */
export async function runReplay(paths: readonly string[], options: ReplayCommandOptions): Promise<number> {
  const workers = options.concurrency ?? Math.min(availableParallelism(), MOST_WORKERS);
  const { keys, logging } = loadSettings();
  const bundle = await readBundle(options.bundle ?? WORKFLOW_BUNDLE_PATH);
  installReplayRuntime(logging);
  const interruption = interrupted();
  const progress = startProgress(process.stderr, 'replayed');
  try {
    const save = await openSave(options, keys);
    const source = await Promise.race([openSource(paths, options, workers), interruption.promise]);
    try {
      const report = new ReplayReport(bundle, source.about);
      const taken = { source, report, keys, bundle, workers };
      const work = replayAll(taken, interruption.signal, async (replayed) => {
        report.add(replayed);
        progress.step(report.replayed, source.count(), report.failures.length);
        await save?.take(replayed);
      });
      await Promise.race([work, interruption.promise]);
      if (report.replayed === 0 && !options.allowEmpty) {
        throw new NothingToReplayError(`${source.nothing} Where that is as it should be: --allow-empty.`);
      }
      report.saved = await save?.close(bundle);
      progress.end();
      if (options.junit !== undefined) await writeFile(options.junit, junitReport(report));
      print(options, report.document(), report.text());
      return report.failures.length > 0 ? EXIT.unsuccessful : EXIT.done;
    } finally {
      await source.close();
    }
  } finally {
    progress.end();
    interruption.dispose();
  }
}

interface Taken {
  source: Awaited<ReturnType<typeof openSource>>;
  report: ReplayReport;
  keys: KeyRing;
  bundle: ReplayBundle;
  workers: number;
}

/** What cannot be read is a failure too, and keeps none of the others from being replayed. */
async function replayAll(
  { source, report, keys, bundle, workers }: Taken,
  signal: AbortSignal,
  onReplayed: (replayed: Replayed<SourcedHistory>) => Promise<void>,
): Promise<void> {
  async function* readable() {
    for await (const found of source.histories) {
      if ('problem' in found) report.addUnreadable(found);
      else yield found;
    }
  }
  await replayHistories(readable(), { bundle, keys, workers, signal }, onReplayed);
}

/**
 * The settings of a worker, as far as a replay needs them; all that is wrong with them at once.
 * @throws ConfigError
 */
function loadSettings() {
  const problems = new Problems();
  const telemetry = problems.orNote(() => loadTelemetryConfig());
  const keys = problems.orNote(() => keyRingFromSettings());
  if (!telemetry || !keys) throw problems.toError();
  return { keys, logging: process.env['VERIFICATION_LOG_LEVEL'] ? telemetry.logLevel : undefined };
}

function interrupted(): { promise: Promise<never>; signal: AbortSignal; dispose: () => void } {
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const promise = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => {
      reject(new InterruptedError('Interrupted: not every history was replayed, so nothing is known of the build.'));
    });
  });
  promise.catch(() => undefined);
  const dispose = () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { promise, signal: abort.signal, dispose };
}
