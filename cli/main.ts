import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { COMMANDS } from './commands.js';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.js';
import { asCalled } from './print.js';
import { reportError } from './report.js';
import { refuseSecretArguments } from './secret-arguments.js';

/** The program with all of its commands. It loads only the command in `args`. */
async function programFor(args: readonly string[], json: boolean): Promise<Command> {
  const program = new Command('cognito-verification')
    .description('Verifies the email or phone number of an Amazon Cognito user, durably, on Temporal.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .addHelpText('after', `${SETTINGS_HELP}\n${EXIT_CODES_HELP}`)
    .exitOverride()
    // `reportError` reports every kind of error.
    .configureOutput({
      writeOut: (text) => process.stdout.write(asCalled(text)),
      outputError: () => undefined,
      writeErr: (text) => {
        if (!json) process.stderr.write(text);
      },
    });
  const words = args.filter((arg) => !arg.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  for (const { name, summary, load } of COMMANDS) {
    const command = name === wanted ? await load() : new Command(name);
    program.addCommand(command.copyInheritedSettings(program).summary(summary));
  }
  return program;
}

const SETTINGS_HELP = `
Secrets come from files, standard input or the environment, never from arguments:
  access token   --access-token-file FILE, $COGNITO_ACCESS_TOKEN
  code           --code-file FILE, $VERIFICATION_CODE, standard input

Settings, for worker and callers alike:
  Temporal       TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE and the others of the Temporal tools;
                 VERIFICATION_TASK_QUEUE
  keys           VERIFICATION_ENCRYPTION_KEYS, VERIFICATION_ENCRYPTION_KEYS_FILE or VERIFICATION_ENCRYPTION_KMS_KEYS,
                 without which nothing is read or sent
  user pools     VERIFICATION_USER_POOLS, ids separated by commas, each with app clients after colons if not all of
                 them count: eu-west-1_AbC123xyz,eu-west-1_DeF456uvw:CLIENT_ID. No other pool is served.
                 VERIFICATION_USER_POOL_KEYS_FILE has their public keys, which callers otherwise fetch from Cognito
Settings of the worker, see worker --help:
  Cognito        AWS_REGION and the others of the AWS SDK
  access tokens  VERIFICATION_ACCESS_TOKEN_SOURCE_URL, VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE
  cost           VERIFICATION_DIRECT_CALLS_PER_SECOND, VERIFICATION_WORKER_ONLY, VERIFICATION_WORKER_MEMORY_MB,
                 VERIFICATION_MAX_CACHED_WORKFLOWS, VERIFICATION_MAX_CONCURRENT_WORKFLOW_TASKS,
                 VERIFICATION_MAX_CONCURRENT_CALLS, VERIFICATION_WORKFLOW_TASK_POLLERS, VERIFICATION_CALL_POLLERS,
                 VERIFICATION_STICKY_TIMEOUT, VERIFICATION_SHUTDOWN_GRACE_TIME, VERIFICATION_WORKER_IDENTITY
  versions       TEMPORAL_DEPLOYMENT_NAME, TEMPORAL_WORKER_BUILD_ID, for deploy too
  telemetry      VERIFICATION_LOG_LEVEL, VERIFICATION_METRICS_ADDRESS, VERIFICATION_HEALTH_ADDRESS,
                 VERIFICATION_WORKFLOW_STACK_TRACES;
                 OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER and the others of OpenTelemetry, for traces

Output: text for people, or with --json one JSON document on standard output; an error is {"error": {"code", "message"}}.
Without --json, errors go to standard error.`;

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest && 'version' in manifest ? String(manifest.version) : 'unknown';
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  try {
    refuseSecretArguments(args);
    const program = await programFor(args, json);
    if (args.length === 0) program.help({ error: false });
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const exitCode = reportError(error, json);
    // The interrupted command still holds its connection open.
    if (exitCode === EXIT.interrupted) process.exit(exitCode);
    return exitCode;
  }
}

/**
 * Reports a full disk under standard output in one line and by the exit code, without Node's stack trace. A reader that has
 * closed the pipe, as `head` does, is not an error: the command goes on, so that a stack stays up.
 */
function watchOutput(): void {
  let reason: string | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || reason !== undefined) return;
    reason = error.code === 'ENOSPC' ? 'there is no space left' : error.message;
    process.stderr.write(`error: standard output cannot be written: ${reason}\n`);
  });
  // No stream is left to report it on.
  process.stderr.on('error', () => undefined);
  process.on('exit', () => {
    if (reason !== undefined && !process.exitCode) process.exitCode = EXIT.unsuccessful;
  });
}

/** A native worker that could not connect, or a connection that was closed during a call, would keep the process alive. */
const LINGER_MS = 500;

watchOutput();
void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), LINGER_MS).unref();
});
