import { ATTRIBUTE_NAMES, type AttributeName } from './names.js';

// Both stand between slashes in workflow ids, so neither may hold one.

/** The form of a user's `sub`. */
export const SUB_FORM = /^[\w-]{1,128}$/;

/** The form of a user pool's id: the pattern of UserPoolIdType in Cognito's API, and the ids of other endpoints. */
export const USER_POOL_ID_FORM = /^[\w-]{1,55}$/;

/** The form of the id of a run. */
export const RUN_ID_FORM = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A user of a user pool. */
export interface UserKey {
  userPoolId: string;
  /** The user's `sub`. */
  sub: string;
}

/** Identifies a verification: a user pool, a user in it, and an attribute. */
export interface VerificationKey extends UserKey {
  attributeName: AttributeName;
}

/** `verify/{userPoolId}/{sub}/{attributeName}`. It holds no address and no token, because ids are never encrypted. */
export function workflowIdFor(key: VerificationKey): string {
  return `verify/${key.userPoolId}/${key.sub}/${key.attributeName}`;
}

/** The parts of a workflow id, or undefined where `workflowIdFor` did not make it. */
export function parseWorkflowId(workflowId: string): VerificationKey | undefined {
  const [prefix, userPoolId, sub, attribute, ...rest] = workflowId.split('/');
  const attributeName = ATTRIBUTE_NAMES.find((name) => name === attribute);
  if (prefix !== 'verify' || !userPoolId || !sub || !attributeName || rest.length > 0) return undefined;
  return { userPoolId, sub, attributeName };
}
