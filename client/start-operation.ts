import {
  type ParsedRequest,
  SEARCH_ATTRIBUTE_KEYS,
  tokenFields,
  type VerificationOutcome,
  type VerificationPolicy,
  type VerificationRequest,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';

/** The workflow, as far as a caller sees it. */
export type AttributeVerification = (request: VerificationRequest) => Promise<VerificationOutcome>;

/** After the deadline: long enough for workers that are away for a night. */
const ENDED_BY_TEMPORAL_AFTER_MS = 24 * 3_600_000;

/**
 * How a verification is started, or joined if one of the same user and attribute is open. Good for one call.
 * @param policy as it was given: the worker fills the defaults in
 */
export function startOperation(
  parsed: ParsedRequest,
  policy: VerificationPolicy | undefined,
  taskQueue: string,
): WithStartWorkflowOperation<AttributeVerification> {
  const { owner, attributeName } = parsed;
  const { userPoolId } = owner;
  return new WithStartWorkflowOperation<AttributeVerification>(WORKFLOW_TYPE, {
    workflowId: workflowIdFor({ ...owner, attributeName }),
    taskQueue,
    args: [requestOf(parsed, policy)],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    // The workflow ends at its deadline by itself. One whose history cannot be read any more, as when its key is lost,
    // cannot, and would be open for ever.
    workflowExecutionTimeout: parsed.policy.deadlineMs + ENDED_BY_TEMPORAL_AFTER_MS,
    // Free at the start: no event of their own, unlike those that the workflow sets later.
    typedSearchAttributes: new TypedSearchAttributes([
      { key: SEARCH_ATTRIBUTE_KEYS.state, value: 'sending' },
      { key: SEARCH_ATTRIBUTE_KEYS.attributeName, value: attributeName },
      { key: SEARCH_ATTRIBUTE_KEYS.userPoolId, value: userPoolId },
    ]),
    staticSummary: `Verify ${attributeName} in ${userPoolId}`,
    staticDetails: [
      `Verifies the attribute \`${attributeName}\` of one user of the Cognito user pool \`${userPoolId}\`.`,
      '',
      `The user is the third part of the workflow id (Cognito's \`sub\`). **Current details** say where it stands and what it waits for, the query \`getStatus\` says it to programs. *Failed* means that a person must look; an expired verification is *Completed*.`,
    ].join('\n'),
    // One pool with a flood of sign-ups must not hold up the others on the same task queue.
    priority: { fairnessKey: userPoolId },
  });
}

/** The request as it crosses the border, with the token in plain. */
function requestOf(
  { tokenInput, owner, attributeName, alreadySent, clientMetadata }: ParsedRequest,
  policy: VerificationPolicy | undefined,
): VerificationRequest {
  const token = tokenFields(tokenInput);
  return {
    ...(token.accessToken === undefined ? { ...token, ...owner } : token),
    attributeName,
    ...(alreadySent ? { alreadySent } : {}),
    ...(clientMetadata ? { clientMetadata } : {}),
    ...(policy ? { policy } : {}),
  };
}
