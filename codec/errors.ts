/** A key that a payload names is not in the key ring: an operator can put it back, so it is worth trying again. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';
  readonly code = 'UnknownKey';
  constructor(
    /** The id that the payload names. */
    readonly keyId: string,
    known: readonly string[],
  ) {
    super(
      `This payload is sealed with the key ${quoted(keyId)}, which is not in the key ring here (${known.map(quoted).join(', ')}). ` +
        'Put that key back, after the first, until nothing that it has sealed is needed any more.',
    );
  }
}

/** The key service (AWS KMS) did not give out a key. Worth trying again. */
export class KeyServiceError extends Error {
  override readonly name: string = 'KeyServiceError';
  readonly code = 'KeyService';
}

/**
 * A payload could not be sealed, so it was not sent. Of another type than what opening throws: a worker that fails with
 * this has done its work already.
 */
export class NotSealedError extends KeyServiceError {
  override readonly name: string = 'NotSealedError';
}

/** Why a payload is refused. */
export type PayloadRefusal =
  /** It came in plain text. */
  | 'notSealed'
  /** It was changed, cut short, or sealed with other bytes than the key of that id. */
  | 'damaged'
  /** It was sealed for another workflow or activity than the one it came to. */
  | 'misplaced';

/** No key opens it, today or later: whoever sent it must send it anew. */
export class PayloadRefusedError extends Error {
  override readonly name = 'PayloadRefusedError';
  readonly code = 'PayloadRefused';
  constructor(
    readonly refusal: PayloadRefusal,
    message: string,
  ) {
    super(message);
  }
}

/** At most as long as an id may be, and nothing that a terminal or a log would act upon. */
function quoted(id: string): string {
  return JSON.stringify(id.slice(0, 200));
}
