import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { repeatUpdate } from '../../client/repeated-update.js';

const failed = (type: string) =>
  new WorkflowUpdateFailedError('Workflow Update failed', ApplicationFailure.create({ type, message: 'the reason' }));

/** Fails as the list says, and then answers. */
function sending(...errors: Error[]) {
  const sent = { times: 0 };
  const send = () => {
    const error = errors[sent.times++];
    return error ? Promise.reject(error) : Promise.resolve('answered');
  };
  return { sent, send };
}

it('sends again what a worker did not process, because the server dropped its task', async () => {
  const { sent, send } = sending(failed('UnprocessedUpdate'), failed('UnprocessedUpdate'));
  expect(await repeatUpdate(send)).toBe('answered');
  expect(sent.times).toBe(3);
});

it.each(['AttemptsExhausted', 'AcceptedUpdateCompletedWorkflow'])('does not send again after %s', async (type) => {
  const { sent, send } = sending(failed(type));
  await expect(repeatUpdate(send)).rejects.toThrow('Workflow Update failed');
  expect(sent.times).toBe(1);
});
