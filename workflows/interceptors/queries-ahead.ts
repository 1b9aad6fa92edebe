import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

type Internals = NonNullable<ReturnType<WorkflowInterceptorsFactory>['internals']>[number];
type Activation = Parameters<NonNullable<Internals['activate']>>[0]['activation'];
type Command = Parameters<NonNullable<Internals['concludeActivation']>>[0]['commands'][number];

/** How Core names a query that comes by itself, and not with a workflow task. */
const QUERY_BY_ITSELF = 'legacy_query';

/**
 * Refuses a query that comes with events which no workflow task has handled yet. The server hands out a query by itself
 * when no task waits, and reads the history only when a worker takes the query. Events that came in between are then in it,
 * without the start of the task that will handle them. Core (of SDK 1.24) runs them all the same, at the time of the task
 * before. The answer would name a time that the coming task changes. And the worker would keep that state in memory and
 * decide by that time, while every replay takes the task's. A query that is refused makes Core evict the workflow.
 * A later query is answered once the task has run.
 *
 * The sign: outside a replay the history has grown, and time has not passed. A server whose clock was set back shows the
 * same sign. So does a workflow that has ended, and has cancelled an activity with its last task; no task is due there any
 * more, so its queries are answered.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let handled = { length: 0, time: '' };
  let ahead = false;
  let ended = false;
  return {
    internals: [
      {
        activate: (input, next) => {
          const { activation } = input;
          const queries = (activation.jobs ?? []).flatMap(({ queryWorkflow }) => queryWorkflow ?? []);
          if (ahead && !ended && queries.some(({ queryId }) => queryId === QUERY_BY_ITSELF)) {
            throw new Error('A workflow task is due for what has happened. Ask again.');
          }
          if (queries.length === 0) {
            const now = { length: activation.historyLength ?? 0, time: timeOf(activation) };
            if (now.length > handled.length) ahead = !activation.isReplaying && now.time === handled.time;
            handled = now;
          }
          next(input);
        },
        concludeActivation: (input, next) => {
          ended ||= input.commands.some(endsWorkflow);
          return next(input);
        },
      },
    ],
  };
};

function endsWorkflow({ completeWorkflowExecution, failWorkflowExecution, cancelWorkflowExecution }: Command): boolean {
  return [completeWorkflowExecution, failWorkflowExecution, cancelWorkflowExecution].some(Boolean);
}

function timeOf({ timestamp }: Activation): string {
  return `${String(timestamp?.seconds)}.${timestamp?.nanos}`;
}
