import { quoteSetting, SettingError, type SettingProblem } from './setting-error.js';

/** How a table of settings is read. */
interface Reading<Setting> {
  /** Undefined for a text that is wrong. */
  readonly parse: (text: string, setting: Setting) => unknown;
  /** What a setting may be, in words. */
  readonly allowed: (setting: Setting) => string;
  /** A wrong text in an error. Default: in quotation marks. */
  readonly quote?: (text: string, setting: Setting) => string;
}

/**
 * Reads the settings of a table from the environment. An empty variable counts as not set.
 * @returns what is set, by its name in the table
 * @throws SettingError with everything that is wrong
 */
export function readSettingTable<Setting extends { readonly variable: string }>(
  table: Readonly<Record<string, Setting>>,
  env: NodeJS.ProcessEnv,
  { parse, allowed, quote = quoteSetting }: Reading<Setting>,
): Record<string, unknown> {
  const problems: SettingProblem[] = [];
  const found: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    const text = env[setting.variable];
    if (!text) continue;
    const value = parse(text, setting);
    if (value === undefined)
      problems.push({ name: setting.variable, found: quote(text, setting), allowed: allowed(setting) });
    found[name] = value;
  }
  if (problems.length > 0) throw new SettingError(problems);
  return found;
}

/** The whole number that the text is; undefined where it is none, or out of range. */
export function parseCount(text: string, { least, most }: { least: number; most: number }): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number >= least && number <= most ? number : undefined;
}
