import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { taskMadeAgain } from './task-made-again.js';

/** The header that the worker gives a query which has brought the events before it. Nobody reads its value. */
export const AHEAD = 'ahead';

/**
 * Refuses a query that comes with events which no workflow task of this worker has handled. The server hands out a query by itself
 * when no task waits, and reads the history only when a worker takes the query. Events that came in between are then in it,
 * without the start of the task that will handle them, or with the start of one that another worker has, or that was lost. Core
 * (of SDK 1.24) runs them all the same. The answer would name a time that the coming task changes. And the worker would keep that
 * state in memory, with commands that no task has sent, and go on from it in another order than every replay: Temporal then takes no
 * task of this verification any more. The worker finds such a query (`worker/run-aware-worker.ts`).
 *
 * A query that is refused makes Core evict the workflow, and nothing goes on from that state until it has: Core first hands over the ends
 * of local activities, or a task that has just come, and that task fails and is made again. A later query is answered once the task
 * has run.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let refused = false;
  return {
    internals: [
      {
        activate: (input, next) => {
          const isAhead = input.activation.jobs?.some(({ queryWorkflow }) => queryWorkflow?.headers?.[AHEAD]) ?? false;
          refused ||= isAhead;
          if (refused) throw taskMadeAgain('one is due for what has happened. Ask again.');
          next(input);
        },
      },
    ],
  };
};
