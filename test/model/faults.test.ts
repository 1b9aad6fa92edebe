/** The stories use every fault of the sandbox, unless there is a reason to leave one out. */
import { expect, test } from 'vitest';
import { ATTEMPT_TROUBLES, READ_TROUBLES, SANDBOX_FAULTS, SEND_TROUBLES, type Trouble } from './faults.js';

test('the tables have exactly the faults of the sandbox that they claim to have', () => {
  const troubles: Trouble<string>[] = [SEND_TROUBLES, ATTEMPT_TROUBLES, READ_TROUBLES].flatMap(Object.values);
  const used = new Set(troubles.flatMap(({ fault = {} }) => Object.keys(fault)));
  const expected = Object.entries(SANDBOX_FAULTS).flatMap(([field, where]) => (where === 'tables' ? [field] : []));
  expect([...used].sort()).toEqual(expected.sort());
});
