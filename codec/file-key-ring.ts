import { accessSync, constants, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { UnknownKeyError } from './errors.js';
import { type KeyRing, keyRingOf } from './key-ring.js';
import { KEYS_FORM, parseKeys } from './parse-keys.js';
import { describeSecretFile, SettingError } from './setting-error.js';

/** A file is checked for changes at most this often. */
const CHECK_INTERVAL_MS = 5_000;

/** What a file contained, and the version that contained it. */
interface KeyFile {
  ring: KeyRing;
  version: string;
}

/**
 * The keys of a file. A rotation reaches every process that reads the file, without a restart.
 * @param name the setting, for errors
 * @param onProblem is called once when the file has changed and can no longer be read; the previous keys stay in use
 * @throws SettingError
 */
export function fileKeyRing(path: string, name: string, onProblem: (problem: string) => void): KeyRing {
  let file = read(path, name);
  let checkedAt = performance.now();
  let reported: string | undefined;

  const readAgain = (): void => {
    checkedAt = performance.now();
    try {
      file = read(path, name, file);
      reported = undefined;
    } catch (error) {
      const problem = `${error instanceof Error ? error.message : String(error)}. The previous keys stay in use.`;
      if (problem !== reported) onProblem(problem);
      reported = problem;
    }
  };
  const currentRing = (): KeyRing => {
    if (performance.now() - checkedAt > CHECK_INTERVAL_MS) readAgain();
    return file.ring;
  };
  return {
    current: () => currentRing().current(),
    check: async () => {
      file = read(path, name, file);
    },
    find: async (id) => {
      try {
        return await currentRing().find(id);
      } catch (error) {
        if (!(error instanceof UnknownKeyError)) throw error;
        // Another process may have read the new file already and seal with it.
        readAgain();
        return await file.ring.find(id);
      }
    },
  };
}

/** Returns `before` itself if the file has not changed since. */
function read(path: string, name: string, before?: KeyFile): KeyFile {
  let version: string;
  let text: string;
  try {
    // The version first: what is written between the two calls is read at the next check.
    const stats = statSync(path);
    version = versionOf(stats);
    if (version === before?.version) return before;
    if (isForEverybody(path, stats)) throw tooManyReaders(path, name, stats);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof SettingError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'for an unknown reason';
    const found = `${describeSecretFile(path)} that ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}`;
    throw new SettingError([{ name, found, allowed: `the path of a file with ${KEYS_FORM}` }]);
  }
  return { ring: keyRingOf(...parseKeys(text, name)), version };
}

function versionOf({ mtimeMs, size, ino, mode }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${mode}`;
}

/** Whether every user of the machine may read or write the file, and its owner can change that. */
function isForEverybody(path: string, stats: Stats): boolean {
  // Windows has no such mode, and `stat` makes one up. A pipe of the shell is no file.
  return process.platform !== 'win32' && stats.isFile() && (stats.mode & 0o007) !== 0 && !isMountedSecret(path);
}

/**
 * Whether an orchestrator has mounted the file into this container. Its mode is 0644 by default, and nobody outside of the
 * container reaches it. Kubernetes puts each version of a volume into a folder such as `..2026_11_26_13_27_46.1234`, to which
 * a link leads. Other mounts are read-only, so that `chmod` could not change them either.
 */
function isMountedSecret(path: string): boolean {
  if (/^\.\.\d{4}_/.test(basename(dirname(realpathSync(path))))) return true;
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS';
  }
}

function tooManyReaders(path: string, name: string, { mode }: Stats): SettingError {
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  const found = `${describeSecretFile(path)} with mode ${octal}, which is open to every user of this machine`;
  const file = /^[\w@%+=:,./-]+$/.test(path) ? path : 'FILE';
  const mounted = 'if it is mounted with another owner: mode 0440 and a group of this process';
  return new SettingError([{ name, found, allowed: `a file for its owner alone: chmod 600 ${file}; ${mounted}` }]);
}
