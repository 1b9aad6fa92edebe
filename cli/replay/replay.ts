import { Command } from 'commander';
import { watchInterruption } from '../interruption.js';
import { countWithin, durationOption } from '../options.js';
import { jsonOption } from '../print.js';
import { UsageError } from '../usage-error.js';
import type { ReplayCommandOptions } from './options.js';

const HELP = `
Without paths it reads verifications of the namespace, and changes nothing there. It opens payloads with the keys of a worker:
VERIFICATION_ENCRYPTION_KEYS, VERIFICATION_ENCRYPTION_KEYS_FILE or VERIFICATION_ENCRYPTION_KMS_KEYS.

A file is what --save writes, {"workflowId", "runId", "history"}, or what temporal workflow show --output json prints. A
manifest.json in a folder says which verification each file belongs to: {"histories": [{"file", "workflowId", "runId"}]}.

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

const INTERRUPTED = 'Interrupted: not every history was replayed, and none was saved.';

/** `replay`: loads the native worker, and Temporal's client, only when it runs. */
export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'Replays verifications on this build or another before you deploy it, and says which of them the build could not continue.',
    )
    .argument('[paths...]', 'files and folders with histories (default: verifications of the namespace)')
    .option(
      '--query <query>',
      'which verifications, as in temporal workflow list (default: open, or ended within --since)',
    )
    .option('--since <duration>', 'also those that ended within this time. Default 24h', durationOption)
    .option('--limit <n>', 'how many at most, evenly over their states. Default 500', countWithin(1))
    .option('--workflow-id <id>', 'the workflow id of a single file that does not contain it')
    .option('--bundle <file>', 'workflow bundle of another build (default: the bundle of this build)')
    .option(
      '--concurrency <n>',
      'how many to replay at once, each with a thread and some 100 MB; 1 to 32. Default: as many as processors, 4 at most',
      countWithin(1, MOST_CONCURRENT),
    )
    .option('--junit <file>', 'write a JUnit report with a test case for each history')
    .option('--save <folder>', 'write the histories to this new or empty folder, one file each, and a manifest')
    .option('--redact', 'with --save: replace tokens, codes and personal data by stand-ins; the histories still replay')
    .option(
      '--seal-key-file <file>',
      'with --redact: the id:key to seal them with (default: the first key of a worker)',
    )
    .option('--allow-empty', 'finding no history is not an error')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: ReplayCommandOptions) => {
      checkUsage(paths, options);
      // Before the native worker loads, which takes a second.
      const interruption = watchInterruption(INTERRUPTED, ['SIGINT', 'SIGTERM']);
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
    throw new UsageError(`--${live} is for verifications of a namespace, and cannot be used with files or folders.`);
  }
  if (query !== undefined && since !== undefined) {
    throw new UsageError('--since belongs to the default query. Write it into your own query, as in CloseTime > ….');
  }
  if (redact && save === undefined)
    throw new UsageError('--redact needs --save, which says where to write the histories.');
  if (sealKeyFile !== undefined && !redact) throw new UsageError('--seal-key-file needs --redact.');
  if (workflowId !== undefined && paths.length !== 1) throw new UsageError('--workflow-id is for one file.');
}

/** Each has a thread and some 100 MB. */
const MOST_CONCURRENT = 32;
