/**
 * The tree of the image in a plain root file system: what is in it, and that it serves. Docker itself runs on no machine of ours, so that
 * nobody has built `deploy/Dockerfile` here.
 */
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VerificationClient } from '@cognito-verification/client';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { freePort } from '../../dev/free-port.js';
import { useRig } from '../rig.js';
import { type Image, readDockerfile } from './dockerfile.js';
import { type Contained, makeRootFileSystem, type RootFileSystem } from './root-file-system.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MB = 1_000_000;
const rig = useRig('local');
let image: Image;
let system: RootFileSystem | undefined;

beforeAll(async () => {
  image = await readDockerfile();
  system = await makeRootFileSystem();
});
afterAll(async () => await system?.remove());

function madeIn(context: TestContext): RootFileSystem {
  return system ?? context.skip('this user may not change the root');
}

const CORE = 'node_modules/@temporalio/core-bridge';
/** Besides the bundle. */
const FILES = [
  'LICENSE',
  'dist/bundled/THIRD-PARTY-LICENSES.md',
  'dist/program/load.cjs',
  'dist/program/main.cjs',
  'dist/program/workflow-thread.cjs',
  'dist/workflow-bundle.js',
  `${CORE}/package.json`,
  `${CORE}/releases/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu/index.node`,
  'node_modules/@temporalio/worker/package.json',
  'node_modules/source-map/lib/mappings.wasm',
  'node_modules/source-map/package.json',
  'package.json',
];

it('is made of every workspace, by the commands that this test runs', async () => {
  const steps = image.build.filter(({ name }) => name === 'RUN').map(({ text }) => text);
  const build = 'npm run --silent build && npm run --silent image-tree -- /app';
  expect(steps.slice(1)).toEqual(['npm ci --ignore-scripts', build]);
  const { workspaces, scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts['image-tree']).toBe('node dist/program/image-tree.js');
  const copied = image.build.filter(({ name }) => name === 'COPY').map(({ text }) => text);
  const manifests = workspaces.map((workspace: string) => `${workspace}/package.json ${workspace}/`);
  expect(new Set(copied)).toEqual(new Set(['. .', 'package.json package-lock.json ./', ...manifests]));
});

it('holds the bundle, the native part for one platform, and nothing else', async (context) => {
  const { tree } = madeIn(context);
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const files = paths.map((path) => path.slice(tree.length + 1)).sort();
  expect(files.filter((file) => !/^dist\/bundled\/[\w-]+\.cjs(\.cache)?$/.test(file))).toEqual(FILES.toSorted());
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const size = sizes.reduce((sum, one) => sum + one, 0);
  console.info(`the tree of the image has ${(size / MB).toFixed(1)} MB in ${files.length} files`);
  expect(size).toBeLessThan(60 * MB);
});

it('the bundle is made of no test, no compiler and no package manager', async () => {
  const folder = join(ROOT, 'dist/bundled');
  const maps = (await readdir(folder)).filter((name) => name.endsWith('.map'));
  const sources = await Promise.all(
    maps.map(async (name): Promise<string[]> => {
      const { sources: found }: { sources: string[] } = JSON.parse(await readFile(join(folder, name), 'utf8'));
      return found.map((source) => relative(ROOT, join(folder, source)));
    }),
  );
  const all = sources.flat();
  expect(all).toContain('dist/worker/main.js');
  const foreign =
    /^dist\/(test|bench|examples)\/|node_modules\/(vitest|typescript|webpack|rolldown|@swc|npm|fast-check)\//;
  expect(all.filter((source) => foreign.test(source))).toEqual([]);
});

it('verifies as another user on a read-only root, and ends on SIGTERM', { timeout: 60_000 }, async (context) => {
  const running = madeIn(context);
  if (running.guard !== 'read-only') console.warn('nobody may mount here: only the owner of the files guards them');
  const taskQueue = `image-${process.pid}`;
  const healthAddress = `127.0.0.1:${await freePort()}`;
  const healthcheck = async () => {
    const env = { ...image.env, VERIFICATION_HEALTH_ADDRESS: healthAddress };
    return await listen(running.run(image.user, image.healthcheck, env)).exited;
  };
  const worker = running.run(image.user, [...image.entrypoint, ...image.command, '--json'], {
    ...image.env,
    VERIFICATION_HEALTH_ADDRESS: healthAddress,
    TEMPORAL_ADDRESS: rig.env.address,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    VERIFICATION_TASK_QUEUE: taskQueue,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...rig.settings,
  });
  const { line, exited, output } = listen(worker);
  expect(JSON.parse(await line)).toMatchObject({ polling: { taskQueue } });
  const pid = await worker.pid();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  expect(status).toMatch(new RegExp(`^Uid:(\\s${parseInt(image.user)}){4}$`, 'm'));
  expect(status).toMatch(/^CapEff:\t0+$/m);
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const user = await rig.user();
  const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  const { result } = await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(result).toBe('verified');
  expect(await healthcheck()).toBe(0);
  process.kill(pid, 'SIGTERM');
  expect([await exited, output()]).toEqual([0, expect.not.stringMatching(/EROFS|EACCES|"level":"(warn|error)"/)]);
  expect(await healthcheck()).toBe(1);
});

it('can write nowhere', async (context) => {
  const running = madeIn(context);
  const tries = `for (const file of ['/tmp', '/x', '/app/x', '/app/dist/bundled/x', '/dev/x'])
    try { require('node:fs').writeFileSync(file, ''); console.log(file); } catch {}
    console.log('tried as', process.getuid());`;
  const { line, exited } = listen(running.run(image.user, ['node', '-e', tries], image.env));
  expect(await line).toBe(`tried as ${parseInt(image.user)}`);
  expect(await exited).toBe(0);
});

/** The first line of a program, and its end. */
function listen({ child }: Contained) {
  let stdout = '';
  let stderr = '';
  const exited = once(child, 'close').then(([code]: (number | null)[]) => code);
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const line = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const [first, ...rest] = stdout.split('\n');
      if (rest.length > 0) resolve(first ?? '');
    });
    void exited.then((code) => reject(new Error(`ended with ${code} and no line: ${stderr}`)));
  });
  line.catch(() => undefined);
  return { line, exited, output: () => stderr };
}
