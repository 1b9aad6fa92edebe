/** Whether a start opened the verification or joined it. */
import { randomUUID } from 'node:crypto';
import { idOfNextStart, parseRequest, unstamped, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { expect, test } from 'vitest';
import { Stamps } from '../../workflows/stamps.js';
import { Verification } from '../../workflows/verification.js';
import { CLAIMS, tokenOf } from '../sample-token.js';

const NOW = Date.now();

function openedBy(requestId: unknown, id: unknown): boolean | undefined {
  const at = new Date(NOW).toISOString();
  const accessToken = tokenOf({ ...CLAIMS, exp: Math.floor(NOW / 1_000) + 3_600 });
  const request = { accessToken, attributeName: 'email', stamp: { kind: WORKFLOW_TYPE, at, id: requestId } };
  const runId = randomUUID();
  const stamps = new Stamps(request, { runId, firstExecutionRunId: runId, startTime: new Date(NOW) });
  const verification = new Verification(parseRequest(unstamped(request).message), NOW, stamps, request);
  return verification.openedBy({ stamp: { kind: 'awaitDelivery', at, id } });
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
