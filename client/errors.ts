import type {
  ResendRefusal,
  VerificationFailure,
  VerificationOutcome,
  VerificationStatus,
} from '@cognito-verification/contract';
import { VerificationError } from './verification-error.js';

export * from './unavailable-errors.js';
export { HTTP_STATUS, VerificationError, type VerificationErrorCode } from './verification-error.js';

/** A field is missing, malformed or out of range. Nothing was sent. */
export class InvalidRequestError extends VerificationError {
  readonly code = 'InvalidRequest';
  constructor(
    /** The path of the wrong field, as in `policy.maxSends`. */
    readonly field: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The access token is malformed, lacks the scope, has expired, is of another user, or of a pool or an app client that is not
 * served, or its user pool has not signed it.
 */
export class AccessTokenRefusedError extends VerificationError {
  readonly code = 'AccessTokenRefused';
}

/** The public keys of the user pool cannot be had, so no access token of it can be checked now. Nothing was sent. */
export class KeysUnavailableError extends VerificationError {
  readonly code = 'KeysUnavailable';
}

/** There is no verification with this workflow id, or it has no such run: it was never started, or its retention is over. */
export class VerificationNotFoundError extends VerificationError {
  readonly code = 'VerificationNotFound';
  constructor(
    readonly workflowId: string,
    options?: ErrorOptions,
    /** The run that is missing where Temporal keeps others of this workflow id. */
    readonly run?: string | undefined,
  ) {
    super(
      run === undefined
        ? `There is no verification "${workflowId}": it was never started in this namespace, or it ended so long ago that Temporal no longer keeps it.`
        : `"${workflowId}" has no run ${run}, or Temporal no longer keeps it. Leave the run out for the newest verification of this user and attribute.`,
      options,
    );
  }
}

/** The verification has ended and accepts no more codes, tokens or confirmations. */
export class VerificationEndedError extends VerificationError {
  readonly code = 'VerificationEnded';
  constructor(
    readonly workflowId: string,
    /** How it ended; undefined if that could not be read. */
    readonly outcome: VerificationOutcome | undefined,
    /** The last status; undefined if that could not be read. */
    readonly status: VerificationStatus | undefined = outcome?.status,
    options?: ErrorOptions,
  ) {
    super(
      `The verification "${workflowId}" has ended${endedAs(outcome, status)}. More: cognito-verification status ${workflowId}`,
      options,
    );
  }
}

function endedAs(outcome: VerificationOutcome | undefined, status: VerificationStatus | undefined): string {
  const as = outcome?.outcome ?? status?.state;
  const { type } = outcome?.failure ?? status?.failure ?? {};
  return as ? ` as ${as}${type ? ` (${type})` : ''}` : '';
}

/** The verification does not allow a re-send now. */
export class ResendNotAllowedError extends VerificationError {
  readonly code = 'ResendNotAllowed';
  /** From when it is allowed, ISO 8601; undefined if waiting does not help. */
  readonly allowedAt: string | undefined;
  /** Why it is not allowed now. */
  readonly reason: ResendRefusal['reason'] | undefined;

  constructor(message: string, refusal?: ResendRefusal, options?: ErrorOptions) {
    super(message, options);
    this.allowedAt = refusal?.allowedAt;
    this.reason = refusal?.reason;
  }

  /** 409 where no time makes it allowed. */
  override get httpStatus(): number {
    return this.allowedAt === undefined ? 409 : super.httpStatus;
  }

  protected override get retryFrom(): string | undefined {
    return this.allowedAt;
  }
}

/** Cognito refused the re-send for good. The verification goes on, and the code that was sent before still works. */
export class ResendFailedError extends VerificationError {
  readonly code = 'ResendFailed';
  constructor(
    message: string,
    /** The name of Cognito's exception, and what to do about it. */
    readonly failure?: VerificationFailure,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * All of `maxAttempts` are used up. The verification waits for `confirm`, its deadline, or another start whose token counts:
 * that ends it, and opens the next with what the last hour leaves.
 */
export class AttemptsExhaustedError extends VerificationError {
  readonly code = 'AttemptsExhausted';
}

/**
 * The verification has received too many messages. It keeps the rest of its limit for codes, and most of it for messages whose
 * access token counts.
 */
export class TooManyMessagesError extends VerificationError {
  readonly code = 'TooManyMessages';
  constructor(
    message: string,
    /** From when it is worth another try, ISO 8601; undefined if waiting does not help. */
    readonly retryAt?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  protected override get retryFrom(): string | undefined {
    return this.retryAt;
  }
}

/** No code has been sent in this verification yet. */
export class CodeNotSentError extends VerificationError {
  readonly code = 'CodeNotSent';
}

/** Cognito could not be reached, throttled the call until its time limit was over, or does not show the attribute. */
export class CognitoUnavailableError extends VerificationError {
  readonly code = 'CognitoUnavailable';
  constructor(
    message: string,
    /** After a code. `proof` is `outstanding` where Cognito has accepted it already. */
    readonly status?: VerificationStatus,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The verification failed, and a person must look. */
export class VerificationFailedError extends VerificationError {
  readonly code = 'VerificationFailed';
  constructor(
    readonly workflowId: string,
    /** The name of Cognito's exception, and what to do about it. */
    readonly failure: VerificationFailure,
    options?: ErrorOptions,
  ) {
    super(`The verification "${workflowId}" failed with ${failure.type}: ${failure.message}`, options);
  }
}

/** The timeout of `wait` passed while the verification was open. The verification goes on. */
export class VerificationOpenError extends VerificationError {
  readonly code = 'VerificationOpen';
  constructor(
    readonly workflowId: string,
    /** Where it stood; undefined if no worker answered. */
    readonly status: VerificationStatus | undefined,
    options?: ErrorOptions,
  ) {
    super(`The verification "${workflowId}" is still open${status ? ` (${status.state})` : ''}; it goes on.`, options);
  }
}

/** The `signal` of the call has aborted it. What it asked for may be done all the same. */
export class CallAbortedError extends VerificationError {
  readonly code = 'CallAborted';
  /** @param options the reason of the signal as its `cause` */
  constructor(options?: ErrorOptions) {
    super('The call was aborted. What it asked for may be done all the same.', options);
  }
}
