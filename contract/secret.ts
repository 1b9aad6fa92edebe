/** The method that Node's `util.inspect` and `console.log` call. It has to be named, since a workflow has no Node. */
const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

const SHOWN = '[secret]';

/**
 * A token or a code in our own code. It becomes `[secret]` wherever it is printed, joined into a text or serialized; only
 * `reveal` returns the value. A log line, an error or a payload that holds a `Secret` by mistake therefore holds nothing of
 * the value.
 */
export class Secret {
  // Not `private`: a spread, a loop over the fields or a debugger's dump would show such a field.
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value. Call it only in the expression that passes the value on. */
  reveal(): string {
    return this.#value;
  }

  /** Whether both hold the same value. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [INSPECT](): string {
    return SHOWN;
  }
}
