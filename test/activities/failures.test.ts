import { Secret } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { CognitoRefusal, ForeignAnswer } from '../../activities/cognito-answer.js';
import { failureName, readFailure } from '../../activities/failures.js';

/** Errors as the AWS SDK and Node throw them, for connection failures that the sandbox cannot cause. */
const failed = (more: object) => Object.assign(new Error('boom'), more);

describe('the request never left: no message was sent, so it is tried again', () => {
  it.each([
    ['refused', { code: 'ECONNREFUSED' }],
    ['unknown host name', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }],
    ['no route to the host', { code: 'EHOSTUNREACH', syscall: 'connect' }],
    ['no answer to the connection', { code: 'ETIMEDOUT', syscall: 'connect' }],
    ['no TLS', { code: 'EPROTO' }],
    ['an expired certificate', { code: 'CERT_HAS_EXPIRED' }],
    [
      'cut off before TLS',
      {
        code: 'ECONNRESET',
        message: 'Client network socket disconnected before secure TLS connection was established',
      },
    ],
    ['every address failed', { code: 'ETIMEDOUT', errors: [{ syscall: 'connect' }, { code: 'ECONNREFUSED' }] }],
    [
      'the SDK gave up connecting',
      {
        name: 'TimeoutError',
        message: '@smithy - the request socket did not establish a connection with the server within 3000 ms.',
      },
    ],
  ])('%s', (_name, error) => {
    expect(readFailure(failed(error))).toMatchObject({ send: 'unreachable', attempt: 'unreachable' });
  });
});

describe('the request left and its effect is unknown: counted, never repeated', () => {
  it.each([
    ['the connection was lost', { code: 'ECONNRESET', syscall: 'read' }],
    [
      'the SDK gave up waiting',
      { name: 'TimeoutError', message: 'a request has exceeded the configured 22000 ms requestTimeout.' },
    ],
    ['an answer that is no HTTP', { code: 'HPE_INVALID_CONSTANT' }],
    ['an error in our own code', { name: 'TypeError' }],
    [
      'one of the addresses may have received it',
      { errors: [{ syscall: 'connect' }, { code: 'ECONNRESET', syscall: 'read' }] },
    ],
  ])('%s', (_name, error) => {
    expect(readFailure(failed(error))).toMatchObject({ send: 'uncertain', attempt: 'uncertain' });
  });
});

describe('a refusal by Cognito', () => {
  const ID = 'f3b1c2d4-0000-4000-8000-00000000abcd';

  it.each([
    // Of both lists, the table of this project decides.
    ['LimitExceededException', 400, 'rateLimited'],
    ['LimitExceededException', 429, 'rateLimited'],
    ['TooManyRequestsException', 400, 'throttled'],
    ['CodeMismatchException', 500, 'failed'],
    ['InternalErrorException', 400, 'uncertain'],
    // The throttles of the AWS SDK's list.
    ['BandwidthLimitExceeded', 400, 'throttled'],
    ['EC2ThrottledException', 400, 'throttled'],
    ['PriorRequestNotComplete', 400, 'throttled'],
    ['ProvisionedThroughputExceededException', 400, 'throttled'],
    ['RequestLimitExceeded', 400, 'throttled'],
    ['RequestThrottled', 400, 'throttled'],
    ['RequestThrottledException', 400, 'throttled'],
    ['SlowDown', 503, 'throttled'],
    ['ThrottledException', 400, 'throttled'],
    ['Throttling', 400, 'throttled'],
    ['ThrottlingException', 400, 'throttled'],
    ['TransactionInProgressException', 400, 'throttled'],
    ['BrandNewException', 429, 'throttled'],
    // Its transient ones.
    ['TimeoutError', 400, 'uncertain'],
    ['RequestTimeout', 408, 'uncertain'],
    ['RequestTimeoutException', 400, 'uncertain'],
    // Neither.
    ['BrandNewException', 400, 'failed'],
    ['BrandNewException', 408, 'failed'],
    ['BrandNewException', 500, 'uncertain'],
    ['BrandNewException', 507, 'uncertain'],
    [undefined, 429, 'throttled'],
    [undefined, 404, 'failed'],
    [undefined, 503, 'uncertain'],
  ])('%s with HTTP %d is %s', (name, status, send) => {
    expect(readFailure(new CognitoRefusal(name, '', status, ID)).send).toBe(send);
  });
});

it.each([200, 202, 204, 301, 302, 304, 400, 401, 403, 404, 407, 408, 421, 429, 500, 503, 511])(
  'an answer that is not of Cognito, HTTP %d: nothing is known, and the operator must look',
  (status) => {
    const reading = readFailure(new ForeignAnswer(status, 'text/html'));
    expect(reading).toMatchObject({ send: 'uncertain', attempt: 'uncertain' });
    expect(reading.remedy).toContain('AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER');
  },
);

it('errors carry the name from Cognito if there is one, otherwise that of the network error', () => {
  expect(failureName(new CognitoRefusal('LimitExceededException', '', 400))).toBe('LimitExceededException');
  expect(failureName(new CognitoRefusal(undefined, '', 404))).toBe('HTTP 404');
  expect(failureName(new ForeignAnswer(502))).toBe('ForeignAnswer');
  expect(failureName(failed({ code: 'ECONNRESET' }))).toBe('ECONNRESET');
  expect(failureName(failed({ name: 'x y' }))).toBe('Error');
});

it('a name is no secret, whatever an endpoint repeats and whatever a person types', () => {
  expect(failureName(new CognitoRefusal('Ab3xException', '', 400), [new Secret('Ab3x')])).toBe('Error');
  expect(failureName(new CognitoRefusal('CodeMismatchException', '', 400), [new Secret('Mis')])).toBe(
    'CodeMismatchException',
  );
});
