/** `npm run test:packages`: a service installs the testing kit beside the client, and its own tests run with each runner. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { CLIENT, type Consumer, install, newFolder, ROOT, SUPPORTED, TESTING } from './consumer.js';

const RUNNERS = ['vitest@4.1.12', 'jest@30.5.2'];
const PEERS = [`@temporalio/client@${SUPPORTED}`, `@temporalio/common@${SUPPORTED}`];
const SERVICE = ['sign-up.mjs', 'with-fake.test.mjs', 'with-sandbox.test.mjs'];

let service: Consumer;
beforeAll(async () => {
  service = await newFolder();
  await install(service, [CLIENT, TESTING, ...PEERS, ...RUNNERS]);
});

/** Puts the small service of `test/testing/service/` and its tests into a folder, which are for node:test as they are. */
async function write(
  folder: string,
  change: (text: string) => string = (text) => text,
  ending = '.mjs',
): Promise<void> {
  for (const name of SERVICE) {
    const text = await readFile(join(ROOT, 'test/testing/service', name), 'utf8');
    await service.write({ [join(folder, name.replace('.mjs', ending))]: change(text) });
  }
}

const forRunner = (runner: string) => (text: string) =>
  text
    .replace('{ after, before, test }', '{ afterAll as after, beforeAll as before, test }')
    .replace('node:test', runner);

const asCommonJs = (text: string) =>
  text
    .replaceAll(/^import (.+) from '(.+)';$/gm, (_, names: string, id: string) => {
      const required = id.replace('sign-up.mjs', 'sign-up.cjs');
      return `const ${names.replaceAll(' as ', ': ')} = require('${required}');`;
    })
    .replace('export function', 'exports.signUpStep = function');

it('with node:test', async () => {
  await write('node');
  const files = SERVICE.slice(1).map((name) => join('node', name));
  expect(await service.run(files[1] ?? '', {}, process.execPath, '--test', files[0] ?? '')).toMatch(/pass 6[^]*fail 0/);
});

it('with vitest', async () => {
  await write('vitest', forRunner('vitest'));
  expect(await service.bin('vitest', 'run', '--dir', 'vitest')).toMatch(/Tests .*6 passed/);
});

it('with Jest', async () => {
  await write('jest', (text) => asCommonJs(forRunner('@jest/globals')(text)), '.cjs');
  expect(await service.bin('jest', '--rootDir', 'jest')).toMatch(/Tests: .*6 passed, 6 total/);
});

it('asks no registry for the client', async () => {
  // Nobody answers at the registry of our names, so the kit alone cannot be installed.
  await expect(install(await newFolder(), [TESTING, ...PEERS])).rejects.toThrow(/ECONNREFUSED 127\.0\.0\.1:1/);
});
