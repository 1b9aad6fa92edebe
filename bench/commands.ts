/** What is measured on the command line of a build, each time in a process of its own: replay, and cold starts. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../dev/child-environment.js';
import type { Measure, Values } from './race.js';
import type { Racer } from './racers.js';

const execute = promisify(execFile);

/** So many times the size of a round. */
const HISTORIES = 5;

const isDeployable = ({ contestant }: Racer): boolean => contestant.kind === 'product' && contestant.sealed;

/** The measures of this file. @param size verifications of each contestant in each round */
export function commandMeasuresOf({ size }: { size: number }): readonly Measure[] {
  return [
    { name: 'replay', takes: isDeployable, run: (racer) => replay(racer, size * HISTORIES) },
    { name: 'start', takes: isDeployable, run: coldStarts },
  ];
}

/** One history takes as long to load as many, so its time is taken off. */
async function replay(racer: Racer, count: number): Promise<Values> {
  const files = await historiesOf(racer, count);
  const one = await runCommand(racer, ['replay', ...files.slice(0, 1)]);
  const all = await runCommand(racer, ['replay', ...files]);
  return { 'replays/s': ((files.length - 1) / (all - one)) * 1_000 };
}

const saved = new WeakMap<Racer, string[]>();

/** The files with histories of a contestant, which are made for the first replay. */
async function historiesOf(racer: Racer, count: number): Promise<string[]> {
  const known = saved.get(racer);
  if (known) return known;
  const { stand, caller, taskQueue } = racer;
  await caller.ask({ users: await stand.users(count), inFlight: 16 });
  const folder = await mkdtemp(join(tmpdir(), 'bench-replay-'));
  stand.teardown.addQuietly('the histories', () => rm(folder, { recursive: true, force: true }));
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Completed'`;
  const target = join(folder, 'histories');
  await runCommand(racer, ['replay', '--query', query, '--limit', String(count), '--save', target]);
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
  const worker = runNode(racer, [programOf(racer), 'worker', '--json'], `${racer.taskQueue}-cold`);
  await Promise.race([once(worker.child.stdout as NodeJS.ReadableStream, 'data'), worker]);
  const ms = performance.now() - startedAt;
  worker.child.kill();
  await worker;
  return ms;
}

/** Runs a command to its end, and returns the time in milliseconds. @throws Error unless it ends with 0 */
async function runCommand(racer: Racer, args: readonly string[]): Promise<number> {
  const program = programOf(racer);
  const startedAt = performance.now();
  await runNode(racer, [program, ...args]);
  return performance.now() - startedAt;
}

function programOf({ contestant: { root } }: Racer): string {
  const { bin }: { bin: Record<string, string> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(root, Object.values(bin)[0] ?? '');
}

function runNode({ stand, contestant: { root }, taskQueue }: Racer, args: readonly string[], queue = taskQueue) {
  const env = {
    ...childEnvironment(),
    TEMPORAL_ADDRESS: stand.address,
    VERIFICATION_TASK_QUEUE: queue,
    VERIFICATION_ENCRYPTION_KEYS: stand.keys,
    VERIFICATION_USER_POOLS: stand.userPoolId,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: stand.sandbox.url,
    AWS_REGION: 'us-east-1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  return execute(process.execPath, args, { cwd: root, signal: stand.signal, env });
}

/** The package as services install it; earlier revisions have none in one piece. */
const PACKAGE = 'dist/packages/client/index.mjs';

const importsOf = (client: string) => `
const times = [performance.now()];
for (const name of ['@temporalio/client', ${JSON.stringify(client)}]) {
  await import(name);
  times.push(performance.now());
}
console.log(JSON.stringify([times[1] - times[0], times[2] - times[1]]));
`;

async function importTimes(racer: Racer): Promise<Values> {
  const { root } = racer.contestant;
  const client = existsSync(join(root, PACKAGE)) ? `./${PACKAGE}` : '@cognito-verification/client';
  const { stdout } = await runNode(racer, ['--input-type=module', '--eval', importsOf(client)]);
  const [temporal = Number.NaN, ours = Number.NaN]: number[] = JSON.parse(stdout);
  return { 'import of @temporalio/client, ms': temporal, 'import of our client after it, ms': ours };
}
