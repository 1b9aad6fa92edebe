/** What Node's `util.inspect` and `console.log` ask an object for; by name, since a workflow has no Node. */
const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

const SHOWN = '[secret]';

/**
 * A token or a code in our own hands. It shows itself as `[secret]` wherever it is printed, joined into a text or
 * serialised; only `reveal` gives the value. So a log line, an error or a payload that holds one by mistake holds
 * nothing of it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value, for the one expression that hands it to who needs it. */
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
