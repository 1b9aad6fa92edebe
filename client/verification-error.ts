/**
 * The HTTP status for each kind of error, for the answer of a service to a browser. 4xx: the user or the browser can do something
 * about it. 429: later. 5xx: nobody in front of a browser can; 503 may pass by itself.
 */
export const HTTP_STATUS = {
  InvalidRequest: 400,
  AccessTokenRefused: 401,
  KeysUnavailable: 503,
  VerificationNotFound: 404,
  VerificationEnded: 409,
  ResendNotAllowed: 429,
  ResendFailed: 502,
  AttemptsExhausted: 429,
  TooManyMessages: 429,
  CodeNotSent: 409,
  CognitoUnavailable: 503,
  VerificationFailed: 502,
  VerificationOpen: 504,
  CallAborted: 499,
  TemporalUnavailable: 503,
  WorkerUnavailable: 503,
  OtherTaskQueue: 503,
  Sealing: 500,
  UnexpectedAnswer: 502,
  IdReused: 422,
  NotSetUp: 500,
} as const;

/** The `code` of an error: the same in every release. */
export type VerificationErrorCode = keyof typeof HTTP_STATUS;

/** In seconds: after how long it is worth another try, where the error itself does not know when. */
const RETRY_AFTER: Partial<Record<VerificationErrorCode, number>> = {
  // A pool's endpoint is asked again after ten seconds at the earliest.
  KeysUnavailable: 10,
  CognitoUnavailable: 5,
  VerificationOpen: 1,
  TemporalUnavailable: 2,
  WorkerUnavailable: 5,
};

/**
 * What every method of `VerificationClient` throws. Programs read `code`, which stays the same in every release. `message` is
 * a sentence for operators, and never for users: `@cognito-verification/client/texts` has those. Neither ever holds a token or a
 * code. Temporal's own error is the `cause`.
 * @example
 * ```ts
 * import { ResendNotAllowedError, VerificationError } from '@cognito-verification/client';
 *
 * try {
 *   await verifications.resendCode(workflowId);
 * } catch (error) {
 *   if (!(error instanceof VerificationError)) throw error;
 *   if (error instanceof ResendNotAllowedError) console.log(`Not before ${error.allowedAt}.`);
 *   else console.log(error.code, error.message);
 * }
 * ```
 */
export abstract class VerificationError extends Error {
  /** The kind of error. It stays the same in every release. */
  abstract readonly code: VerificationErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** For the answer to a browser: see `HTTP_STATUS`. */
  get httpStatus(): number {
    return HTTP_STATUS[this.code];
  }

  /** For the header `Retry-After`: in how many seconds another try is worth it. Undefined where waiting does not help. */
  get retryAfterSeconds(): number | undefined {
    const at = Date.parse(this.retryFrom ?? '');
    return Number.isNaN(at) ? RETRY_AFTER[this.code] : Math.max(1, Math.ceil((at - Date.now()) / 1000));
  }

  /** From when another try is worth it, ISO 8601, where the error knows. */
  protected get retryFrom(): string | undefined {
    return undefined;
  }
}
