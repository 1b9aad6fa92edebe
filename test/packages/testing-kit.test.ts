/** `npm run test:packages`: a service installs the testing kit beside the client, and its own tests run with each runner. */
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { CLIENT, type Consumer, install, newFolder, SUPPORTED, TESTED, TESTING } from './consumer.js';

const RUNNERS = ['vitest@4.1.12', 'jest@30.5.2'];
const PEERS = [`@temporalio/client@${SUPPORTED}`, `@temporalio/common@${SUPPORTED}`];

let service: Consumer;
beforeAll(async () => {
  service = await newFolder();
  await install(service, [CLIENT, TESTING, ...PEERS, ...RUNNERS]);
});

/** Puts the tested service into a folder. */
async function write(
  folder: string,
  change: (text: string) => string = (text) => text,
  ending = '.mjs',
): Promise<void> {
  const files = Object.entries(TESTED).map(([name, text]) => [
    join(folder, name.replace('.mjs', ending)),
    change(text),
  ]);
  await service.write(Object.fromEntries(files));
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
  const [, fake = '', sandbox = ''] = Object.keys(TESTED).map((name) => join('node', name));
  expect(await service.run(fake, {}, process.execPath, '--test', sandbox)).toMatch(/pass 6[^]*fail 0/);
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
