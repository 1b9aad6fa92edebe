/** The activities of both workers. */

import { setTimeout as sleep } from 'node:timers/promises';
import { findServedPool, isRecord } from '@cognito-verification/contract';
import { ApplicationFailure, activityInfo, cancellationSignal } from '@temporalio/activity';
import type { CallKind } from './allowance.js';
import type { CognitoActivities, CognitoCall, DirectActivities, MaybeLate, NotCalled } from './cognito.js';
import { type ActivitiesOptions, CognitoCaller } from './cognito-caller.js';
import type { CognitoClients } from './cognito-clients.js';
import { RememberedVerdicts } from './remembered-verdicts.js';

/**
 * Makes the activities of the task queue of calls.
 * @param clients where their calls go
 */
export function createActivities(clients: CognitoClients, options: ActivitiesOptions): CognitoActivities {
  const caller = new CognitoCaller(clients, options);
  return {
    sendCode: (input) => caller.send(input, cancellationSignal()),
    verifyCode: (input) => caller.verify(input, cancellationSignal()),
    readAttribute: (input) => caller.read(input, cancellationSignal()),
  };
}

/** A query that comes with a workflow task begins within so long after the local activity, on an idle machine. */
const QUERY_BEGINS_MS = 5;

/** The local activities have three seconds in all. */
const MOST_WAIT_MS = 1_000;

/** Shorter than the time-out of the local activities, so that their answers arrive in time. */
const DIRECT_MS = 2_800;

/** The options of `createDirectActivities`. */
export interface DirectActivitiesOptions extends ActivitiesOptions {
  /** Whether the worker is running a workflow task or a query of this run just now. Default: never. */
  isBusy?: ((runId: string) => boolean) | undefined;
  /** How many milliseconds after its workflow task a local activity has to wait until any query has begun. Default: 5, of an idle machine. */
  untilBusyMs?: ((runId: string) => number) | undefined;
}

/**
 * Makes the activities of the workflow's own worker. Where the process has no allowance left they answer so, and Cognito is not
 * asked.
 * @param clients where their calls go
 */
export function createDirectActivities(
  clients: CognitoClients,
  { isBusy = () => false, untilBusyMs = () => QUERY_BEGINS_MS, ...options }: DirectActivitiesOptions,
): DirectActivities {
  const caller = new CognitoCaller(clients, options);
  const remembered = new RememberedVerdicts();
  const { userPools, allowance } = options;
  const direct = <Result>(
    kind: CallKind,
    input: CognitoCall,
    call: () => Promise<Result>,
  ): Promise<Result> | undefined => {
    // What cannot be opened asks nobody anything.
    if (input instanceof Error) return call();
    const isServed = findServedPool(userPools, input.userPoolId) !== undefined;
    if (!isServed) return undefined;
    return allowance ? allowance.draw(kind, input.userPoolId, call) : call();
  };
  const noting = notingLate(isBusy, untilBusyMs);
  const notCalled = ({ runId }: CognitoCall): NotCalled => ({ notCalled: true, runId });
  return {
    sendCode: async (input) =>
      (await direct('send', input, () => caller.send(input, cancellationSignal()))) ?? notCalled(input),
    // It goes on where the activity is cancelled, with the workflow task: a repeat then finds the answer.
    verifyCode: (input) =>
      noting(() =>
        remembered.answer(input, () =>
          direct('attempt', input, () => caller.verify(input, AbortSignal.timeout(DIRECT_MS), true)),
        ),
      ),
    readAttribute: (input) => {
      const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(DIRECT_MS)]);
      return noting(async () => (await direct('look', input, () => caller.read(input, signal))) ?? notCalled(input));
    },
    noteEnd: () => noting(() => Promise.resolve({})),
  };
}

/** Notes in the end of a local activity whether it may be late: by the end of the activity any query has begun. */
function notingLate(isBusyWith: (runId: string) => boolean, untilBusyMs: (runId: string) => number) {
  const runOf = () => activityInfo().workflowExecution?.runId ?? '';
  const isBusy = () => isBusyWith(runOf());
  return async <Result extends object>(run: () => Promise<Result>): Promise<Result & MaybeLate> => {
    const begun = sleep(Math.min(Math.max(QUERY_BEGINS_MS, untilBusyMs(runOf())), MOST_WAIT_MS));
    try {
      const result = await run();
      await begun;
      return isBusy() ? { ...result, late: true } : result;
    } catch (error) {
      await begun;
      const details: unknown = error instanceof ApplicationFailure ? error.details?.[0] : undefined;
      if (isRecord(details) && isBusy()) details['late'] = true satisfies MaybeLate['late'];
      throw error;
    }
  };
}
