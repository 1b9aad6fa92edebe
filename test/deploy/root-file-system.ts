/**
 * A root file system with the tree of the image, Node.js, the shared libraries that both need, and nothing else: no shell, no `/tmp`, no
 * password file. Programs run in it as a container runs them, as far as the machine allows.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { works } from '../python-environment.js';

const run = promisify(execFile);
const MAKE_TREE = fileURLToPath(new URL('../../dist/program/image-tree.js', import.meta.url));

/** Where the image has the tree. */
const APP = '/app';

/** Mounts of its own, and a process 1, as a container has them: what is not a device or `/proc` is read-only. */
const CONTAINED = `
  mount --bind "$root" "$root"
  for device in null urandom; do mount --bind "/dev/$device" "$root/dev/$device"; done
  mount -t proc proc "$root/proc"
  mount -o remount,bind,ro "$root"
`;

const PROGRAM = 'exec chroot --userspec="$user" --groups="${user%:*}" "$root" "$@"';
const NAMES = 'root=$1; user=$2; shift 2;';

/** A running program; `pid` is its own. */
export interface Contained {
  readonly child: ChildProcess;
  pid(): Promise<number>;
}

/** The file system. */
export interface RootFileSystem {
  readonly folder: string;
  /** The tree in it. */
  readonly tree: string;
  /** `read-only`: nothing can be written. `another user`: the machine lets nobody mount, and only the files' owner could write. */
  readonly guard: 'read-only' | 'another user';
  /** Runs a command there in an environment of these variables alone. `node` is Node.js. @param user as `id:group` */
  run(user: string, command: readonly string[], env: NodeJS.ProcessEnv): Contained;
  remove(): Promise<void>;
}

/** Makes one. @returns undefined where this user may not change the root, as only root of Linux may */
export async function makeRootFileSystem(): Promise<RootFileSystem | undefined> {
  if (process.platform !== 'linux' || !(await works('chroot', '/', 'true'))) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'image-'));
  const tree = join(folder, APP);
  await run(process.execPath, [MAKE_TREE, tree]);
  const native = join(tree, 'node_modules/@temporalio/core-bridge/releases');
  const { stdout: found } = await run('find', [native, '-name', '*.node']);
  for (const file of [process.execPath, ...found.trim().split('\n')]) {
    for (const library of await librariesOf(file)) await copyInto(folder, library);
  }
  await mkdir(join(folder, 'bin'));
  await cp(await realpath(process.execPath), join(folder, 'bin/node'));
  for (const name of ['dev', 'proc']) await mkdir(join(folder, name));
  for (const device of ['null', 'urandom']) await writeFile(join(folder, 'dev', device), '');
  // For where nothing can be mounted over it: the native part does not start before it knows how much memory there is.
  await writeFile(join(folder, 'proc/meminfo'), await readFile('/proc/meminfo'));
  await chmod(folder, 0o755);
  const mayMount = await works('unshare', '--mount', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'none', '/mnt');
  // A machine that lets nobody mount: only the owner of the files keeps the program from writing.
  const script = mayMount ? `${NAMES}${CONTAINED}${PROGRAM}` : `${NAMES}${PROGRAM}`;
  const first = mayMount ? ['unshare', '--mount', '--pid', '--fork', '--kill-child'] : [];
  return {
    folder,
    tree,
    guard: mayMount ? 'read-only' : 'another user',
    run: (user, command, env) => {
      const [program = '', ...args] = [...first, 'sh', '-ec', script, 'sh', folder, user, ...command];
      const paths = `/bin:${process.env['PATH']}`;
      const child = spawn(program, args, { env: { PATH: paths, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
      return { child, pid: async () => (mayMount ? await onlyChildOf(child) : (child.pid ?? 0)) };
    },
    remove: async () => await rm(folder, { recursive: true, force: true }),
  };
}

async function librariesOf(file: string): Promise<string[]> {
  const { stdout } = await run('ldd', [file]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library ?? '');
}

async function copyInto(root: string, file: string): Promise<void> {
  await mkdir(join(root, dirname(file)), { recursive: true });
  await cp(await realpath(file), join(root, file));
}

/** `unshare` stays outside of what it has made, and passes no signal on. */
async function onlyChildOf({ pid = 0 }: ChildProcess): Promise<number> {
  return Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}
