/** What `replay` does once its options are known to be right. */
import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { keyRingFromSettings, readSettings } from '@cognito-verification/codec';
import { type ReplayBundle, readBundle } from '../../replay/bundle.js';
import { type ReplayOptions, replayHistories } from '../../replay/replay.js';
import { installReplayRuntime } from '../../replay/runtime.js';
import { loadConfig, loadTelemetryConfig } from '../../temporal/config.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { EXIT } from '../exit-codes.js';
import { print } from '../print.js';
import { type Progress, startProgress } from '../progress.js';
import { InterruptedError, UsageError } from '../usage-error.js';
import type { Interruption } from './interruption.js';
import { junitReport } from './junit.js';
import type { ReplayCommandOptions } from './options.js';
import { ReplayReport } from './report.js';
import { openSave, type Save } from './save.js';
import { openSource, type ReplaySource } from './source.js';

/** Nothing was found, so nothing is known. */
class NothingToReplayError extends Error {
  override readonly name = 'NothingToReplayError';
  readonly code = 'NothingToReplay';
}

/** More than these share the processors with what opens the payloads. */
const MOST_WORKERS = 4;

/** Not each of those that were taken was told of. */
class IncompleteError extends Error {
  override readonly name = 'IncompleteError';
  readonly code = 'Incomplete';
}

/** @returns the exit code */
export async function runReplay(
  paths: readonly string[],
  options: ReplayCommandOptions,
  interruption: Interruption,
): Promise<number> {
  const settings = loadSettings(paths);
  const bundle = await readBundle(options.bundle ?? WORKFLOW_BUNDLE_PATH);
  const junit = options.junit === undefined ? undefined : await openJunit(options.junit);
  installReplayRuntime(settings.logging);
  const report = new ReplayReport(bundle);
  try {
    await replayInto(report, paths, options, { ...settings, bundle, interruption });
  } catch (error) {
    report.error = error;
  }
  // Whatever has come in between: a failure that was found is a failure.
  try {
    await junit?.writeFile(junitReport(report));
    await junit?.close();
  } catch (error) {
    report.error ??= error;
  }
  const failed = report.failures.length > 0;
  if (report.error !== undefined && !failed) throw report.error;
  print(options, report.document(), report.text());
  if (report.error instanceof InterruptedError) return EXIT.interrupted;
  return failed ? EXIT.unsuccessful : EXIT.done;
}

type Settings = ReturnType<typeof loadSettings> & { bundle: ReplayBundle; interruption: Interruption };

async function replayInto(
  report: ReplayReport,
  paths: readonly string[],
  options: ReplayCommandOptions,
  { keys, temporal, bundle, interruption }: Settings,
): Promise<void> {
  const wanted = options.concurrency ?? Math.min(availableParallelism(), MOST_WORKERS);
  const { signal } = interruption;
  const unlessInterrupted = <T>(work: Promise<T>): Promise<T> => Promise.race([work, interruption.promise]);
  const progress = startProgress(process.stderr, 'replayed');
  let save: Save | undefined;
  let source: ReplaySource | undefined;
  try {
    save = await openSave(options, keys);
    source = await unlessInterrupted(openSource(paths, options, { workers: wanted, temporal }));
    report.source = source.about;
    const workers = Math.min(wanted, source.count());
    await unlessInterrupted(replayAll({ source, report, save, progress, replay: { keys, bundle, workers, signal } }));
    const count = source.count();
    if (report.seen !== count) throw new IncompleteError(`Of ${count} histories ${report.seen} were replayed.`);
    if (report.replayed === 0 && !options.allowEmpty) {
      const why = count === 0 ? source.nothing : 'No worker has taken up any of them yet, so there is nothing in them.';
      throw new NothingToReplayError(`${why} Where that is as it should be: --allow-empty.`);
    }
    progress.end();
    if (save) report.saved = await unlessInterrupted(save.close({ bundle, workers, signal }));
  } finally {
    progress.end();
    await save?.dispose();
    await source?.close();
  }
}

interface Work {
  source: ReplaySource;
  report: ReplayReport;
  save: Save | undefined;
  progress: Progress;
  replay: ReplayOptions;
}

/** What cannot be read is a failure too, and keeps none of the others from being replayed. */
async function replayAll({ source, report, save, progress, replay }: Work): Promise<void> {
  const step = () => progress.step(report.seen, source.count(), report.failures.length);
  async function* readable() {
    for await (const found of source.histories) {
      if ('problem' in found) {
        report.addUnreadable(found);
        step();
      } else yield found;
    }
  }
  await replayHistories(readable(), replay, async (replayed) => {
    report.add(replayed);
    step();
    await save?.take(replayed);
  });
}

/**
 * Before the work: it would be for nothing, and an old report is none of this build.
 * @throws UsageError
 */
async function openJunit(path: string): Promise<FileHandle> {
  return await open(path, 'w').catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`--junit: ${path} cannot be written (${reason}).`);
  });
}

/**
 * The settings of a worker, as far as a replay needs them.
 * @throws SettingError with everything that is wrong with them
 */
function loadSettings(paths: readonly string[]) {
  const { config, keys } = readSettings({
    config: () => {
      const temporal = paths.length === 0 ? loadConfig() : undefined;
      return { temporal, logLevel: (temporal ?? loadTelemetryConfig()).logLevel };
    },
    keys: () => keyRingFromSettings(),
  });
  const logging = process.env['VERIFICATION_LOG_LEVEL'] ? config.logLevel : undefined;
  return { keys, temporal: config.temporal, logging };
}
