import * as v from 'valibot';

/** Input of the control interface that the sandbox refuses. Its message names the field, what it holds and what it may hold. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/**
 * The value as the schema describes it.
 * @param field what the value is called in the message
 * @throws BadInput
 */
export function checkInput<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  field: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortPipeEarly: true });
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => {
    const path = v.getDotPath(issue);
    return `${path === null ? field : `${field}.${path}`}: ${issue.message}`;
  });
  throw new BadInput(problems.join('; '));
}

/** Any JSON object. */
export const JsonObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ({ received }) => `Invalid type: Expected an object but received ${received}`,
);

/** A string of at least one character. */
export const Text = v.pipe(v.string(), v.nonEmpty());

/** Origins of web pages, as browsers send and compare them. */
export const Origins = v.array(
  v.pipe(
    v.string(),
    v.check(
      (origin) => /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin,
      ({ received }) =>
        `Invalid origin: Expected one such as "http://localhost:5173", without a path or a slash at its end, but received ${received}`,
    ),
  ),
);

/** The headers that frame a message of HTTP/1.1, or speak of its connection. */
const FRAMING = /^(?:connection|content-length|keep-alive|trailer|transfer-encoding|upgrade)$/i;

/** Headers of an answer by name, as HTTP allows them. */
export const HttpHeaders = v.record(
  v.pipe(
    v.string(),
    v.regex(/^[!#$%&'*+.^_`|~\w-]{1,256}$/, 'Invalid header name'),
    v.check((name) => !FRAMING.test(name), 'Invalid header: the sandbox sets those that frame the answer itself'),
  ),
  v.pipe(v.string(), v.maxLength(8192), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'Invalid header value')),
);

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

/** An object of these fields and no others. */
export function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  const names = Object.keys(entries).join(', ');
  return v.strictObject(entries, ({ expected, received, message }) =>
    expected === 'never' ? `Invalid key: Expected one of ${names} but received ${received}` : message,
  );
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|second|minute|hour|day)s?$/;

/** A duration: milliseconds as a number, or words such as `"2 hours"`. The output is milliseconds. */
export const Duration = v.union(
  [
    v.pipe(v.number(), v.finite(), v.minValue(0)),
    v.pipe(
      v.string(),
      v.regex(DURATION),
      v.transform((words) => {
        const [, amount, unit] = DURATION.exec(words) ?? [];
        return Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
      }),
    ),
  ],
  ({ received }) =>
    `Invalid duration: Expected milliseconds, or words such as "90 seconds" or "2 hours", but received ${received}`,
);
