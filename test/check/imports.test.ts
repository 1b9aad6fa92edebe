/** The layout check sees the whole product, and finds every violation. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PLANTED: Record<string, string> = {
  'log/upwards.ts': "import '../cli/print.js';",
  'workflows/upwards.ts': "import '../worker/worker.js';",
  'replay/sideways.ts': "import '../codec-server/wire.js';",
  'workflows/sideways.ts': "import '../temporal/config.js';",
  'codec/circle-of.ts': "import './circle-types.js';\nexport type Planted = string;",
  'codec/circle-types.ts': "import type { Planted } from './circle-of.js';\nexport const planted: Planted = '';",
  'annex/room.ts': "import '../log/logger.js';",
};

let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'imports-'));
  const leftOut = /^(node_modules|dist|test|docs|\.git|\.stack)$/;
  for (const name of (await readdir(ROOT)).filter((entry) => !leftOut.test(entry))) {
    const filter = (path: string) => !/\/(node_modules|dist)$/.test(path);
    await cp(join(ROOT, name), join(copy, name), { recursive: true, filter });
  }
  // The copy must resolve our own packages to itself, and all others to their installation.
  const scope = '@cognito-verification';
  await mkdir(join(copy, 'node_modules', scope), { recursive: true });
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== scope) await symlink(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name));
  }
  for (const name of ['client', 'codec', 'contract', 'testing']) {
    await symlink(join(copy, name), join(copy, 'node_modules', scope, name));
  }
});

afterAll(() => rm(copy, { recursive: true }));

it('finds a circle, imports upwards and sideways, and a folder without a layer, and nothing else', async () => {
  for (const [path, source] of Object.entries(PLANTED)) {
    await mkdir(join(copy, path, '..'), { recursive: true });
    await writeFile(join(copy, path), `${source}\n`);
  }
  const program = join(ROOT, 'node_modules/.bin/depcruise');
  const { stdout } = await promisify(execFile)(program, ['--config', '.dependency-cruiser.mjs', '.'], {
    cwd: copy,
    env: { ...process.env, NO_COLOR: '1' },
  }).catch((error: { stdout: string }) => error);

  expect(stdout).toContain('no-arrow-upwards: log/upwards.ts');
  expect(stdout).toContain('no-arrow-upwards: workflows/upwards.ts');
  expect(stdout).toContain('no-arrow-sideways: replay/sideways.ts');
  expect(stdout).toContain('no-arrow-sideways: workflows/sideways.ts');
  expect(stdout).toMatch(/no-circle: codec\/circle-/);
  expect(stdout).toContain('no-room-without-a-floor: annex/room.ts');
  expect(stdout).toContain('6 dependency violations');

  const files = (await readdir(copy, { recursive: true })).filter((path) => /^(?!node_modules).*\/.*\.ts$/.test(path));
  const [, modules, imports] = /(\d+) modules, (\d+) dependencies cruised/.exec(stdout) ?? [];
  expect(Number(modules)).toBeGreaterThanOrEqual(files.length);
  expect(Number(imports)).toBeGreaterThan(2 * files.length);
});
