import { existsSync } from 'node:fs';

/** Settings that are wrong: one class, one form of text and one collector for every room that reads the environment. */

/** One wrong setting. */
export interface SettingProblem {
  /** The environment variable. */
  readonly name: string;
  /** Its value, or words that stand for a value that may be a secret. */
  readonly found: string;
  readonly allowed: string;
}

/** Names every wrong setting at once, so that the correction of one does not merely uncover the next. Holds no secret. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
  readonly code = 'Configuration';
  /** @param problems at least one; each becomes a line `NAME: found X; allowed: Y` of the message */
  constructor(readonly problems: readonly SettingProblem[]) {
    super(problems.map(({ name, found, allowed }) => `${name}: found ${found}; allowed: ${allowed}`).join('\n'));
    // Node shows the enumerable fields of an uncaught error beside its message, and would say everything twice.
    Object.defineProperty(this, 'problems', { enumerable: false });
  }
}

type Readers = Readonly<Record<string, () => unknown>>;
type Read<R extends Readers> = { readonly [Name in keyof R]: ReturnType<R[Name]> };

/**
 * Reads settings that several functions read, and collects what is wrong with any of them.
 * @param readers each is called once, in this order
 *   What several of them find is named once.
 * @returns what each reader returned, under its name
 * @throws SettingError with the problems of all readers; at once any other error that a reader throws
 */
export function readSettings<R extends Readers>(readers: R): Read<R> {
  const problems: SettingProblem[] = [];
  const values = Object.entries(readers).map(([name, read]) => {
    try {
      return [name, read()];
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      for (const problem of error.problems) {
        const known = problems.some(({ name: other, found }) => other === problem.name && found === problem.found);
        if (!known) problems.push(problem);
      }
      return [name, undefined];
    }
  });
  if (problems.length > 0) throw new SettingError(problems);
  return Object.fromEntries(values) as Read<R>;
}

/**
 * A value for `found`, in quotation marks: as much of it as its owner needs to find it. Never of a secret: what looks like one
 * may have been put into the wrong setting, and is not shown.
 */
export function quoteSetting(value: string): string {
  if (looksSecret(value)) return `${value.length} characters that look like a secret, which is not shown`;
  return JSON.stringify(withoutCredentials(value).slice(0, 80));
}

/** A key in PEM, a JSON Web Token, or a run of characters that is neither words nor a path nor an id. */
function looksSecret(value: string): boolean {
  if (/-----BEGIN|eyJ[\w-]{8,}/.test(value)) return true;
  const runs = value.match(/[\w+=-]{20,}/g) ?? [];
  return runs.some((run) => [/[a-z]/, /[A-Z]/, /\d/].every((kind) => kind.test(run)));
}

/**
 * The file of a secret, for `found`. Someone may have put the secret itself where its path belongs, so only what can be nothing
 * but a path is shown.
 */
export function describeSecretFile(path: string): string {
  const [, folder] = /^(\/?[^/]+)\/./.exec(path) ?? [];
  const isPath = /^[^\s:=,]+$/.test(path) && (path.includes('.') || (folder !== undefined && existsSync(folder)));
  return isPath && !looksSecret(path) ? `the file ${JSON.stringify(path)}` : 'a file';
}

/** An address or URL without the user and password before its `@`. */
export function withoutCredentials(value: string): string {
  return value.replace(/(^|\/\/)[^/\s]*@/, '$1…@');
}
