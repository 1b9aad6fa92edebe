/** The keys of a stack. Its database cannot be read without them. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openStackFolder, type StackFolder } from '../../dev/stack-folder.js';
import { provideKeys } from '../../dev/stack-keys.js';

let stateDir: string;
let folder: StackFolder;

beforeEach(async () => {
  for (const name of ['KEYS', 'KEYS_FILE', 'KMS_KEYS']) vi.stubEnv(`VERIFICATION_ENCRYPTION_${name}`, undefined);
  stateDir = await mkdtemp(join(tmpdir(), 'stack-keys-'));
  const opened = await openStackFolder(stateDir);
  if ('pid' in opened) throw new Error('nobody else knows the folder');
  folder = opened;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder.release();
  await rm(stateDir, { recursive: true });
});

it('are created once, readable only by their owner, and reused', async () => {
  const first = await provideKeys(folder);
  const again = await provideKeys(folder);
  expect((await again.ring.current()).secret.equals((await first.ring.current()).secret)).toBe(true);
  expect(first.file).toBe(join(stateDir, 'encryption-keys'));
  expect((await stat(first.file ?? '')).mode & 0o777).toBe(0o600);
  expect((await readdir(stateDir)).sort()).toEqual(['.gitignore', 'encryption-keys', 'lock']);
});

it('are created again if their writer was killed before the first byte', async () => {
  await writeFile(join(stateDir, 'encryption-keys'), '');
  expect((await (await provideKeys(folder)).ring.current()).id).toBe('local');
});

it('from the environment take precedence', async () => {
  vi.stubEnv('VERIFICATION_ENCRYPTION_KEYS', `mine:${randomBytes(32).toString('base64')}`);
  const { ring, file } = await provideKeys(folder);
  expect([(await ring.current()).id, file]).toEqual(['mine', undefined]);
});

it('a private file that is rewritten stays private, and complete at every moment', async () => {
  const path = join(stateDir, 'private');
  await writeFile(path, 'old', { mode: 0o644 });
  await writeFile(`${path}.unfinished`, 'left by one that was killed', { mode: 0o644 });
  await folder.writePrivate('private', 'new');
  expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777]).toEqual(['new', 0o600]);
  expect(await readdir(stateDir)).not.toContain('private.unfinished');
});
