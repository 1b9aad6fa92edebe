import { describe, expect, it } from 'vitest';
import { explainMissingNamespace, TemporalConnectError } from '../../temporal/connect-error.js';

/** As Core words what it could not look up, whatever the reason. */
const core = (status: string) =>
  new Error(`Namespace default was not found or otherwise could not be described: ${status}`);

describe('a missing namespace', () => {
  it.each([
    new Error('Namespace default is not found.'),
    core('Status { code: NotFound, message: "Namespace default is not found." }'),
    new Error('14', { cause: new Error('Namespace default is not found.') }),
  ])('is named: %s', (error) => {
    expect(explainMissingNamespace(error, 'default')).toMatchObject({
      message: expect.stringContaining('no namespace "default"'),
    });
  });

  it.each([
    core('Status { code: Unavailable, message: "tcp connect error" }'),
    core('Status { code: PermissionDenied, message: "Request unauthorized." }'),
    new Error('workflow not found'),
  ])('is not made of another error: %s', (error) => {
    expect(explainMissingNamespace(error, 'default')).toBe(error);
  });
});

it.each([
  ['Failed to connect before the deadline', 'no answer within 5 seconds'],
  ['connect ECONNREFUSED 127.0.0.1:7233.', 'connect ECONNREFUSED 127.0.0.1:7233'],
])('that the service is not reached is said without a deadline: %s', (words, said) => {
  const { message } = new TemporalConnectError({ address: 'host:7233', security: {} }, new Error(words));
  expect(message).toMatch(new RegExp(`^Cannot reach the Temporal Service at host:7233 without TLS: ${said}\\. `));
});
