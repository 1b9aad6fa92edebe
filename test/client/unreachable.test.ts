import { expect, it } from 'vitest';
import { unreachable } from '../../client/unreachable.js';

it.each([
  ['Failed to connect before the deadline', 'no answer in time'],
  ['connect ECONNREFUSED 127.0.0.1:7233.', 'connect ECONNREFUSED 127.0.0.1:7233'],
])('that the service is not reached is said without a deadline: %s', (words, said) => {
  const { message } = unreachable({ address: 'host:7233', security: {} }, new Error(words));
  expect(message).toMatch(new RegExp(`^Cannot reach the Temporal Service at host:7233 without TLS: ${said}\\. `));
});
