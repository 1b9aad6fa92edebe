/** What is measured on the command line of a build, each time in a process of its own: replay, and cold starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../dev/child-environment.js';
import type { Measure, Values } from './race.js';
import type { Racer } from './racers.js';

/** As many histories as one replay takes. */
const HISTORIES = 200;

const isDeployable = ({ contestant }: Racer): boolean => contestant.kind === 'product' && contestant.sealed;

/** The measures by their names on the command line. */
export const COMMAND_MEASURES: Readonly<Record<string, readonly Measure[]>> = {
  replay: [{ name: 'replay', takes: isDeployable, run: replay }],
  start: [{ name: 'start', takes: isDeployable, run: coldStarts }],
};

/** One history takes as long to load as many, so its time is taken off. */
async function replay(racer: Racer): Promise<Values> {
  const files = await historiesOf(racer);
  const one = await runCommand(racer, ['replay', ...files.slice(0, 1)]);
  const all = await runCommand(racer, ['replay', ...files]);
  return { 'replays/s': ((files.length - 1) / (all - one)) * 1_000 };
}

const saved = new WeakMap<Racer, string[]>();

/** The files with histories of a contestant, which are made for the first replay. */
async function historiesOf(racer: Racer): Promise<string[]> {
  const known = saved.get(racer);
  if (known) return known;
  const { stand, caller, taskQueue } = racer;
  await caller.ask({ users: await stand.users(HISTORIES), inFlight: 16 });
  const folder = await mkdtemp(join(tmpdir(), 'bench-replay-'));
  stand.stopLater(() => rm(folder, { recursive: true, force: true }));
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Completed'`;
  const target = join(folder, 'histories');
  await runCommand(racer, ['replay', '--query', query, '--limit', String(HISTORIES), '--save', target]);
  const names = await readdir(target);
  const files = names.filter((name) => name !== 'manifest.json').map((name) => join(target, name));
  saved.set(racer, files);
  return files;
}

async function coldStarts(racer: Racer): Promise<Values> {
  const { stand, caller } = racer;
  const { workflowIds } = await caller.ask({ users: await stand.users(1), leaveOpen: true });
  const status = await runCommand(racer, ['status', '--json', workflowIds[0] ?? '']);
  await caller.ask({ submitOpen: 1 });
  return {
    'worker polls, ms': await timeUntilPolling(racer),
    'status --help, ms': await runCommand(racer, ['status', '--help']),
    'status, ms': status,
    ...(await importTimes(racer)),
  };
}

async function timeUntilPolling(racer: Racer): Promise<number> {
  const startedAt = performance.now();
  // A queue of its own, so that it takes no task of another worker.
  const worker = await spawnCommand(racer, ['worker', '--json'], `${racer.taskQueue}-cold`);
  const ended = once(worker, 'close');
  try {
    const first = await Promise.race([once(worker.stdout as NodeJS.ReadableStream, 'data'), ended]);
    if (!String(first[0]).includes('polling')) throw new Error('a worker did not start');
    return performance.now() - startedAt;
  } finally {
    worker.kill();
    await ended;
  }
}

/** Runs a command to its end, and returns the time in milliseconds. @throws Error unless it ends with 0 */
async function runCommand(racer: Racer, args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await finish(await spawnCommand(racer, args), args[0] ?? '');
  return performance.now() - startedAt;
}

async function spawnCommand(
  { stand, contestant: { root }, taskQueue }: Racer,
  args: readonly string[],
  queue = taskQueue,
): Promise<ChildProcess> {
  const { bin }: { bin: Record<string, string> } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const program = Object.values(bin)[0] ?? '';
  return spawnNode(root, [join(root, program), ...args], stand.closing, {
    TEMPORAL_ADDRESS: stand.address,
    VERIFICATION_TASK_QUEUE: queue,
    VERIFICATION_ENCRYPTION_KEYS: stand.keys,
    VERIFICATION_USER_POOLS: stand.userPoolId,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: stand.sandbox.url,
    AWS_REGION: 'us-east-1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
}

function spawnNode(
  cwd: string,
  args: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, args, { cwd, signal, stdio, env: { ...childEnvironment(), ...env } });
  // The end of the process tells the same.
  child.on('error', () => undefined);
  return child;
}

/** Waits for the end, and returns what it wrote to standard output. */
async function finish(child: ChildProcess, name: string): Promise<string> {
  let [output, errors] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${errors.trim()}`);
  return output;
}

const IMPORTS = `
const times = [performance.now()];
for (const name of ['@temporalio/client', '@cognito-verification/client']) {
  await import(name);
  times.push(performance.now());
}
console.log(JSON.stringify([times[1] - times[0], times[2] - times[1]]));
`;

async function importTimes({ stand, contestant: { root } }: Racer): Promise<Values> {
  const output = await finish(spawnNode(root, ['--input-type=module', '--eval', IMPORTS], stand.closing), 'the import');
  const [temporal = Number.NaN, ours = Number.NaN]: number[] = JSON.parse(output);
  return { 'import of @temporalio/client, ms': temporal, 'import of our client after it, ms': ours };
}
