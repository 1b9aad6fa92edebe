import {
  EXECUTION_TIMEOUT_MS,
  LIMITS_WINDOW_MS,
  type ListedState,
  type ParsedRequest,
  SEARCH_ATTRIBUTE_KEYS,
  type Stamp,
  type Stamped,
  tokenFields,
  type VerificationOutcome,
  type VerificationPolicy,
  type VerificationRequest,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { WithStartWorkflowOperation } from '@temporalio/client';
// The SDK has no public option for the id of a start request.
import { InternalWorkflowStartOptionsSymbol } from '@temporalio/client/lib/internal.js';
import { TypedSearchAttributes } from '@temporalio/common';

/** The workflow as a caller sees it. */
export type AttributeVerification = (request: Stamped<VerificationRequest>) => Promise<VerificationOutcome>;

/**
 * Starts a verification, or joins the open one of the same user and attribute. Good for one call.
 * @param policy as the caller gave it: the worker fills in the defaults
 * @param newest the newest run of the same user and attribute
 */
export function startOperation(
  parsed: ParsedRequest,
  policy: VerificationPolicy | undefined,
  taskQueue: string,
  stamp: Stamp,
  newest: NewestRun | undefined,
): WithStartWorkflowOperation<AttributeVerification> {
  const { owner, attributeName } = parsed;
  const { userPoolId } = owner;
  const options: ConstructorParameters<typeof WithStartWorkflowOperation<AttributeVerification>>[1] = {
    workflowId: workflowIdFor({ ...owner, attributeName }),
    taskQueue,
    args: [{ ...requestOf(parsed, policy), previousRunId: previousRunId(newest), stamp }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    // The workflow ends at its deadline by itself. A workflow whose history no worker can read any more, for example because
    // its key is lost, cannot end itself and would stay open for ever.
    workflowExecutionTimeout: EXECUTION_TIMEOUT_MS,
    // At the start they cost no event of their own, unlike those that the workflow sets later.
    typedSearchAttributes: new TypedSearchAttributes([
      { key: SEARCH_ATTRIBUTE_KEYS.state, value: LISTED_BY_START },
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
  };
  // The server compares this id with that of the newest run only. So of two starts that have seen the same newest run, one starts
  // the next run, and the other meets it, also if it has closed. A start that is so late that two runs have come and gone since it
  // looked is not told from others: it names the run that it saw, and those two do not count.
  const inner = { [InternalWorkflowStartOptionsSymbol]: { requestId: `after ${newest?.runId ?? 'none'}` } };
  return new WithStartWorkflowOperation<AttributeVerification>(WORKFLOW_TYPE, { ...options, ...inner });
}

/** True until the workflow knows better. */
const LISTED_BY_START: ListedState = 'codePending';

/** The newest run of a workflow id. */
export interface NewestRun {
  runId: string;
  /** Absent while it is open. */
  closedAtMs?: number | undefined;
}

/** Longer than a call counts, since the clocks of this process and of the server may be apart. */
const NAMED_FOR_MS = LIMITS_WINDOW_MS + 15 * 60_000;

/**
 * The run whose calls count in the next one: one that is open too, since it may close before the start arrives. A start that
 * joins it ignores this.
 */
function previousRunId(newest: NewestRun | undefined): string | undefined {
  const isOld = newest?.closedAtMs !== undefined && newest.closedAtMs < Date.now() - NAMED_FOR_MS;
  return isOld ? undefined : newest?.runId;
}

/** The request as a payload, with the token in plain text until the codec seals it. */
function requestOf(
  { tokenInput, owner, attributeName, alreadySent, reverify, newValue, replaceAtOnce, clientMetadata }: ParsedRequest,
  policy: VerificationPolicy | undefined,
): VerificationRequest {
  const token = tokenFields(tokenInput);
  const change = { newValue: newValue?.reveal(), replaceAtOnce };
  const user = token.accessToken === undefined ? { ...token, ...owner } : token;
  return { ...user, attributeName, alreadySent, reverify, ...change, clientMetadata, policy };
}
