import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * Lets no time pass while a local activity runs, and lets nothing else happen in the moment of its answer. If a query is being answered
 * when the activity ends, Core (of SDK 1.24) ends the workflow task with both, and hands the answer to the workflow with the next
 * task: at its time, and after what has happened since. A replay hands it over with the first task, at the time when the activity
 * ended. Once a deadline lies between these times, the history does not replay.
 *
 * So an answer comes at the time that the workflow knows already, in the task and in each replay. The task that would bring it
 * together with something else fails. It is made again, and that is a replay: the history has the answer by now.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let known = 0;
  return {
    internals: [
      {
        activate: (input, next) => {
          const { jobs, isReplaying } = input.activation;
          const activator = getActivator();
          const answers = (jobs ?? []).filter(({ resolveActivity }) => resolveActivity?.isLocal);
          const isAlone = answers.length === jobs?.length && input.batchIndex === 0;
          if (answers.length > 0 && isAlone) activator.now = known;
          else if (answers.length > 0 && !isReplaying)
            throw new Error('The answer of a direct call came with what happened after it. The task is made again.');
          known = activator.now;
          next(input);
        },
      },
    ],
  };
};
