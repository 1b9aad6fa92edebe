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
import { jsonOption, type OutputOptions, onTerminal, print } from './print.js';
import { InterruptedError } from './usage-error.js';

interface UpOptions extends OutputOptions {
  stateDir: string;
  dbFilename?: string | undefined;
  port: number;
  uiPort: number;
  sandboxPort: number;
  codecPort: number;
  cognito: CognitoChoice;
  exitWhenVerified: boolean;
}

/** The stack does not start, or a part of it has ended by itself. */
class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
  readonly code = 'LocalStack';
}

/** The terminal sends Ctrl-C to this process, and npm passes it on once more. That echo is not a second Ctrl-C. */
const ECHO_MS = 500;
/** An aborted download, or a part that does not stop, must not keep the process alive for longer. */
const LINGER_MS = 1_000;

const HELP = `
The folder --state-dir keeps the state (the server's database and its encryption keys, the sandbox's pools and users)
for the next start. A second up with the same folder prints what runs there and ends. The folder must be your own and
closed to other users; links are not followed.

The stack uses what the environment names instead of starting it: a Temporal Service (TEMPORAL_ADDRESS, TEMPORAL_PROFILE
or TEMPORAL_CONFIG_FILE) and a Cognito endpoint (AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER). AWS credentials and a
region alone change nothing; --cognito aws makes the worker use Amazon Cognito. The stack makes users and starts
verifications in Cognito sandboxes only: it never writes to a real user pool, and sends no real message by itself.

The stack ignores settings that the env file of a local stack has put into this shell: they lead to that stack's parts.

On a Temporal Service that it has not started, a stack with its own sandbox uses a task queue of its own, unless
VERIFICATION_TASK_QUEUE is set.

The worker and the codec server of the stack take the settings of their commands (see worker --help), such as
VERIFICATION_LOG_LEVEL or VERIFICATION_ACCESS_TOKEN_SOURCE_URL. Keys in the environment replace the stack's own.

Example:
  $ cognito-verification up
  $ cognito-verification up --json --port 0 --ui-port 0 --sandbox-port 0 --state-dir /tmp/stack`;

/** `up`: the command that the program adds. */
export function upCommand(): Command {
  return new Command('up')
    .description('Starts a local stack, runs one verification until it is verified, and stays up until Ctrl-C.')
    .option('--state-dir <folder>', 'folder that keeps the state over restarts', '.stack')
    .option('--db-filename <file>', "the Temporal server's database (default: in the state folder)")
    .option('--port <port>', 'wanted port of the Temporal server; a free one if it is taken', portOption, 7233)
    .option('--ui-port <port>', 'wanted port of the Web UI', portOption, 8233)
    .option('--sandbox-port <port>', 'wanted port of the Cognito sandbox', portOption, 9320)
    .option('--codec-port <port>', 'wanted port of the codec server', portOption, 8888)
    .addOption(
      new Option('--cognito <which>', 'auto: the endpoint that is set, else a sandbox')
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
    throw toLocalStackError(error);
  });
  if ('pid' in folder) return printRunning(folder, stateDir, options);
  const timeline = createTimeline((text) => process.stderr.write(onTerminal(text)));
  const forgotten = forgetStackSettings();
  if (forgotten.length > 0)
    timeline.tell(`not using ${forgotten.join(', ')} of this shell: the env file of a local stack has set it`);
  // The AWS SDK's warning would put ten lines into the timeline. The command `worker` still prints it.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const stop = stopOnSignal(timeline);
  try {
    return await runStack(folder, { ...options, stateDir }, timeline, stop);
  } finally {
    await folder.release();
  }
}

/** A second `up` is not a mistake: it prints where the stack is. */
function printRunning({ pid, info }: RunningStack, stateDir: string, options: OutputOptions): number {
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
  // Loaded here, because the native worker is heavy and neither help nor a second `up` needs it.
  const { startLocalStack } = await import('../dev/local-stack.js');
  let stack: LocalStack;
  try {
    stack = await startLocalStack({ folder, stateDir, ports, dbFilename, cognito, timeline, signal });
  } catch (error) {
    if (signal.aborted) throw new InterruptedError('Interrupted while starting; nothing was left running.');
    throw toLocalStackError(error);
  }
  try {
    const { info, lost } = stack;
    const stays = !options.exitWhenVerified;
    const title = stays ? `The local stack is up (pid ${info.pid}):` : 'The local stack, which stops now:';
    print(options, info, describeStack(info, title, stays));
    if (!stays) return info.outcome === 'verified' ? EXIT.done : EXIT.unsuccessful;
    timeline.tell('Ctrl-C stops what was started here, and nothing else');
    const reason = await Promise.race([untilAborted(signal), lost]);
    if (reason !== undefined) throw new LocalStackError(reason);
    return EXIT.done;
  } finally {
    await stack.close();
  }
}

/** A plain `Error` here is expected and its message is for people. The program would print its stack trace otherwise. */
function toLocalStackError(error: unknown): unknown {
  return error instanceof Error && error.name === 'Error'
    ? new LocalStackError(error.message, { cause: error })
    : error;
}

/** The first signal stops the parts in order. The second ends this process at once, and a guard then ends the server. */
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

async function untilAborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return await new Promise((done) => signal.addEventListener('abort', () => done(undefined), { once: true }));
}
