import { existsSync, readFileSync, statSync } from 'node:fs';
import { UnknownKeyError } from './errors.js';
import { type KeyRing, keyRingOf } from './key-ring.js';
import { KEYS_FORM, KeySettingsError, parseKeys } from './parse-keys.js';

/** How often a file is looked at for a change, at most. */
const LOOK_INTERVAL_MS = 5_000;

/** A file as it was read. */
interface KeyFile {
  ring: KeyRing;
  version: string;
}

/**
 * The keys of a file. A rotation reaches every process that reads it, without a restart.
 * @param name the setting, for errors
 * @param onProblem is told, once, when the file has changed and cannot be read any more; the keys of before stay in use
 * @throws KeySettingsError
 */
export function fileKeyRing(path: string, name: string, onProblem: (problem: string) => void): KeyRing {
  let file = read(path, name);
  let lookedAt = performance.now();
  let reported: string | undefined;

  const look = (): void => {
    lookedAt = performance.now();
    try {
      file = read(path, name, file);
      reported = undefined;
    } catch (error) {
      const problem = `${error instanceof Error ? error.message : String(error)}. The keys of before stay in use.`;
      if (problem !== reported) onProblem(problem);
      reported = problem;
    }
  };
  const ringOfNow = (): KeyRing => {
    if (performance.now() - lookedAt > LOOK_INTERVAL_MS) look();
    return file.ring;
  };
  return {
    current: () => ringOfNow().current(),
    find: async (id) => {
      try {
        return await ringOfNow().find(id);
      } catch (error) {
        if (!(error instanceof UnknownKeyError)) throw error;
        // Another process has read the new file already and seals with it.
        look();
        return await file.ring.find(id);
      }
    },
  };
}

/** `before` itself, where the file has not changed since. */
function read(path: string, name: string, before?: KeyFile): KeyFile {
  let version: string;
  let text: string;
  try {
    // First the version: what is written between the two is read at the next look.
    version = versionOf(path);
    if (version === before?.version) return before;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    const found = `${shown(path)} that cannot be read${code}`;
    throw new KeySettingsError([{ name, found, allowed: `the path of a file with ${KEYS_FORM}` }]);
  }
  return { ring: keyRingOf(...parseKeys(text, name)), version };
}

function versionOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${ino} ${size} ${mtimeMs}`;
}

/** Keys themselves are easily put where their path belongs: only what can be nothing but a path is shown. */
function shown(path: string): string {
  const [, folder] = /^(\/?[^/]+)\/./.exec(path) ?? [];
  const isPath = /^[^\s:=,]+$/.test(path) && (path.includes('.') || (folder !== undefined && existsSync(folder)));
  return isPath ? `the file ${JSON.stringify(path)}` : 'a file';
}
