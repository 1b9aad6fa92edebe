/** Makes folders and reads files; an error says in words what is wrong. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { errorCode } from '../log/error-code.js';

/**
 * Makes the folder and its parents, unless they exist. `mkdir`'s own `recursive` does not serve: in a file system in
 * which nobody can make folders, such as /proc, it never returns.
 * @throws Error with the reason, when the folder cannot be made
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
    // Another process may have made it meanwhile.
    if (errorCode(error) !== 'EEXIST' || !(await isFolder(path))) throw error;
  });
}

/** @throws Error when the path exists and is not a folder */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  throw new Error(`${path} is a file`);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user has no permission',
  EPERM: 'this user has no permission',
  EEXIST: 'a link of that name leads nowhere',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file',
  ENOENT: 'the file system there takes no folders',
};

function reasonOf(error: unknown): string {
  return REASONS[errorCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}

/** The text of a file; undefined when there is no such file. */
export async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** The value in a JSON text; undefined when the text is not JSON of this shape. */
export function parseJson<Value>(shape: v.GenericSchema<unknown, Value>, text: string | undefined): Value | undefined {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), shape), text);
  return result.success ? result.output : undefined;
}
