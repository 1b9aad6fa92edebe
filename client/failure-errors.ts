import {
  boundedFailure,
  FAILURE_TYPES,
  InvalidInputError,
  isRecord,
  printable,
  type ResendRefusal,
  type VerificationFailure,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { isStatus } from './answers.js';
import {
  AccessTokenRefusedError,
  AttemptsExhaustedError,
  CodeNotSentError,
  CognitoUnavailableError,
  InvalidRequestError,
  ResendFailedError,
  ResendNotAllowedError,
  TooManyMessagesError,
  VerificationEndedError,
  type VerificationError,
  VerificationFailedError,
} from './errors.js';

/** The typed error for input that the contract's validation refused, before the client sent anything to Temporal. */
export function errorOfInput(error: InvalidInputError): VerificationError {
  return error.type === FAILURE_TYPES.accessTokenRefused
    ? new AccessTokenRefusedError(`${error.message}.`)
    : new InvalidRequestError(error.field, `${error.message}.`);
}

/**
 * The typed error for a failure that a validator or handler of the workflow threw. Any type outside of `FAILURE_TYPES` is the
 * name of Cognito's exception, and means that the verification failed.
 */
export function errorOfFailure(failure: Error, workflowId: string): VerificationError {
  const options = { cause: failure };
  const message = printable(failure.message);
  const application = applicationFailure(failure);
  const detail: unknown = application?.details?.[0];
  switch (application?.type) {
    case FAILURE_TYPES.invalidRequest:
      return new InvalidRequestError(fieldOf(detail, message), message, options);
    case FAILURE_TYPES.accessTokenRefused:
      return new AccessTokenRefusedError(message, options);
    case FAILURE_TYPES.resendNotAllowed:
      return new ResendNotAllowedError(message, isResendRefusal(detail) ? detail : undefined, options);
    case FAILURE_TYPES.resendFailed:
      return new ResendFailedError(message, isFailure(detail) ? detail : undefined, options);
    case FAILURE_TYPES.attemptsExhausted:
      return new AttemptsExhaustedError(message, options);
    case FAILURE_TYPES.tooManyMessages:
      return new TooManyMessagesError(message, retryAtOf(detail), options);
    case FAILURE_TYPES.codeNotSent:
      return new CodeNotSentError(message, options);
    case FAILURE_TYPES.verificationEnded:
      return new VerificationEndedError(workflowId, undefined, isStatus(detail) ? detail : undefined, options);
    case FAILURE_TYPES.cognitoUnavailable:
      return new CognitoUnavailableError(message, application?.details?.find(isStatus), options);
    default:
      return new VerificationFailedError(workflowId, describeFailure(failure), options);
  }
}

/** Type and message of the innermost `ApplicationFailure`: it is the one that Cognito caused. */
export function describeFailure(failure: Error | undefined): VerificationFailure {
  const application = applicationFailure(failure);
  const message = application?.message ?? failure?.message ?? 'no reason was recorded';
  return boundedFailure(application?.type ?? failure?.name ?? 'Unknown', message);
}

/** The status in the first detail of a failure. */
export function statusOfFailure(failure: Error | undefined): VerificationStatus | undefined {
  const detail: unknown = applicationFailure(failure)?.details?.[0];
  return isStatus(detail) ? detail : undefined;
}

/** An activity's failure is wrapped in one that says only that an activity failed. */
function applicationFailure(failure: unknown): ApplicationFailure | undefined {
  if (failure instanceof ApplicationFailure) return failure;
  return failure instanceof TemporalFailure ? applicationFailure(failure.cause) : undefined;
}

/** A worker of an older release sends no field, but its message begins with the field's name. */
function fieldOf(detail: unknown, message: string): string {
  const field = isRecord(detail) ? detail['field'] : undefined;
  return typeof field === 'string' ? field : (/^[\w.]+/.exec(message)?.[0] ?? 'request');
}

function retryAtOf(detail: unknown): string | undefined {
  const retryAt = isRecord(detail) ? detail['retryAt'] : undefined;
  return typeof retryAt === 'string' ? retryAt : undefined;
}

function isResendRefusal(value: unknown): value is ResendRefusal {
  return isRecord(value) && typeof value['reason'] === 'string';
}

function isFailure(value: unknown): value is VerificationFailure {
  return isRecord(value) && typeof value['type'] === 'string' && typeof value['message'] === 'string';
}
