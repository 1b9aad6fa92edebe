/** A folder that cannot be created is refused soon, with a message. */
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from '../../dev/files.js';
import { tryLock } from '../../dev/process-lock.js';

let folder: string;

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'make-folder-'))));
afterEach(async () => await rm(folder, { recursive: true }));

it('creates the parent folders too, and may be repeated', async () => {
  const path = join(folder, 'a', 'b');
  await Promise.all([makeFolder(path, 0o700), makeFolder(path, 0o700)]);
  await makeFolder(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

it('names the obstacle', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toThrow(`the folder ${file} cannot be made: ${file} is a file`);
  await expect(makeFolder(join(file, 'a'))).rejects.toThrow('a part of its path is a file');
});

it.runIf(process.platform === 'linux')('does not retry for ever if the folder cannot be created', async () => {
  await expect(makeFolder('/proc/made-by-a-test/a')).rejects.toThrow('the file system there takes no folders');
});

it('gives up on a lock that can neither be created nor read', async () => {
  const path = join(folder, 'lock');
  await symlink(join(folder, 'nowhere'), path);
  await expect(tryLock(path)).rejects.toThrow(/can neither be taken nor read/);
});
