import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * A task that failed leaves its commands in the workflow, and the SDK (1.24) sends them along with the answer to a query that
 * comes before the workflow is evicted. Temporal's core takes that for a broken SDK and ends the worker: whoever looked
 * at a verification whose key is missing would end every worker. A query has no commands, so what comes with its answer is
 * left over.
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
