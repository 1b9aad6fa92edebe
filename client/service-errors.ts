import { GRPC_STATUS } from '@cognito-verification/contract';
import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import {
  NotSetUpError,
  SealingError,
  TemporalUnavailableError,
  VerificationError,
  WorkerUnavailableError,
} from './errors.js';
import { errorOfFailure } from './failure-errors.js';

/** Where a call went: what an error has to name so that a reader knows where to look. */
export interface CallTarget {
  workflowId: string;
  namespace: string;
  taskQueue: string;
}

const { INVALID_ARGUMENT, PERMISSION_DENIED, FAILED_PRECONDITION, UNAUTHENTICATED } = GRPC_STATUS;

/** The typed error for whatever `@temporalio/client` threw, except for a missing workflow and a passed deadline. */
export function errorOfService(error: unknown, target: CallTarget): VerificationError {
  if (error instanceof VerificationError) return error;
  if (error instanceof WorkflowUpdateFailedError) return errorOfFailure(error.cause ?? error, target.workflowId);
  if (error instanceof QueryNotRegisteredError) {
    return new WorkerUnavailableError(
      `The workflow "${target.workflowId}" does not answer ${JSON.stringify('getStatus')}. Its worker's log says why: a key may be missing there. Or it is no verification, or its worker is of another release.`,
      { cause: error },
    );
  }
  if (error instanceof NamespaceNotFoundError) {
    return new TemporalUnavailableError(
      `The Temporal Service has no namespace "${target.namespace}". Create it, or correct TEMPORAL_NAMESPACE.`,
      { cause: error },
    );
  }
  if (isOfCodec(error)) return new SealingError(error.message, { cause: error });
  const grpc = grpcErrorOf(error);
  // Not a word of the server's, so a bug here or in the data converter.
  if (!grpc) throw error;
  const said = wordsOf(grpc);
  if (grpc.code === INVALID_ARGUMENT && /search attribute/i.test(said)) {
    return new NotSetUpError(
      `The namespace "${target.namespace}" lacks the search attributes of a verification (${said}). Register them: cognito-verification setup`,
      { cause: error },
    );
  }
  if (grpc.code === PERMISSION_DENIED || grpc.code === UNAUTHENTICATED) {
    return new TemporalUnavailableError(
      `The Temporal Service refuses this client (${said}). Check TEMPORAL_API_KEY, the TLS certificate, and what they may do in namespace "${target.namespace}".`,
      { cause: error },
    );
  }
  // A query without a poller, and an update-with-start whose first workflow task failed.
  if (grpc.code === FAILED_PRECONDITION) return workerUnavailable(target, said, error);
  return new TemporalUnavailableError(`The Temporal Service did not do it: ${said}.`, { cause: error });
}

/** By the codes of its errors: another codec that reads and writes the same envelope may have them too. */
function isOfCodec(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    ['UnknownKey', 'KeyService', 'PayloadRefused'].includes(String(error.code))
  );
}

/** No worker took the call, or the one that did could not run it. */
export function workerUnavailable(target: CallTarget, reason: string, cause: unknown): WorkerUnavailableError {
  return new WorkerUnavailableError(
    `No worker answered for "${target.workflowId}" (${reason}). Is a worker running on task queue "${target.taskQueue}" in namespace "${target.namespace}", and what does its log say? The verification goes on as soon as one runs.`,
    { cause },
  );
}

/** Whether it is gRPC's `FAILED_PRECONDITION`. */
export function isFailedPrecondition(error: unknown): boolean {
  return grpcErrorOf(error)?.code === FAILED_PRECONDITION;
}

/**
 * Whether Temporal gave no answer in the time that we had given it. The server notices the end of that time too, and
 * its word for it, "cancelled", may be here first; this client never cancels a call otherwise.
 */
export function isDeadline(error: unknown): boolean {
  return isGrpcDeadlineError(error) || isGrpcCancelledError(error);
}

/**
 * What the server says, without the full stop at the end. Of an update-with-start it says only that it could not be
 * executed; the SDK then puts the words of the operation that failed into the message.
 */
function wordsOf({ details, message }: { details: string; message: string }): string {
  const words = details !== '' && message.endsWith(details) ? details : message || details;
  return words.replace(/\.$/, '');
}

function grpcErrorOf(error: unknown): { code: number; details: string; message: string } | undefined {
  if (isGrpcServiceError(error)) return error;
  return error instanceof Error ? grpcErrorOf(error.cause) : undefined;
}
