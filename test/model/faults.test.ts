/** What goes wrong in stories is what the sandbox can do: nothing is left out but for a reason. */
import { expect, test } from 'vitest';
import { ATTEMPT_TROUBLES, READ_TROUBLES, SANDBOX_FAULTS, SEND_TROUBLES, type Trouble } from './faults.js';

test('the tables have every fault of the sandbox that is said to be in them, and no other', () => {
  const troubles: Trouble<string>[] = [SEND_TROUBLES, ATTEMPT_TROUBLES, READ_TROUBLES].flatMap(Object.values);
  const used = new Set(troubles.flatMap(({ fault = {} }) => Object.keys(fault)));
  const said = Object.entries(SANDBOX_FAULTS).flatMap(([field, where]) => (where === 'tables' ? [field] : []));
  expect([...used].sort()).toEqual(said.sort());
});
