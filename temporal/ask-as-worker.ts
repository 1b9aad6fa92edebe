/** Whether a server lets a process do the work of a worker. */
import { explainServiceError } from '@cognito-verification/client';
import { GRPC_STATUS, isRecord } from '@cognito-verification/contract';
import type { ConnectionLike } from '@temporalio/client';
import { explainMissingNamespace } from './missing-namespace.js';

/** No verification has such an id. */
const NOTHING = 'no-such-workflow';

/**
 * Asks the server for something that needs the rights of a worker and changes nothing: the heartbeat of an activity that does not
 * exist. Polls tell nothing: the SDK repeats those that are refused for ever, and says nowhere that they are.
 * @throws NamespaceMissingError; TemporalUnavailableError if the server refuses this process, or does not answer in this time
 */
export async function askAsWorker(
  connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline'>,
  namespace: string,
  withinMs: number,
): Promise<void> {
  try {
    await connection.withDeadline(Date.now() + withinMs, () =>
      connection.workflowService.recordActivityTaskHeartbeatById({
        namespace,
        workflowId: NOTHING,
        activityId: NOTHING,
      }),
    );
  } catch (error) {
    const missing = explainMissingNamespace(error, namespace);
    if (missing !== error) throw missing;
    if (isRecord(error) && error['code'] === GRPC_STATUS.NOT_FOUND) return;
    throw explainServiceError(error, namespace) ?? error;
  }
}
