import type {
  ResendRefusal,
  VerificationFailure,
  VerificationOutcome,
  VerificationStatus,
} from '@cognito-verification/contract';

/**
 * What every call of `VerificationClient` throws. `code` is stable and made for programs, `message` is a sentence for
 * people; neither ever holds a token or a code. Temporal's own error is the `cause`.
 */
export abstract class VerificationError extends Error {
  /** The kind of error; the same in every release. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A field is missing, of the wrong form or out of range. Nothing was done. */
export class InvalidRequestError extends VerificationError {
  readonly code = 'InvalidRequest';
  constructor(
    /** Where it is wrong, as in `policy.maxSends`. */
    readonly field: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The access token is none, lacks the scope, is of another user or pool, or `verifyToken` refused it. */
export class AccessTokenRefusedError extends VerificationError {
  readonly code = 'AccessTokenRefused';
}

/** No verification with this workflow id: never started, or past the namespace's retention. */
export class VerificationNotFoundError extends VerificationError {
  readonly code = 'VerificationNotFound';
  constructor(
    readonly workflowId: string,
    options?: ErrorOptions,
  ) {
    super(
      `There is no verification "${workflowId}": it was never started in this namespace, or ended so long ago that Temporal has forgotten it.`,
      options,
    );
  }
}

/** The verification has ended, so it takes no more codes, tokens or confirmations. */
export class VerificationEndedError extends VerificationError {
  readonly code = 'VerificationEnded';
  constructor(
    readonly workflowId: string,
    /** What it ended as, where that could be read. */
    readonly outcome: VerificationOutcome | undefined,
    /** The last status, where that could be read. */
    readonly status: VerificationStatus | undefined = outcome?.status,
    options?: ErrorOptions,
  ) {
    super(`The verification "${workflowId}" has ended${endedAs(outcome, status)}.`, options);
  }
}

function endedAs(outcome: VerificationOutcome | undefined, status: VerificationStatus | undefined): string {
  const as = outcome?.outcome ?? status?.state;
  return as ? ` as ${as}` : '';
}

/** A re-send is refused now. */
export class ResendNotAllowedError extends VerificationError {
  readonly code = 'ResendNotAllowed';
  /** From when it is allowed, ISO 8601; undefined when no time will make it right. */
  readonly allowedAt: string | undefined;
  /** Why not now. */
  readonly reason: ResendRefusal['reason'] | undefined;

  constructor(message: string, refusal?: ResendRefusal, options?: ErrorOptions) {
    super(message, options);
    this.allowedAt = refusal?.allowedAt;
    this.reason = refusal?.reason;
  }
}

/** The re-send failed for good; the verification goes on, and the code that was sent before still works. */
export class ResendFailedError extends VerificationError {
  readonly code = 'ResendFailed';
  constructor(
    message: string,
    /** Cognito's exception name and what to do about it. */
    readonly failure?: VerificationFailure,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** `maxAttempts` are used up. The verification waits for `confirm` or its deadline. */
export class AttemptsExhaustedError extends VerificationError {
  readonly code = 'AttemptsExhausted';
}

/** The verification has had so many messages that what is left is kept for codes. */
export class TooManyMessagesError extends VerificationError {
  readonly code = 'TooManyMessages';
}

/** No code has been sent in this verification yet. */
export class CodeNotSentError extends VerificationError {
  readonly code = 'CodeNotSent';
}

/** Cognito could not be reached, or kept throttling until the budget for the call was used up. */
export class CognitoUnavailableError extends VerificationError {
  readonly code = 'CognitoUnavailable';
}

/** The verification failed: a person must look. */
export class VerificationFailedError extends VerificationError {
  readonly code = 'VerificationFailed';
  constructor(
    readonly workflowId: string,
    /** Cognito's exception name and what to do about it. */
    readonly failure: VerificationFailure,
    options?: ErrorOptions,
  ) {
    super(`The verification "${workflowId}" failed with ${failure.type}: ${failure.message}`, options);
  }
}

/** `wait` was given a timeout, and the verification was still open when it passed. It goes on. */
export class VerificationOpenError extends VerificationError {
  readonly code = 'VerificationOpen';
  constructor(
    readonly workflowId: string,
    /** Where it stood, where a worker could answer. */
    readonly status: VerificationStatus | undefined,
    options?: ErrorOptions,
  ) {
    super(`The verification "${workflowId}" is still open${status ? ` (${status.state})` : ''}; it goes on.`, options);
  }
}

/** The Temporal Service cannot be reached, does not know the namespace, or refuses this client. */
export class TemporalUnavailableError extends VerificationError {
  readonly code = 'TemporalUnavailable';
}

/** Temporal answers but no worker does, or a worker does and cannot run the verification. */
export class WorkerUnavailableError extends VerificationError {
  readonly code = 'WorkerUnavailable';
}

/**
 * A payload could not be sealed or opened: a key is missing here, the key service does not answer, or the payload was
 * changed. The `cause`, an error of the codec, says which.
 */
export class SealingError extends VerificationError {
  readonly code = 'Sealing';
}

/** The namespace lacks the search attributes of a verification. `cognito-verification setup` registers them. */
export class NotSetUpError extends VerificationError {
  readonly code = 'NotSetUp';
}
