import { readFileSync, statSync } from 'node:fs';
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
    version = versionOf(path);
    if (version === before?.version) return before;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    const found = `${describeSecretFile(path)} that cannot be read${code}`;
    throw new SettingError([{ name, found, allowed: `the path of a file with ${KEYS_FORM}` }]);
  }
  return { ring: keyRingOf(...parseKeys(text, name)), version };
}

function versionOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${ino} ${size} ${mtimeMs}`;
}
