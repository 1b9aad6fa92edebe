/** `cognito-verification up`: the local stack on a terminal; its options, its signals and what it prints. */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { LocalStack } from '../dev/local-stack.js';
import type { CognitoChoice } from '../dev/stack-cognito.js';
import { describeStack, forgetStackSettings } from '../dev/stack-environment.js';
import { openStackFolder, type RunningStack, type StackFolder } from '../dev/stack-folder.js';
import { createTimeline, type Timeline } from '../dev/timeline.js';
import { EXIT } from './exit-codes.js';
import { portOption } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { InterruptedError } from './usage-error.js';

interface UpOptions extends OutputOptions {
  stateDir: string;
  dbFilename?: string;
  port: number;
  uiPort: number;
  sandboxPort: number;
  codecPort: number;
  cognito: CognitoChoice;
  exitWhenVerified: boolean;
}

/** The stack could not be started, or a part of it ended by itself. */
class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
  readonly code = 'LocalStack';
}

/** npm passes on the Ctrl-C that the terminal has sent to us too: that echo is not the user's second one. */
const ECHO_MS = 500;
/** A download that was broken off, or a part that does not stop, must not keep the process alive. */
const LINGER_MS = 1_000;

const HELP = `
State (the server's database and the keys that its payloads are sealed with, the sandbox's pools and users) is kept in
--state-dir and found again at the next start. A second up with the same folder says what runs there and ends.

What is there is used instead of being started: a Temporal Service named by TEMPORAL_ADDRESS, TEMPORAL_PROFILE or
TEMPORAL_CONFIG_FILE, and a Cognito endpoint named by AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER. AWS credentials and a
region alone change nothing; --cognito aws makes the worker use Amazon Cognito. Users are made, and verifications
started, in Cognito sandboxes only: a real user pool is never written to, and no real message is sent unasked.

What the env file of a local stack has put into this shell is ignored here: it is the address of that stack's own parts.

On a Temporal Service that is not ours, a stack with its own sandbox works on a task queue of its own, unless
VERIFICATION_TASK_QUEUE is set.

Its worker and codec server take the settings of the two commands (see worker --help), such as VERIFICATION_LOG_LEVEL or
VERIFICATION_ACCESS_TOKEN_SOURCE_URL. Keys that the environment names are used in place of its own.

Example:
  $ cognito-verification up
  $ cognito-verification up --json --port 0 --ui-port 0 --sandbox-port 0 --state-dir /tmp/stack`;

/** The command for the program to add. */
export function upCommand(): Command {
  return new Command('up')
    .description('Starts a local stack, takes one verification through to verified, and stays up until Ctrl-C.')
    .option('--state-dir <folder>', 'where state is kept over restarts', '.stack')
    .option('--db-filename <file>', "the Temporal server's database (default: in the state folder)")
    .option('--port <port>', 'wanted port of the Temporal server; a free one if it is taken', portOption, 7233)
    .option('--ui-port <port>', 'wanted port of the Web UI', portOption, 8233)
    .option('--sandbox-port <port>', 'wanted port of the Cognito sandbox', portOption, 9320)
    .option('--codec-port <port>', 'wanted port of the codec server', portOption, 8888)
    .addOption(
      new Option('--cognito <which>', 'auto: an endpoint that is set, else a sandbox')
        .choices(['auto', 'sandbox', 'aws'])
        .default('auto'),
    )
    .option('--exit-when-verified', 'stop after the verification instead of staying up', false)
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (options: UpOptions) => {
      try {
        process.exitCode = await up(options);
      } finally {
        setTimeout(() => process.exit(), LINGER_MS).unref();
      }
    });
}

async function up(options: UpOptions): Promise<number> {
  const stateDir = resolve(options.stateDir);
  const folder = await openStackFolder(stateDir).catch((error: unknown) => {
    throw forPeople(error);
  });
  if ('pid' in folder) return tellOfOther(folder, stateDir, options);
  const timeline = createTimeline((text) => process.stderr.write(text));
  const forgotten = forgetStackSettings();
  if (forgotten.length > 0)
    timeline.tell(`not using ${forgotten.join(', ')} of this shell: the env file of a local stack has set it so`);
  // Ten lines about a release of Node.js in the middle of the timeline; workers in earnest are still warned.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const stop = stopOnSignal(timeline);
  try {
    return await runStack(folder, { ...options, stateDir }, timeline, stop);
  } finally {
    await folder.release();
  }
}

/** A second `up` is no mistake: who asks for the stack gets to know where it is. */
function tellOfOther({ pid, info }: RunningStack, stateDir: string, options: OutputOptions): number {
  const people = info
    ? describeStack(info, `A local stack runs already (pid ${pid}):`)
    : `A local stack is starting already (pid ${pid}); its state is in ${stateDir}.`;
  print(options, { ...(info ?? { pid, stateDir }), alreadyRunning: true }, people);
  return EXIT.done;
}

async function runStack(
  folder: StackFolder,
  options: UpOptions,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<number> {
  const { stateDir, dbFilename, cognito } = options;
  const ports = {
    temporal: options.port,
    webUi: options.uiPort,
    sandbox: options.sandboxPort,
    codecServer: options.codecPort,
  };
  // Loaded only now: the native worker is heavy, and neither help nor a second `up` needs it.
  const { startLocalStack } = await import('../dev/local-stack.js');
  let stack: LocalStack;
  try {
    stack = await startLocalStack({ folder, stateDir, ports, dbFilename, cognito, timeline, signal });
  } catch (error) {
    if (signal.aborted) throw new InterruptedError('Interrupted while starting; nothing of it is left running.');
    throw forPeople(error);
  }
  try {
    const { info, lost } = stack;
    print(options, info, describeStack(info, `The local stack is up (pid ${info.pid}):`));
    if (options.exitWhenVerified) return info.outcome === 'verified' ? EXIT.done : EXIT.unsuccessful;
    timeline.tell('Ctrl-C stops what was started here, and nothing else');
    const reason = await Promise.race([aborted(signal), lost]);
    if (reason !== undefined) throw new LocalStackError(reason);
    return EXIT.done;
  } finally {
    await stack.close();
  }
}

/** Plain errors here are foreseen and their message is for people; the program prints the stack of such otherwise. */
function forPeople(error: unknown): unknown {
  return error instanceof Error && error.name === 'Error'
    ? new LocalStackError(error.message, { cause: error })
    : error;
}

/** The first signal stops in order; the second ends this process at once, and a guard then ends the server. */
function stopOnSignal(timeline: Timeline): AbortSignal {
  const stop = new AbortController();
  let firstAt = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (!stop.signal.aborted) {
        firstAt = performance.now();
        timeline.tell(`${name === 'SIGINT' ? 'Ctrl-C' : name}: stopping what was started here`);
        stop.abort();
      } else if (performance.now() - firstAt > ECHO_MS) {
        process.exit(EXIT.interrupted);
      }
    });
  return stop.signal;
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return await new Promise((done) => signal.addEventListener('abort', () => done(undefined), { once: true }));
}
