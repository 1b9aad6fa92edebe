/** Drives the barest workflow with the plain Temporal client, which is the least that a caller can do. */
import { randomUUID } from 'node:crypto';
import { type Client, WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import type { SandboxUser } from '../sandbox/index.js';
import type { bareVerification } from './bare.js';

/** One whose code has been sent. */
export interface StartedBare {
  readonly handle: WorkflowHandle<typeof bareVerification>;
  /** Resolves once the code was accepted. */
  readonly submit: (code: string) => Promise<void>;
}

/** Starts one and waits until its code is sent. */
export async function startBare(
  client: Client,
  taskQueue: string,
  { userPoolId, sub, accessToken }: SandboxUser,
): Promise<StartedBare> {
  // Names and not the definitions of bare.ts: that module can only be loaded inside a workflow.
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof bareVerification>('bareVerification', {
    workflowId: `bare/${randomUUID()}`,
    taskQueue,
    args: [{ userPoolId, sub, accessToken, attributeName: 'email' }],
    workflowIdConflictPolicy: 'FAIL',
  });
  await client.workflow.executeUpdateWithStart<typeof bareVerification, string | undefined, []>('awaitDelivery', {
    startWorkflowOperation,
  });
  const handle = await startWorkflowOperation.workflowHandle();
  return {
    handle,
    submit: async (code) => {
      await handle.executeUpdate<'verified', [string]>('submitCode', { args: [code] });
    },
  };
}
