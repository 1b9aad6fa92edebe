/** The key ring lacks the key that a payload names. An operator can put it back, so a retry may succeed. */
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
        'If it was here once, put it back, after the first, for as long as anything that it has sealed is needed. ' +
        'If it never was, the sender has a wrong key: correct its setting.',
    );
  }
}

/** The key service (AWS KMS) did not return a key. A retry may succeed. */
export class KeyServiceError extends Error {
  override readonly name: string = 'KeyServiceError';
  readonly code = 'KeyService';
}

/**
 * A payload could not be sealed, so it was not sent. Not the type that opening throws: a worker that fails with this error
 * has already done the work whose result it cannot send.
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

/** No key will ever open the payload: its sender must send it again. */
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

/** No longer than an id may be, and without characters that control a terminal. */
function quoted(id: string): string {
  return JSON.stringify(id.slice(0, 200));
}
