/** Makes folders; where that cannot be, says in words why not. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrorCode } from './error-code.js';

/**
 * Makes the folder and those above it, unless they are there.
 *
 * Not by `mkdir`'s own `recursive`: in a file system that lets nobody make folders, such as /proc, it never returns.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    if (!(await isFolder(path))) await makeBelow(path, mode);
  } catch (error) {
    throw new Error(`the folder ${path} cannot be made: ${reasonOf(error)}`, { cause: error });
  }
}

async function makeBelow(path: string, mode: number | undefined): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !(await isFolder(parent))) await makeBelow(parent, mode);
  await mkdir(path, { mode }).catch(async (error: unknown) => {
    // Another process may have been faster.
    if (!hasErrorCode(error, 'EEXIST') || !(await isFolder(path))) throw error;
  });
}

/** @throws where there is something else under this name. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
  throw new Error(`${path} is a file`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not';
  if (code === 'EEXIST') return 'a link of that name leads nowhere';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'ENOTDIR') return 'a part of its path is a file';
  if (code === 'ENOENT') return 'the file system there takes no folders';
  return error.message;
}
