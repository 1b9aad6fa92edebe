/** Determinism: what a test has made must replay on the bundle that workers run. */
import { CONVERTER_PATHS, type KeyRing, workerDataConverter } from '@cognito-verification/codec';
import { Worker } from '@temporalio/worker';
import { WORKFLOW_BUNDLE_PATH } from '../worker/workflow-bundle.js';
import type { Rig } from './harness.js';

/**
 * Replays the newest run of each verification, open or ended, against the bundle; without a key ring those that were made
 * without one.
 * @returns how many were replayed
 * @throws AggregateError with one error for each history that does not replay
 */
export async function replayAll(
  rig: Pick<Rig, 'env'> & { keyRing: KeyRing | undefined },
  workflowIds: Iterable<string>,
): Promise<number> {
  const histories = [];
  for (const workflowId of new Set(workflowIds)) {
    histories.push({ workflowId, history: await rig.env.client.workflow.getHandle(workflowId).fetchHistory() });
  }
  const errors: Error[] = [];
  let replayed = 0;
  for await (const result of Worker.runReplayHistories(
    {
      workflowBundle: { codePath: WORKFLOW_BUNDLE_PATH },
      dataConverter: rig.keyRing ? workerDataConverter(rig.keyRing) : CONVERTER_PATHS,
    },
    histories,
  )) {
    replayed++;
    if (result.error) errors.push(new Error(`${result.workflowId} does not replay`, { cause: result.error }));
  }
  if (replayed !== histories.length) errors.push(new Error(`replayed ${replayed} of ${histories.length} histories`));
  if (errors.length > 0)
    throw new AggregateError(errors, errors.map(({ message, cause }) => `${message}: ${String(cause)}`).join('\n'));
  return replayed;
}
