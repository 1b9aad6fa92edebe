// Both stand in workflow ids between slashes, so neither may hold one.

/** A user's `sub`. */
export const SUB_FORM = /^[\w-]{1,128}$/;

/** The id of a user pool: the pattern of UserPoolIdType in Cognito's API, and what other endpoints make of it. */
export const USER_POOL_ID_FORM = /^[\w-]{1,55}$/;
