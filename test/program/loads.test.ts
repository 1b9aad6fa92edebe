/** What a command loads. A start is nearly all loading, so that one package more makes every command slow. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAIN } from '../cli/run-cli.js';

const HOOK = fileURLToPath(new URL('../../dist/test/program/reads.cjs', import.meta.url));
const BUNDLED = fileURLToPath(new URL('../../dist/bundled/', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loads-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

it('the help needs no package but the parser of the command line', async () => {
  const { files, packages } = await loadedBy(['--help']);
  expect(packages).toEqual(['commander']);
  expect(files.length).toBeLessThanOrEqual(12);
});

it('a command that asks a verification needs no worker, no log and no AWS SDK', async () => {
  // Refused for want of a key, after it has loaded what it needs.
  const { files, packages } = await loadedBy(['status', 'verify/eu-west-1_pool/2f0e/email']);
  expect(packages).toEqual(expect.arrayContaining(['@temporalio/client', '@grpc/grpc-js', 'protobufjs']));
  for (const absent of ['@temporalio/worker', 'rxjs', 'pino', '@aws-sdk/core', '@smithy/core', 'hono', 'valibot']) {
    expect(packages).not.toContain(absent);
  }
  expect(files.length).toBeLessThanOrEqual(40);
});

it('a worker needs no webpack, and nothing that is not bundled but its native part', async () => {
  const { files, packages } = await loadedBy(['worker']);
  expect(packages).toEqual(expect.arrayContaining(['@temporalio/worker', '@aws-sdk/client-cognito-identity-provider']));
  for (const absent of ['webpack', 'memfs', 'hono', '@aws-sdk/client-kms', '@opentelemetry/api']) {
    expect(packages).not.toContain(absent);
  }
  expect(files.filter((file) => file.startsWith(NODE_MODULES))).toEqual([
    expect.stringMatching(/@temporalio\/core-bridge\/releases\/.*\.node$/),
  ]);
});

it('V8 takes what it has compiled at the build of each file', async () => {
  const files = (await readdir(BUNDLED)).filter((file) => file.endsWith('.cjs'));
  expect(files).toContain('workflow-thread.cjs');
  for (const file of files) {
    const code = await readFile(join(BUNDLED, file), 'utf8');
    const cachedData = await readFile(join(BUNDLED, `${file}.cache`));
    expect(new Script(Module.wrap(code), { cachedData }).cachedDataRejected, file).toBe(false);
  }
});

it('runs the same where V8 refuses it, and where there is none', async () => {
  const copy = join(folder, 'copy');
  const run = () => spawnSync(process.execPath, [join(copy, 'dist/program/main.cjs'), '--help'], { encoding: 'utf8' });
  await cp(join(BUNDLED, '../program'), join(copy, 'dist/program'), { recursive: true });
  await cp(BUNDLED, join(copy, 'dist/bundled'), { recursive: true });
  await cp(join(BUNDLED, '../../package.json'), join(copy, 'package.json'));
  const expected = run();
  expect(expected.stdout).toContain('Usage: cognito-verification');
  await writeFile(join(copy, 'dist/bundled/cli.cjs.cache'), 'of another release of V8');
  expect(run()).toMatchObject({ status: 0, stdout: expected.stdout, stderr: '' });
  await rm(join(copy, 'dist/bundled/cli.cjs.cache'));
  expect(run()).toMatchObject({ status: 0, stdout: expected.stdout, stderr: '' });
});

/** The files that a command reads to run them, and the packages that the bundled ones among them hold. */
async function loadedBy(args: readonly string[]): Promise<{ files: string[]; packages: string[] }> {
  const report = join(folder, args[0] ?? '');
  spawnSync(process.execPath, ['--require', HOOK, MAIN, ...args], {
    env: { PATH: process.env['PATH'], HOME: folder, READS: report },
  });
  const files = (await readFile(report, 'utf8')).split('\n').filter((file) => file !== HOOK && file !== '');
  const packages = new Set<string>();
  for (const file of files) {
    const code = file.endsWith('.node') ? '' : await readFile(file, 'utf8');
    // The bundler names each file that it puts in.
    for (const [, name = ''] of code.matchAll(/^\/\/ (?:#region )?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm))
      packages.add(name);
  }
  return { files, packages: [...packages].sort() };
}
