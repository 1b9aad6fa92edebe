/** Input of the control interface that cannot be used. Its message names the field and what is allowed. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** Turns an unknown value into a `T`, or throws {@link BadInput} naming `field`. */
export type Check<T> = (value: unknown, field: string) => T;

/** What the caller of `object` lists: one check for each field of `T`. */
export type Shape<T> = { readonly [K in keyof T]-?: Check<Exclude<T[K], undefined>> };

function shown(value: unknown): string {
  return JSON.stringify(value) ?? typeof value;
}

/** Any string, or a non-empty one up to `maxLength`. */
export function text(): Check<string> {
  return (value, field) => {
    if (typeof value !== 'string' || value === '') {
      throw new BadInput(`${field} must be a non-empty string, got ${shown(value)}`);
    }
    return value;
  };
}

/** `true` or `false`. */
export function flag(): Check<boolean> {
  return (value, field) => {
    if (typeof value !== 'boolean') throw new BadInput(`${field} must be true or false, got ${shown(value)}`);
    return value;
  };
}

/** A number in a closed range. */
export function number(range: { min: number; max: number; integer?: boolean }): Check<number> {
  const kind = range.integer === true ? 'a whole number' : 'a number';
  return (value, field) => {
    const fits =
      typeof value === 'number' &&
      value >= range.min &&
      value <= range.max &&
      (range.integer !== true || Number.isInteger(value));
    if (!fits) throw new BadInput(`${field} must be ${kind} from ${range.min} to ${range.max}, got ${shown(value)}`);
    return value;
  };
}

/** One of a list of values. */
export function oneOf<const T extends string>(...allowed: readonly T[]): Check<T> {
  return (value, field) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) {
      throw new BadInput(`${field} must be one of ${allowed.map(shown).join(', ')}, got ${shown(value)}`);
    }
    return found;
  };
}

/** An object of string values, such as a user's attributes. */
export function stringMap(): Check<Record<string, string>> {
  return (value, field) => {
    const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    if (typeof value !== 'object' || value === null || entries.some(([, entry]) => typeof entry !== 'string')) {
      throw new BadInput(`${field} must be an object of strings, got ${shown(value)}`);
    }
    return Object.fromEntries(entries) as Record<string, string>;
  };
}

/** A list of values that all pass `check`. */
export function listOf<T>(check: Check<T>): Check<T[]> {
  return (value, field) => {
    if (!Array.isArray(value)) throw new BadInput(`${field} must be a list, got ${shown(value)}`);
    return value.map((entry, index) => check(entry, `${field}[${index}]`));
  };
}

/** An object of the named fields and no others; those in `required` must be there. */
export function object<T extends object>(shape: Shape<T>, required: readonly (keyof T & string)[] = []): Check<T> {
  const names = Object.keys(shape);
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new BadInput(`${field} must be an object, got ${shown(value)}`);
    }
    const given = Object.entries(value).filter(([, entry]) => entry !== undefined);
    const checked: Record<string, unknown> = {};
    for (const [name, entry] of given) {
      const check = Object.hasOwn(shape, name) ? (shape as Record<string, Check<unknown>>)[name] : undefined;
      if (check === undefined) throw new BadInput(`${field} has no field ${shown(name)}; it has ${names.join(', ')}`);
      checked[name] = check(entry, `${field}.${name}`);
    }
    const isComplete = (candidate: object): candidate is T => required.every((name) => Object.hasOwn(candidate, name));
    if (!isComplete(checked)) throw new BadInput(`${field} needs ${required.join(', ')}`);
    return checked;
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** A duration: milliseconds as a number, or words such as `"2 hours"`. */
export function duration(): Check<number> {
  return (value, field) => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    const words = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?(ms|second|minute|hour|day)s?$/.exec(value) : null;
    const unitMs = UNIT_MS[words?.[2] ?? ''];
    if (words === null || unitMs === undefined) {
      throw new BadInput(
        `${field} must be milliseconds or words such as "90 seconds", "10 minutes", "2 hours", "1 day", got ${shown(value)}`,
      );
    }
    return Number(words[1]) * unitMs;
  };
}
