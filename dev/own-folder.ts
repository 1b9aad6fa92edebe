/** Whether a folder, and what is in it, can be of nobody but this user. Keys, tokens and logs are in it. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../log/error-code.js';

/** On Windows the folders of a user are closed to others, and files have no such owner. */
const SELF = process.getuid?.();

/**
 * Checks a folder that may have been there before. Once it is this user's own and closed to others, nobody else can put
 * anything into it; so each file in it is looked at once, and is opened without fear of links from then on.
 * @param advice what to do if the folder cannot be used
 * @throws Error that says what is wrong, and what to do
 */
export async function checkOwnFolder(folder: string, advice: string): Promise<void> {
  if (SELF === undefined) return;
  const { uid, mode, isLink } = await look(folder);
  if (isLink) throw new Error(`the folder ${folder} is a link, and may lead to files of others. ${advice}`);
  if (uid !== SELF) {
    throw new Error(
      `the folder ${folder} belongs to another user (uid ${uid}), who could read and change it. ${advice}`,
    );
  }
  if ((mode & 0o022) !== 0) {
    const octal = (mode & 0o7777).toString(8).padStart(4, '0');
    throw new Error(
      `other users may write into the folder ${folder} (mode ${octal}). Run chmod 700 ${folder}, then try again. ${advice}`,
    );
  }
  for (const name of await readdir(folder)) await checkOwnFile(join(folder, name));
}

async function checkOwnFile(path: string): Promise<void> {
  const found = await look(path).catch((error: unknown) => {
    // Another process of this user may replace its files meanwhile.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  const what = found.isLink
    ? 'is a link'
    : found.uid !== SELF
      ? `belongs to another user (uid ${found.uid})`
      : found.hasOtherName
        ? 'has another name elsewhere'
        : undefined;
  if (what !== undefined) throw new Error(`${path} ${what}: the stack did not make it. Remove it, then try again.`);
}

async function look(path: string) {
  const stats = await lstat(path);
  // The file of a lock has two names for a moment while it is taken.
  const hasOtherName = stats.isFile() && stats.nlink > 1 && !/[/\\]lock(?:\.[\da-f-]{36})?$/.test(path);
  return { uid: stats.uid, mode: stats.mode, isLink: stats.isSymbolicLink(), hasOtherName };
}
