/** Why a call could not be made, or its answer not be had. */
import { VerificationError } from './verification-error.js';

/** The Temporal Service cannot be reached, does not have the namespace, refuses this client, or answers with an error. */
export class TemporalUnavailableError extends VerificationError {
  readonly code = 'TemporalUnavailable';
}

/** Temporal answers, but no worker does, or the worker cannot run the verification: the message says which. */
export class WorkerUnavailableError extends VerificationError {
  readonly code = 'WorkerUnavailable';
}

/**
 * The verification is open on another task queue than that of this client, whose workers do not go on with it. Nothing was done,
 * and nothing ends by itself before its deadline. Correct the setting that is wrong, or start with `takeOver`.
 */
export class OtherTaskQueueError extends VerificationError {
  readonly code = 'OtherTaskQueue';
  constructor(
    readonly workflowId: string,
    ownTaskQueue: string,
    /** Where it is. */
    readonly taskQueue: string,
    /** Whether a worker has asked for work there within the last five minutes; undefined if Temporal does not say. */
    readonly hasPollers: boolean | undefined,
    options?: ErrorOptions,
  ) {
    const seen = hasPollers === undefined ? 'It is not known whether a' : hasPollers ? 'A' : 'No';
    super(
      `"${workflowId}" is open on task queue "${taskQueue}", and this client works with "${ownTaskQueue}" (VERIFICATION_TASK_QUEUE). ${seen} worker was seen there in the last five minutes. Correct the setting, or run a worker there, or end it and start it here: start with takeOver (--take-over).`,
      options,
    );
  }
}

/**
 * The codec could not seal or open a payload: a key is missing in this process, the key service does not answer, or somebody
 * changed the payload. The `cause`, an error of the codec, says which.
 */
export class SealingError extends VerificationError {
  readonly code = 'Sealing';
}

/**
 * What came back is no answer to this call: something other than a worker of this release answered, with an answer of its own
 * or with one that a worker gave to another call. What the call asked for may have been done.
 */
export class UnexpectedAnswerError extends VerificationError {
  readonly code = 'UnexpectedAnswer';
  constructor(
    readonly workflowId: string,
    /** What is wrong with it, after "what came back". */
    found: string,
    /** What to do, as a sentence. */
    remedy = 'If no worker of another release runs, find out which program answers on the task queue.',
  ) {
    super(`What came back for "${workflowId}" ${found}. Do not rely on it. ${remedy}`);
  }
}

/**
 * The id of this call was used before, for a call that asked for something else. Temporal has kept the answer to that one, and
 * did nothing now.
 */
export class IdReusedError extends VerificationError {
  readonly code = 'IdReused';
  constructor(
    readonly workflowId: string,
    /** The name of the message, a slash, and the `requestId` or `attemptId`. */
    readonly id: string,
    options?: ErrorOptions,
  ) {
    super(
      `The id "${id}" was used for "${workflowId}" before, and asked for something else then. Nothing was done now. Use a new id for each request, and the same one only to repeat it.`,
      options,
    );
  }
}

/** The namespace lacks the search attributes of a verification. `cognito-verification setup` registers them. */
export class NotSetUpError extends VerificationError {
  readonly code = 'NotSetUp';
}
