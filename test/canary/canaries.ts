/** Values that must appear nowhere, and the search for them in every encoding that programs use. */

/** A planted secret or piece of personal data. */
export interface Canary {
  /** Describes the value in the report, which must not print it. */
  readonly name: string;
  readonly value: string;
  /** True for a value that is never sent to Temporal, even by a deployment without sealing. */
  readonly kept?: true;
}

/** A canary that was found. */
export interface Sighting {
  readonly canary: string;
  readonly form: string;
  readonly place: string;
}

/** Finds every canary in the bytes, in every form. */
export function sightings(canaries: readonly Canary[], place: string, bytes: Uint8Array | string): Sighting[] {
  const haystack = Buffer.from(bytes);
  return canaries.flatMap(({ name, value }) =>
    [...formsOf(value)].flatMap(([form, needles]) =>
      needles.some((needle) => haystack.includes(needle)) ? [{ canary: name, form, place }] : [],
    ),
  );
}

/** The forms of a value in text, in a payload within JSON, in a URL, in JSON that escapes, and in a dump. */
function formsOf(value: string): ReadonlyMap<string, readonly Buffer[]> {
  const forms = new Map<string, readonly string[]>([
    ['raw', [value]],
    ['base64', inBase64(value)],
    [
      'URL-encoded',
      distinct(
        value,
        encodeURIComponent(value),
        everyByte(value, (hex) => `%${hex}`),
      ),
    ],
    ['JSON escapes', distinct(value, JSON.stringify(value).slice(1, -1), everyUnit(value))],
    ['hex', [everyByte(value, (hex) => hex)]],
  ]);
  const buffers = [...forms].map(([form, texts]): [string, Buffer[]] => [form, texts.map((text) => Buffer.from(text))]);
  return new Map([...buffers, ['UTF-16', [Buffer.from(value, 'utf16le')]]]);
}

/** The value inside a longer encoded text: at each of three alignments, without the characters that it shares with others. */
function inBase64(value: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const whole = bytes.toString('base64').replaceAll('=', '');
    const core = whole.slice(before === 0 ? 0 : before + 1, bytes.length % 3 === 0 ? undefined : -1);
    return distinct('', core, core.replaceAll('+', '-').replaceAll('/', '_'));
  });
}

function everyByte(value: string, write: (hex: string) => string): string {
  return [...Buffer.from(value)].map((byte) => write(byte.toString(16).padStart(2, '0'))).join('');
}

function everyUnit(value: string): string {
  return value.replaceAll(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Leaves out the raw form, which has its own search. */
function distinct(raw: string, ...texts: string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== raw && text !== '');
}
