/** How a call ended, in words for a metric. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { expect, it } from 'vitest';
import { CognitoRefusal } from '../../activities/cognito-answer.js';
import { endOfAnswer, endOfFailure, failedLook } from '../../activities/ended-call.js';

it.each([
  ['sent', { delivery: {} }],
  ['alreadyVerified', { alreadyVerified: true, attribute: {} }],
  ['accepted', { accepted: true }],
  ['read', { salt: 'salt' }],
])('an answer is %s', (outcome, answer) => {
  expect(endOfAnswer(answer)).toEqual({ outcome });
});

const failureWith = (type: string, ...details: unknown[]) => ApplicationFailure.create({ type, details });

it.each([
  ['what it means to the workflow', failureWith('TooManyRequestsException', { failure: 'throttled' }), 'throttled'],
  [
    'a message that the guard holds',
    failureWith('MessageBudget', { failure: 'rateLimited', held: 'MessageBudget' }),
    'held',
  ],
  ['failed where nobody says what it means', failureWith('SomeError'), 'failed'],
])('a failure is %s', (_what, failure, outcome) => {
  expect(endOfFailure(failure)).toEqual({ outcome, reason: failure.type });
});

it('a cancellation has no reason', () => {
  expect(endOfFailure(new CancelledFailure('cancelled'))).toEqual({ outcome: 'cancelled' });
});

it('a look that was a part of a call is a look', () => {
  const call = { userPoolId: 'eu-west-1_AbC123xyz', attributeName: 'email', sub: 'sub', accessToken: 'token' } as const;
  expect(failedLook(call, new CognitoRefusal('TooManyRequestsException', '', 400))).toEqual({
    call: 'look',
    userPoolId: call.userPoolId,
    attributeName: 'email',
    outcome: 'throttled',
    reason: 'TooManyRequestsException',
  });
});
