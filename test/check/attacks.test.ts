/** Each attack has a weakness on which it succeeds, each weakness an attack, and the documentation of security names both. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Plant, WEAKNESSES } from '../attacks/weaknesses.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFile(join(ROOT, path), 'utf8');

const attackFiles = (await readdir(join(ROOT, 'test/attacks')))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/attacks/${name}`);
const attacks = new Map(await Promise.all(attackFiles.map(async (path) => [path, await read(path)] as const)));

it.each(Object.entries<readonly Plant[]>(WEAKNESSES))(
  '%s: each of its texts stands once in the product',
  async (_, plants) => {
    for (const { file, text } of plants)
      expect([file, text, (await read(file)).split(text).length - 1]).toEqual([file, text, 1]);
  },
);

it('each weakness has an attack', () => {
  const all = [...attacks.values()].join('\n');
  const isUsed = (name: string) => all.includes(`'${name}'`) || all.includes(`"${name}"`);
  expect(Object.keys(WEAKNESSES).filter((name) => !isUsed(name))).toEqual([]);
});

it.each([...attacks])('%s has attacks that succeed without a check', (_, text) => {
  expect(text).toMatch(/^\s*attack(?:\.\w+)?\b/m);
});

it('docs/security.md names every file of attacks, and no test that does not exist', async () => {
  const page = await read('docs/security.md');
  const named = new Set(
    [...page.matchAll(/`(?:test\/)?([\w-]+\/[\w./-]+\.test\.ts)`/g)].map(([, path]) => `test/${path}`),
  );
  expect([...named].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(attackFiles.filter((path) => !named.has(path))).toEqual([]);
});
