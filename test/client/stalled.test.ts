/** What the newest events of a history say about a verification that does not answer. */
import { LACKS_A_KEY } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { describe, expect, test } from 'vitest';
import { whyStalled } from '../../client/stalled.js';

const RUN = { workflowId: 'verify/x', namespace: 'default', taskQueue: 'queue', runId: 'run' };

/** A Temporal client whose history has these events, newest first. */
function clientWith(events: readonly object[]): Client {
  const started = {
    workflowExecutionStartedEventAttributes: {
      input: { payloads: [{ metadata: { 'encryption-key-id': Buffer.from('2026-11') } }] },
    },
  };
  return {
    options: { loadedDataConverter: loadDataConverter() },
    workflowService: {
      getWorkflowExecutionHistoryReverse: () => Promise.resolve({ history: { events } }),
      getWorkflowExecutionHistory: () => Promise.resolve({ history: { events: [started] } }),
    },
  } as unknown as Client;
}

const failed = (failure: object) => ({ workflowTaskFailedEventAttributes: { failure } });
const completed = { workflowTaskCompletedEventAttributes: {} };
const signaled = { workflowExecutionSignaledEventAttributes: {} };
const timedOut = { workflowTaskTimedOutEventAttributes: {} };

describe('is no stall', () => {
  test.each<[string, object[]]>([
    ['a history without a workflow task that has ended', [signaled]],
    ['a task that succeeded after one that failed', [signaled, completed, failed({ message: 'x' })]],
    ['a task that the server repeats by itself', [failed({ message: 'UnhandledCommand', serverFailureInfo: {} })]],
    ['a reset', [failed({ message: 'reset', resetWorkflowFailureInfo: {} })]],
  ])('%s', async (_, events) => {
    expect(await whyStalled(clientWith(events), RUN)).toBeUndefined();
  });
});

describe('is a stall', () => {
  test('a task that failed for lack of a key: the message says which, and how to remove the verification', async () => {
    const error = await whyStalled(clientWith([signaled, timedOut, failed({ message: `${LACKS_A_KEY}Why.` })]), RUN);
    expect(error?.code).toBe('WorkerUnavailable');
    expect(error?.message).toContain('The worker lacks a key. Why.');
    expect(error?.message).toContain('started with the key "2026-11"');
    expect(error?.message).toContain('temporal workflow terminate --namespace default --workflow-id verify/x');
  });

  test('a task that failed otherwise: the message does not quote the error, which may hold anything', async () => {
    const error = await whyStalled(clientWith([failed({ message: 'Unexpected token of eyJhbGci' })]), RUN);
    expect(error?.code).toBe('WorkerUnavailable');
    expect(error?.message).toContain('its workflow task fails');
    expect(error?.message).not.toContain('eyJ');
  });
});
