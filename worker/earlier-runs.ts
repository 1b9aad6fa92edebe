/** How a worker reads earlier runs: with its own connection and its own keys. */
import { type KeyRing, open } from '@cognito-verification/codec';
import { defined } from '@cognito-verification/contract';
import { defaultPayloadConverter } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { NativeConnection } from '@temporalio/worker';
import type { EarlierRuns } from '../activities/run-reader.js';

/** For one run. A history that takes longer is not read. */
const READ_TIMEOUT_MS = 5_000;

/** @param keys undefined where payloads are in plain text */
export function earlierRuns(connection: NativeConnection, namespace: string, keys: KeyRing | undefined): EarlierRuns {
  return {
    async *events(execution) {
      const untilMs = Date.now() + READ_TIMEOUT_MS;
      let nextPageToken: Uint8Array | undefined;
      do {
        const request = { namespace, execution, ...defined({ nextPageToken }) };
        const page = await connection.withDeadline(untilMs, () =>
          connection.workflowService.getWorkflowExecutionHistory(request),
        );
        yield* page.history?.events ?? [];
        nextPageToken = page.nextPageToken;
      } while (nextPageToken?.length);
    },
    async list(workflowId, most) {
      const query = `WorkflowId = '${workflowId}'`;
      const { executions } = await connection.withDeadline(Date.now() + READ_TIMEOUT_MS, () =>
        connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: most }),
      );
      return executions.map(({ execution, closeTime }) => ({
        runId: execution?.runId ?? '',
        endedAt: closeTime ? new Date(tsToMs(closeTime)).toISOString() : undefined,
      }));
    },
    open: async (payload, place) =>
      defaultPayloadConverter.fromPayload(keys ? await open(payload, keys, place) : payload),
  };
}
