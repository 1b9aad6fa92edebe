/** The activities of both workers. */
import { findServedPool } from '@cognito-verification/contract';
import { cancellationSignal } from '@temporalio/activity';
import type { CallKind } from './allowance.js';
import type { CognitoActivities, CognitoCall, DirectActivities, NotCalled } from './cognito.js';
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

/** Shorter than the time-out of the local activities, so that their answers arrive in time. */
const DIRECT_MS = 2_800;

/**
 * Makes the activities of the workflow's own worker. Where the process has no allowance left they answer so, and Cognito is not
 * asked.
 * @param clients where their calls go
 */
export function createDirectActivities(clients: CognitoClients, options: ActivitiesOptions): DirectActivities {
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
  const notCalled = ({ runId }: CognitoCall): NotCalled => ({ notCalled: true, runId });
  return {
    sendCode: async (input) =>
      (await direct('send', input, () => caller.send(input, cancellationSignal()))) ?? notCalled(input),
    // It goes on where the activity is cancelled, with the workflow task: a repeat then finds the answer.
    verifyCode: (input) =>
      remembered.answer(input, () =>
        direct('attempt', input, () => caller.verify(input, AbortSignal.timeout(DIRECT_MS), true)),
      ),
    readAttribute: async (input) => {
      const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(DIRECT_MS)]);
      return (await direct('look', input, () => caller.read(input, signal))) ?? notCalled(input);
    },
  };
}
