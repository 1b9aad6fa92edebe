import { describe, expect, it } from 'vitest';
import { explainMissingNamespace } from '../../temporal/missing-namespace.js';

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
