import { ATTRIBUTE_NAMES, type AttributeName } from './messages.js';

/** A user of a user pool. */
export interface UserKey {
  userPoolId: string;
  /** The user's `sub`. */
  sub: string;
}

/** What makes two verifications the same one: a user pool, a user in it, and an attribute. */
export interface VerificationKey extends UserKey {
  attributeName: AttributeName;
}

/** `verify/{userPoolId}/{sub}/{attributeName}`: no address and no token, for ids are never encrypted. */
export function workflowIdFor(key: VerificationKey): string {
  return `verify/${key.userPoolId}/${key.sub}/${key.attributeName}`;
}

/** The inverse of `workflowIdFor`; undefined where the id was not made by it. */
export function parseWorkflowId(workflowId: string): VerificationKey | undefined {
  const [prefix, userPoolId, sub, attribute, ...rest] = workflowId.split('/');
  const attributeName = ATTRIBUTE_NAMES.find((name) => name === attribute);
  if (prefix !== 'verify' || !userPoolId || !sub || !attributeName || rest.length > 0) return undefined;
  return { userPoolId, sub, attributeName };
}
