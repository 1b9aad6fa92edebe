/** Whether a start opened the verification or joined it. */
import { idOfNextStart, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { expect, test } from 'vitest';
import { Opening } from '../../workflows/opening.js';
import { claimOf } from '../../workflows/terms.js';

const NOW = Date.now();

function openedBy(requestId: unknown, id: unknown): boolean | undefined {
  const at = new Date(NOW).toISOString();
  const request = { attributeName: 'email', stamp: { kind: WORKFLOW_TYPE, at, id: requestId } };
  const opening = new Opening(request, claimOf(request, 'email', NOW));
  return opening.cameWith({ stamp: { kind: 'awaitDelivery', at, id } });
}

test.each([
  ['the same id', 'awaitDelivery/1', 'awaitDelivery/1', true],
  ['the id of a start that had to start again', idOfNextStart('awaitDelivery/1'), 'awaitDelivery/1', true],
  ['another id', 'awaitDelivery/1', 'awaitDelivery/2', false],
  ['no id', undefined, 'awaitDelivery/1', undefined],
  ['no id, as null', null, 'awaitDelivery/1', undefined],
])('a request with %s', (_, requestId, id, opened) => {
  expect(openedBy(requestId, id)).toBe(opened);
});
