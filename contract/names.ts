import type { defineSearchAttributeKey } from '@temporalio/common';

/** Every attribute that can be verified. */
export const ATTRIBUTE_NAMES = ['email', 'phone_number'] as const;

/** A Cognito user attribute that can be verified: Cognito verifies these two and no others. */
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

/** The workflow type. One execution of it is one verification. */
export const WORKFLOW_TYPE = 'attributeVerification';

/** The names of all messages: of the request, which has the name of the workflow type, the updates, the signal and the query. */
export const MESSAGE_KINDS = [
  WORKFLOW_TYPE,
  'awaitDelivery',
  'submitCode',
  'resendCode',
  'renewAccessToken',
  'codeConfirmed',
  'getStatus',
] as const;

/** What a message is. */
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/**
 * The id of the update with which a start opens the next verification, after it has met one without attempts left: that one
 * keeps its answer under the id of the start.
 */
export function idOfNextStart(updateId: string): string {
  return `${updateId}/again`;
}

/** Where verifications run unless the worker and its callers agree on another name. */
export const TASK_QUEUE = 'attribute-verification';

/**
 * The task queue of all activities but the first send, which is on the workflows' own. It is separate from the workflows' queue so that a server-side rate limit
 * (`temporal task-queue config set --queue-rps-limit`) governs the calls that Cognito counts. One more activity is on it: a
 * verification that follows another one within the hour reads its history, once.
 */
export function cognitoTaskQueue(taskQueue: string = TASK_QUEUE): string {
  return `${taskQueue}-cognito`;
}

/**
 * Temporal's fairness keys of a user pool (64 bytes at most), which take turns on the task queue of calls: neither may one pool's
 * flood hold up the others, nor sends those who type a code, nor the other way around.
 */
export function fairnessKeysOf(userPoolId: string): { readonly sends: string; readonly attempts: string } {
  return { sends: userPoolId, attempts: `${userPoolId}/attempts` };
}

/** The search attributes of a verification, all of type Keyword and none of them personal data. */
export const SEARCH_ATTRIBUTES = {
  /** A `ListedState`: where the verification stands, or how it ended. A start sets `codePending`. */
  state: 'VerificationState',
  /** `email` or `phone_number`. */
  attributeName: 'VerificationAttribute',
  /** The id of the user pool. */
  userPoolId: 'VerificationUserPool',
} as const;

type KeywordKey = ReturnType<typeof defineSearchAttributeKey<'KEYWORD'>>;

// The function itself would load the SDK into a caller that only wants the names.
const keyword = (name: string): KeywordKey => ({ name, type: 'KEYWORD' });

/** The same as keys for the SDK. */
export const SEARCH_ATTRIBUTE_KEYS = {
  state: keyword(SEARCH_ATTRIBUTES.state),
  attributeName: keyword(SEARCH_ATTRIBUTES.attributeName),
  userPoolId: keyword(SEARCH_ATTRIBUTES.userPoolId),
} as const;
