/** What `replay` does once its options are checked. */
import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { keyRingFromSettings, readSettings } from '@cognito-verification/codec';
import { errorCode } from '../../log/error-code.js';
import { type ReplayBundle, readBundle } from '../../replay/bundle.js';
import { type ReplayOptions, replayHistories } from '../../replay/replay.js';
import { installReplayRuntime } from '../../replay/runtime.js';
import { loadConfig, loadTelemetryConfig } from '../../temporal/config.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { EXIT } from '../exit-codes.js';
import type { Interruption } from '../interruption.js';
import { print } from '../print.js';
import { type Progress, startProgress } from '../progress.js';
import { InterruptedError, UsageError } from '../usage-error.js';
import { junitReport } from './junit.js';
import type { ReplayCommandOptions } from './options.js';
import { ReplayReport } from './report.js';
import { openSave, type Save } from './save.js';
import { openSource, type ReplaySource } from './source.js';

/** There was no history, so the result proves nothing. */
class NothingToReplayError extends Error {
  override readonly name = 'NothingToReplayError';
  readonly code = 'NothingToReplay';
}

/** More workers would compete for processors with the code that opens payloads. */
const MOST_WORKERS = 4;

/** Some of the chosen histories have no result. */
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
  const report = await replayReport(paths, options, interruption);
  const failed = report.failures.length > 0;
  print(options, report.document(), report.text());
  if (report.error instanceof InterruptedError) return EXIT.interrupted;
  return failed ? EXIT.unsuccessful : EXIT.done;
}

/**
 * Replays what the options choose.
 * @throws what stopped it, unless a failure was found before
 */
export async function replayReport(
  paths: readonly string[],
  options: ReplayCommandOptions,
  interruption: Interruption,
): Promise<ReplayReport> {
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
  // Also after an interruption or an error: a failure that was found is reported.
  try {
    await junit?.writeFile(junitReport(report));
    await junit?.close();
  } catch (error) {
    report.error ??= error;
  }
  if (report.error !== undefined && report.failures.length === 0) throw report.error;
  return report;
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
      const why =
        count === 0 ? source.nothing : 'No worker has started any of them yet, so they hold nothing to replay.';
      throw new NothingToReplayError(`${why} If you expect that, add --allow-empty.`);
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

/** A history that cannot be read is a failure too. The others are replayed all the same. */
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
 * Opened before the work: a report that cannot be written would make it useless, and an old report is not of this build.
 * @throws UsageError
 */
async function openJunit(path: string): Promise<FileHandle> {
  return await open(path, 'w').catch((error: unknown) => {
    throw new UsageError(`--junit: ${path} cannot be written (${errorCode(error) ?? String(error)}).`);
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
