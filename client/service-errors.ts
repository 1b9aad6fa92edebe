import { GRPC_STATUS, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import type { Challenge } from './challenge.js';
import {
  NotSetUpError,
  SealingError,
  TemporalUnavailableError,
  VerificationError,
  WorkerUnavailableError,
} from './errors.js';
import { errorOfFailure } from './failure-errors.js';
import { isForeign, withoutFrame, withWayOut } from './unreachable.js';

/** Where a call went. An error names it, so that a reader knows where to look. */
export interface CallTarget {
  workflowId: string;
  namespace: string;
  taskQueue: string;
}

const { INVALID_ARGUMENT, PERMISSION_DENIED, FAILED_PRECONDITION, UNAVAILABLE, UNAUTHENTICATED } = GRPC_STATUS;

/** The typed error for anything that `@temporalio/client` throws, except a missing workflow and a passed deadline. */
export function errorOfService(error: unknown, target: CallTarget, challenge?: Challenge): VerificationError {
  if (error instanceof VerificationError) return error;
  if (error instanceof WorkflowUpdateFailedError)
    return errorOfFailure(error.cause ?? error, target.workflowId, challenge);
  if (error instanceof QueryNotRegisteredError) {
    return new WorkerUnavailableError(
      `The workflow "${target.workflowId}" does not answer "getStatus". Its worker's log says why: the worker may lack a key, or run another release. Or a workflow task is due first: ask again. Or this workflow is not a verification.`,
      { cause: error },
    );
  }
  if (isOfCodec(error)) return new SealingError(error.message, { cause: error });
  const service = readServiceError(error);
  // A query without a poller, and an update-with-start whose first workflow task failed.
  if (service?.code === FAILED_PRECONDITION) return workerUnavailable(target, service.words, error);
  const explained = explainServiceError(error, target.namespace);
  // The server did not say it: it is a bug here or in the data converter.
  if (!explained) throw error;
  return explained;
}

/**
 * The typed error for an error of the Temporal Service that concerns a namespace and no single verification, for programs
 * that use Temporal's own client beside `VerificationClient`. Undefined where the service did not cause the error.
 * @example
 * ```ts
 * import { explainServiceError } from '@cognito-verification/client';
 * import type { Client } from '@temporalio/client';
 *
 * export async function countOpen(client: Client, namespace: string): Promise<number> {
 *   try {
 *     return (await client.workflow.count("ExecutionStatus = 'Running'")).count;
 *   } catch (error) {
 *     throw explainServiceError(error, namespace) ?? error;
 *   }
 * }
 * ```
 */
export function explainServiceError(error: unknown, namespace: string): VerificationError | undefined {
  const options = { cause: error };
  if (error instanceof NamespaceNotFoundError) {
    return new TemporalUnavailableError(
      `The Temporal Service has no namespace "${namespace}". Create it, or correct TEMPORAL_NAMESPACE.`,
      options,
    );
  }
  const service = readServiceError(error);
  if (!service) return undefined;
  const { code, words } = service;
  if (isForeign(words))
    return new TemporalUnavailableError(withWayOut('Cannot reach the Temporal Service: ', words), options);
  if (code === INVALID_ARGUMENT && (/search attribute/i.test(words) || words.includes(SEARCH_ATTRIBUTES.state))) {
    return new NotSetUpError(
      `The namespace "${namespace}" lacks the search attributes of a verification (${words}). Register them: cognito-verification setup`,
      options,
    );
  }
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
    return new TemporalUnavailableError(
      `The Temporal Service refuses this client (${words}). Check TEMPORAL_API_KEY, the TLS certificate, and their permissions in namespace "${namespace}".`,
      options,
    );
  }
  if (code === UNAVAILABLE) {
    return new TemporalUnavailableError(
      `Cannot reach the Temporal Service: ${withoutFrame(words)}. Is it running, and does the network lead to it? An open verification goes on once it runs.`,
      options,
    );
  }
  return new TemporalUnavailableError(`The Temporal Service answered with an error: ${words}.`, options);
}

/**
 * The gRPC status code of an error of the Temporal Service, and the service's words without a full stop at the end. It
 * looks through the causes of the error. Undefined where none of them is from the service.
 * @example
 * ```ts
 * import { readServiceError } from '@cognito-verification/client';
 *
 * const RESOURCE_EXHAUSTED = 8;
 *
 * export function isOverloaded(error: unknown): boolean {
 *   return readServiceError(error)?.code === RESOURCE_EXHAUSTED;
 * }
 * ```
 */
export function readServiceError(error: unknown): { code: number; words: string } | undefined {
  if (!isGrpcServiceError(error)) return error instanceof Error ? readServiceError(error.cause) : undefined;
  const { code, details, message } = error;
  // Of an update-with-start the server says only that it could not be executed. The SDK then puts the words of the
  // operation that failed into the message.
  const words = details !== '' && message.endsWith(details) ? details : message || details;
  return { code, words: words.replace(/\.$/, '') };
}

/** By their codes: another codec that reads and writes the same envelope may throw such errors too. */
export function isOfCodec(error: unknown): error is Error & { code: unknown } {
  return error instanceof Error && 'code' in error && CODES_OF_CODEC.some((code) => code === error.code);
}

const CODES_OF_CODEC = ['UnknownKey', 'KeyService', 'PayloadRefused'];

/** No worker took the call, or the one that took it could not run it. */
export function workerUnavailable(target: CallTarget, reason: string, cause: unknown): WorkerUnavailableError {
  return new WorkerUnavailableError(
    `No worker answered for "${target.workflowId}" (${reason}). Is a worker running on task queue "${target.taskQueue}" in namespace "${target.namespace}", and what does its log say? Of versioned workers, one version must be current, and an open verification needs those of its own version (cognito-verification deploy status). The verification goes on as soon as one runs.`,
    { cause },
  );
}

/** Whether it is gRPC's `FAILED_PRECONDITION`. */
export function isFailedPrecondition(error: unknown): boolean {
  return readServiceError(error)?.code === FAILED_PRECONDITION;
}

/** Whether it is gRPC's `UNAVAILABLE`, or something else than Temporal has answered. */
export function isUnavailable(error: unknown): boolean {
  return readServiceError(error)?.code === UNAVAILABLE || isOfForeign(error);
}

/** Whether something else than Temporal has answered. */
export function isOfForeign(error: unknown): boolean {
  return isForeign(readServiceError(error)?.words ?? '');
}

/**
 * Whether Temporal did not answer within the time limit of the call. The server notices the end of that time too, and its
 * status for it, "cancelled", may arrive first. This client cancels no call otherwise.
 */
export function isDeadline(error: unknown): boolean {
  return isGrpcDeadlineError(error) || isGrpcCancelledError(error);
}
