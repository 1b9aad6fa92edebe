/** The histories that a test makes must replay on the bundle of the workers. */
import { type KeyRing } from '@cognito-verification/codec';
import { CONVERTER_PATHS, workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import { Worker } from '@temporalio/worker';
import type { History } from '../temporal/proto-json.js';
import { WORKFLOW_BUNDLE_PATH } from '../worker/workflow-bundle.js';
import type { Rig } from './rig.js';

/**
 * Replays the newest run of each verification, open or ended, against the bundle. Without a key ring, payloads are in plain text.
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
  const errors = [...(await replayErrors(histories, rig.keyRing)).values()];
  if (errors.length > 0)
    throw new AggregateError(errors, errors.map(({ message, cause }) => `${message}: ${String(cause)}`).join('\n'));
  return histories.length;
}

/** The failures by workflow id: the difference, or "not replayed" if the SDK did not report on the history. */
export async function replayErrors(
  histories: readonly { workflowId: string; history: History }[],
  keyRing: KeyRing | undefined,
): Promise<Map<string, Error>> {
  const errors = new Map(histories.map(({ workflowId }) => [workflowId, new Error(`${workflowId} was not replayed`)]));
  for await (const { workflowId, error } of Worker.runReplayHistories(
    {
      workflowBundle: { codePath: WORKFLOW_BUNDLE_PATH },
      dataConverter: keyRing ? workerDataConverter(keyRing) : CONVERTER_PATHS,
    },
    histories,
  )) {
    if (error) errors.set(workflowId, new Error(`${workflowId} does not replay`, { cause: error }));
    else errors.delete(workflowId);
  }
  return errors;
}
