import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * A failed task leaves its commands in the workflow, and the SDK (1.24) sends them along with the answer to a query that comes
 * before the workflow is evicted. Temporal's core takes that for a broken SDK and ends the worker: a look at a verification
 * whose key is missing would end every worker. A query issues no commands, so any that come beside its
 * answer are from the failed task, and are dropped.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [
    {
      concludeActivation: (input, next) => {
        const { commands } = next(input);
        const answers = commands.filter(({ respondToQuery }) => respondToQuery);
        return { commands: answers.length > 0 ? answers : commands };
      },
    },
  ],
});
