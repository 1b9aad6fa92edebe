import { describe, expect, it } from 'vitest';
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
    ['a page instead of an answer', { name: 'SyntaxError', $metadata: { httpStatusCode: 502 } }],
    ['a server fault with any status', { name: 'NewException', $fault: 'server', $metadata: { httpStatusCode: 400 } }],
    ['an error in our own code', { name: 'TypeError' }],
    [
      'one of the addresses may have received it',
      { errors: [{ syscall: 'connect' }, { code: 'ECONNRESET', syscall: 'read' }] },
    ],
  ])('%s', (_name, error) => {
    expect(readFailure(failed(error))).toMatchObject({ send: 'uncertain', attempt: 'uncertain' });
  });
});

it('errors carry the name from Cognito if there is one, otherwise that of the network error', () => {
  expect(failureName(failed({ name: 'LimitExceededException', $fault: 'client' }))).toBe('LimitExceededException');
  expect(failureName(failed({ code: 'ECONNRESET' }))).toBe('ECONNRESET');
  expect(failureName(failed({ name: 'SyntaxError', $metadata: { httpStatusCode: 502 } }))).toBe('HTTP 502');
});
