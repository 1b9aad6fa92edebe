import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';
import { taskMadeAgain } from './task-made-again.js';

type Internals = NonNullable<ReturnType<WorkflowInterceptorsFactory>['internals']>[number];
type Job = NonNullable<Parameters<NonNullable<Internals['activate']>>[0]['activation']['jobs']>[number];

/**
 * Hands the answer of a local activity to the workflow at the time, and in the order, in which every replay does. Core (of SDK 1.24) does
 * not, once a query has ended the workflow task while the activity was under way:
 * - If the activity ended while the query was being answered, its answer comes with the next task and at its time; a replay has it with
 *   the first task. So no time passes with an answer that comes alone, or with updates only. The task that would bring it together
 *   with something else fails, and is made again by a replay.
 * - If the activity was still running, what the next task brings comes before the answer; a replay hands over both at once, at the later
 *   time. So it is held until the answer is there.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let known = 0;
  let running = 0;
  let held: { jobs: Job[]; by: number } | undefined;
  return {
    internals: [
      {
        activate: (input, next) => {
          const { activation, batchIndex } = input;
          const jobs = activation.jobs ?? [];
          if (jobs.length === 0 || jobs.some(({ queryWorkflow }) => queryWorkflow)) {
            next(input);
            return;
          }
          const answers = jobs.filter(({ resolveActivity }) => resolveActivity?.isLocal).length;
          const length = activation.historyLength ?? 0;
          // A replay hands over what is held with a task of its own.
          if (held && held.by !== length) throw taskMadeAgain(WHY);
          if (answers === 0 && running > 0 && !activation.isReplaying) {
            held = { jobs: [...(held?.jobs ?? []), ...jobs], by: length };
            return;
          }
          running -= answers;
          const isAlone = answers === jobs.length && batchIndex === 0;
          const earlier = held?.jobs ?? [];
          held = undefined;
          const activator = getActivator();
          if (answers > 0 && !isAlone && !activation.isReplaying) throw taskMadeAgain(WHY);
          // An update may be refused, and leave nothing: a replay then has the answer alone.
          const isTraceless = ({ resolveActivity, doUpdate }: Job) => Boolean(resolveActivity?.isLocal || doUpdate);
          if (answers > 0 && batchIndex === 0 && [...earlier, ...jobs].every(isTraceless)) activator.now = known;
          known = activator.now;
          next(earlier.length === 0 ? input : { ...input, activation: { ...activation, jobs: [...earlier, ...jobs] } });
        },
        concludeActivation: (input, next) => {
          running += input.commands.filter(({ scheduleLocalActivity }) => scheduleLocalActivity).length;
          return next(input);
        },
      },
    ],
  };
};

const WHY = 'the answer of a direct call came with what happened after it.';
