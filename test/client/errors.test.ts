/** The error of ours that each Temporal error becomes. The errors are built here as the SDK builds them. */
import { randomUUID } from 'node:crypto';
import { FAILURE_TYPES } from '@cognito-verification/contract';
import {
  ServiceError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  NamespaceNotFoundError,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { Challenge } from '../../client/challenge.js';
import { VerificationEndedError, VerificationFailedError } from '../../client/errors.js';
import { errorOfFailure } from '../../client/failure-errors.js';
import { outcomeOfFailure } from '../../client/outcome.js';
import { errorOfService, isDeadline } from '../../client/service-errors.js';

const ID = 'verify/eu-west-1_pool/2f0e/email';
const grpc = (code: number, details: string) =>
  new ServiceError('failed', { cause: Object.assign(new Error(details), { code, details, metadata: {} }) });

const invalidRequest = (message: string, ...details: unknown[]) =>
  ApplicationFailure.nonRetryable(message, FAILURE_TYPES.invalidRequest, ...details);

const CHALLENGE = new Challenge({ kind: 'submitCode', workflowId: ID, id: 'submitCode/1' }, Date.now);
const target = { workflowId: ID, namespace: 'onboarding', taskQueue: 'verifications' };

describe('a failure of the workflow', () => {
  it.each([
    [FAILURE_TYPES.invalidRequest, 'InvalidRequest'],
    [FAILURE_TYPES.accessTokenRefused, 'AccessTokenRefused'],
    [FAILURE_TYPES.resendNotAllowed, 'ResendNotAllowed'],
    [FAILURE_TYPES.resendFailed, 'ResendFailed'],
    [FAILURE_TYPES.attemptsExhausted, 'AttemptsExhausted'],
    [FAILURE_TYPES.tooManyMessages, 'TooManyMessages'],
    [FAILURE_TYPES.codeNotSent, 'CodeNotSent'],
    [FAILURE_TYPES.verificationEnded, 'VerificationEnded'],
    [FAILURE_TYPES.cognitoUnavailable, 'CognitoUnavailable'],
    ['AliasExistsException', 'VerificationFailed'],
  ])('of type %s becomes %s', (type, code) => {
    const cause = ApplicationFailure.nonRetryable('It is so.', type);
    expect(errorOfFailure(cause, ID, CHALLENGE)).toMatchObject({ code, cause });
  });

  it('covers every type of the contract', () => {
    for (const type of Object.values(FAILURE_TYPES)) {
      const error = errorOfFailure(ApplicationFailure.nonRetryable('It is so.', type), ID, CHALLENGE);
      expect(error, type).not.toBeInstanceOf(VerificationFailedError);
    }
  });

  it('takes the field from its details or from its message', () => {
    const byDetails = invalidRequest('policy.maxSends must be less', { field: 'policy.maxSends' });
    expect(errorOfFailure(byDetails, ID, CHALLENGE)).toMatchObject({ field: 'policy.maxSends' });
    expect(errorOfFailure(invalidRequest('code must be six digits'), ID, CHALLENGE)).toMatchObject({ field: 'code' });
  });

  it('says when the next re-send is allowed', () => {
    const refusal = { reason: 'cooldown', allowedAt: '2026-01-05T12:31:00.000Z' };
    const failure = ApplicationFailure.nonRetryable('Not yet.', FAILURE_TYPES.resendNotAllowed, refusal);
    expect(errorOfFailure(failure, ID, CHALLENGE)).toMatchObject(refusal);
  });

  it('says how the verification has ended', () => {
    const status = {
      state: 'expired',
      attributeName: 'email',
      expiresAt: '2026-11-23T10:00:00.000Z',
      sendsLeft: 4,
      attemptsLeft: 10,
      sends: [],
      attempts: [],
    };
    const errorWith = (stamp: object | undefined) =>
      errorOfFailure(
        ApplicationFailure.nonRetryable('Ended.', FAILURE_TYPES.verificationEnded, { ...status, stamp }),
        ID,
        CHALLENGE,
      );
    const stamp = { kind: 'submitCode', id: 'submitCode/1', runId: randomUUID() };
    const error = errorWith(stamp);
    expect(error).toBeInstanceOf(VerificationEndedError);
    expect(error).toMatchObject({ status, message: expect.stringContaining('expired') });
    const failed = { ...status, state: 'failed', failure: { type: 'UserNotFoundException', message: 'Gone.' }, stamp };
    const why = ApplicationFailure.nonRetryable('Ended.', FAILURE_TYPES.verificationEnded, failed);
    expect(errorOfFailure(why, ID, CHALLENGE).message).toBe(
      `The verification "${ID}" has ended as failed (UserNotFoundException). More: cognito-verification status ${ID}`,
    );
    // A failure of another call, sent again.
    for (const other of [undefined, { ...stamp, id: 'submitCode/2' }, { ...stamp, kind: 'resendCode' }]) {
      const { status: told, message } = errorWith(other) as VerificationEndedError;
      expect([told, message.includes('expired')]).toEqual([undefined, false]);
    }
  });

  it('is the innermost one that Cognito caused', () => {
    const cause = ApplicationFailure.nonRetryable('User does not exist.', 'UserNotFoundException');
    const wrapped = new ActivityFailure(
      'Activity task failed',
      'sendCode',
      '1',
      RetryState.NON_RETRYABLE_FAILURE,
      undefined,
      cause,
    );
    expect(errorOfFailure(wrapped, ID, CHALLENGE)).toMatchObject({
      failure: { type: 'UserNotFoundException', message: 'User does not exist.' },
    });
  });
});

describe('an error of the service', () => {
  it.each([
    [
      grpc(9, 'Update-with-Start could not be executed'),
      'WorkerUnavailable',
      /task queue "verifications" in namespace "onboarding"/,
    ],
    [
      grpc(14, 'connection refused'),
      'TemporalUnavailable',
      /^Cannot reach the Temporal Service: connection refused\. /,
    ],
    [
      grpc(14, 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:7233. Resolution note: .'),
      'TemporalUnavailable',
      /^Cannot reach the Temporal Service: connect ECONNREFUSED 127\.0\.0\.1:7233\. Is it running/,
    ],
    [
      grpc(12, 'Received HTTP status code 404'),
      'TemporalUnavailable',
      /is no Temporal Service, .*404.*TEMPORAL_ADDRESS/,
    ],
    [grpc(7, 'Request unauthorized.'), 'TemporalUnavailable', /TEMPORAL_API_KEY/],
    [grpc(16, 'no token'), 'TemporalUnavailable', /TEMPORAL_API_KEY/],
    [grpc(3, 'no mapping defined for search attribute VerificationState'), 'NotSetUp', /cognito-verification setup/],
    [new NamespaceNotFoundError('onboarding'), 'TemporalUnavailable', /onboarding.*TEMPORAL_NAMESPACE/],
  ])('%s', (error, code, message) => {
    expect(errorOfService(error, target)).toMatchObject({
      code,
      message: expect.stringMatching(message),
      cause: error,
    });
  });

  it('that refuses an update becomes the refusal of the workflow', () => {
    const cause = ApplicationFailure.nonRetryable('None left.', FAILURE_TYPES.attemptsExhausted);
    expect(errorOfService(new WorkflowUpdateFailedError('failed', cause), target)).toMatchObject({
      code: 'AttemptsExhausted',
      message: 'None left.',
    });
  });

  it('is found at any depth', () => {
    const error = new WorkflowUpdateRPCTimeoutOrCancelledError('failed', { cause: grpc(14, 'connection refused') });
    expect(errorOfService(error, target)).toMatchObject({ code: 'TemporalUnavailable' });
  });

  it.each([1, 4])('with code %d means that no answer arrived in time', (code) => {
    expect(isDeadline(grpc(code, 'context canceled'))).toBe(true);
  });

  it('that is a bug of ours stays unchanged', () => {
    expect(() => errorOfService(new TypeError('x is not a function'), target)).toThrow(TypeError);
  });
});

describe('an end other than completion', () => {
  it.each([
    [new CancelledFailure('Workflow canceled'), { outcome: 'cancelled' }],
    [new TerminatedFailure('by hand'), { outcome: 'failed', failure: { type: 'Terminated', message: 'by hand' } }],
    [
      new TimeoutFailure('Workflow execution timed out', undefined, TimeoutType.START_TO_CLOSE),
      { outcome: 'failed', failure: { type: 'TimedOut', message: 'Workflow execution timed out' } },
    ],
    [
      ApplicationFailure.nonRetryable('Gone.', 'UserNotFoundException'),
      { outcome: 'failed', failure: { type: 'UserNotFoundException', message: 'Gone.' } },
    ],
  ])('%s', (cause, outcome) => {
    const error = new WorkflowFailedError('failed', cause, RetryState.NON_RETRYABLE_FAILURE);
    expect(outcomeOfFailure(error, CHALLENGE)).toEqual(outcome);
  });
});
