import { Command, InvalidArgumentError } from 'commander';
import { durationOption, wholeNumberOption } from '../options.js';
import { jsonOption } from '../print.js';
import { UsageError } from '../usage-error.js';
import { watchInterruption } from './interruption.js';
import type { ReplayCommandOptions } from './options.js';

const HELP = `
Without paths it takes verifications of the namespace, and only reads there. Payloads are opened with the keys of a worker:
VERIFICATION_ENCRYPTION_KEYS, VERIFICATION_ENCRYPTION_KEYS_FILE or VERIFICATION_ENCRYPTION_KMS_KEYS.

A file is what --save writes, {"workflowId", "runId", "history"}, or what temporal workflow show --output json prints. A
manifest.json beside files says whose they are, where they do not: {"histories": [{"file", "workflowId", "runId"}]}.

Exit codes:
  0    every history replays
  1    one does not, or could not be read, opened or saved; or there was none
  2    wrong usage, value or configuration
  3    Temporal or the key service cannot be reached, or the namespace is not set up
  130  interrupted

Examples:
  cognito-verification replay
  cognito-verification replay --query "ExecutionStatus = 'Running'" --limit 2000 --junit replay.xml
  cognito-verification replay histories/ --bundle /next-build/dist/workflow-bundle.js
  cognito-verification replay --save histories --redact --seal-key-file test-key`;

/** `replay`: the native worker, and Temporal's client, are loaded only when this runs. */
export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'Replays verifications on this build, or on another, and says which of them it could not go on with: before it is deployed.',
    )
    .argument('[paths...]', 'files and folders with histories (default: verifications of the namespace)')
    .option('--query <query>', 'which verifications, as in temporal workflow list (default: open, or ended as --since)')
    .option('--since <duration>', 'of those that have ended, which. Default 24h', durationOption)
    .option('--limit <n>', 'how many at most, evenly over their states. Default 500', countOption)
    .option('--workflow-id <id>', 'of the one file that does not say it')
    .option('--bundle <file>', 'workflow bundle of another build (default: of this one)')
    .option(
      '--concurrency <n>',
      'replayed at once, each with a thread and some 100 MB; never more than histories. 1 to 32; default: as many as processors, 4 at most',
      concurrencyOption,
    )
    .option('--junit <file>', 'write a report as JUnit does, a test case a history')
    .option('--save <folder>', 'write the histories there, a file each and a manifest; a new or empty folder')
    .option('--redact', 'with --save: tokens, codes and personal data become stand-ins, with which they still replay')
    .option(
      '--seal-key-file <file>',
      'with --redact: the id:key to seal them with (default: the first key of a worker)',
    )
    .option('--allow-empty', 'having found none is no error')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: ReplayCommandOptions) => {
      checkUsage(paths, options);
      // Before the native worker is loaded, which takes a second.
      const interruption = watchInterruption();
      try {
        const { runReplay } = await Promise.race([import('./run.js'), interruption.promise]);
        process.exitCode = await runReplay(paths, options, interruption);
      } finally {
        interruption.dispose();
      }
    });
}

/** @throws UsageError */
function checkUsage(paths: readonly string[], options: ReplayCommandOptions): void {
  const { query, since, limit, save, redact, sealKeyFile, workflowId } = options;
  const live = Object.entries({ query, since, limit }).find(([, value]) => value !== undefined)?.[0];
  if (paths.length > 0 && live !== undefined) {
    throw new UsageError(`--${live} is for verifications of a namespace, and cannot come with files or folders.`);
  }
  if (query !== undefined && since !== undefined) {
    throw new UsageError('--since belongs to the default query: a query of your own says it, as in CloseTime > ….');
  }
  if (redact && save === undefined) throw new UsageError('--redact needs --save: it says where they are written.');
  if (sealKeyFile !== undefined && !redact) throw new UsageError('--seal-key-file needs --redact.');
  if (workflowId !== undefined && paths.length !== 1) throw new UsageError('--workflow-id is for one file.');
}

/** @throws InvalidArgumentError */
function countOption(value: string): number {
  const count = wholeNumberOption(value);
  if (count === 0) throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}

/** Each has a thread and some 100 MB. */
const MOST_CONCURRENT = 32;

/** @throws InvalidArgumentError */
function concurrencyOption(value: string): number {
  const count = countOption(value);
  if (count > MOST_CONCURRENT)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_CONCURRENT}.`);
  return count;
}
