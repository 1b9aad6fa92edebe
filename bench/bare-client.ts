/** Drives the barest workflow with the plain Temporal client, the least that a caller needs. */
import { randomUUID } from 'node:crypto';
import { type Client, WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import type { SandboxUser } from '../sandbox/index.js';
import type { bareVerification } from './bare.js';

/** A barest verification after its code was sent. */
export interface StartedBare {
  readonly handle: WorkflowHandle<typeof bareVerification>;
  /** Submits a code; resolves when Cognito has accepted it. */
  readonly submit: (code: string) => Promise<void>;
}

/** Starts a barest verification and waits until its code is sent. */
export async function startBare(
  client: Client,
  taskQueue: string,
  { userPoolId, sub, accessToken }: SandboxUser,
): Promise<StartedBare> {
  // Names instead of the definitions in bare.ts: only a workflow can load that module.
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
