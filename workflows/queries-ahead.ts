import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

type Internals = NonNullable<ReturnType<WorkflowInterceptorsFactory>['internals']>[number];
type Activation = Parameters<NonNullable<Internals['activate']>>[0]['activation'];

/** How Core names a query that comes by itself, and not with a workflow task. */
const QUERY_BY_ITSELF = 'legacy_query';

/**
 * Refuses a query that was shown more of the history than workflow tasks have handled. The server hands one over by itself
 * when no task waits, and reads the history when a worker takes it: what came in between is in it, without the start of
 * the task that will handle it. Core (of SDK 1.24) runs it all the same, at the time of the task before. The answer would
 * tell of a send at a time that is another once the task has run; and the workflow would be kept in memory so, and answer
 * updates and decide by that time, while every replay takes the task's. Refused, the query fails, and Core evicts the workflow.
 *
 * The sign: outside a replay the history has grown, and time has not passed. A server's clock that was set back looks
 * the same, and costs a query: asked again, it is answered from a replay.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let handled = { length: 0, time: '' };
  let ahead = false;
  return {
    internals: [
      {
        activate: (input, next) => {
          const { activation } = input;
          const queries = (activation.jobs ?? []).flatMap(({ queryWorkflow }) => queryWorkflow ?? []);
          if (ahead && queries.some(({ queryId }) => queryId === QUERY_BY_ITSELF)) {
            throw new Error('A workflow task is due for what has happened. Ask again.');
          }
          if (queries.length === 0) {
            const now = { length: activation.historyLength ?? 0, time: timeOf(activation) };
            if (now.length > handled.length) ahead = !activation.isReplaying && now.time === handled.time;
            handled = now;
          }
          next(input);
        },
      },
    ],
  };
};

function timeOf({ timestamp }: Activation): string {
  return `${String(timestamp?.seconds)}.${timestamp?.nanos}`;
}
