/** The activities of both workers. */
import { cancellationSignal } from '@temporalio/activity';
import type { CognitoActivities, DirectActivities } from './cognito.js';
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
 * Makes the activities of the workflow's own worker.
 * @param clients where their calls go
 */
export function createDirectActivities(clients: CognitoClients, options: ActivitiesOptions): DirectActivities {
  const caller = new CognitoCaller(clients, options);
  const remembered = new RememberedVerdicts();
  return {
    sendCode: (input) => caller.send(input, cancellationSignal()),
    // It goes on where the activity is cancelled, with the workflow task: a repeat then finds the answer.
    verifyCode: (input) => remembered.answer(input, () => caller.verify(input, AbortSignal.timeout(DIRECT_MS), true)),
    readAttribute: (input) =>
      caller.read(input, AbortSignal.any([cancellationSignal(), AbortSignal.timeout(DIRECT_MS)])),
  };
}
