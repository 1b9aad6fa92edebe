import { type AccessTokenClaims, AccessTokenError, decodeAccessToken } from './access-token.js';
import { BOUNDS } from './bounds.js';
import { FAILURE_TYPES } from './failure-types.js';
import { InvalidInputError, show } from './input-fields.js';
import { Secret } from './secret.js';
import type { TokenInput } from './token-input.js';
import { SUB_FORM, USER_POOL_ID_FORM, type UserKey } from './workflow-id.js';

/** The fields of a message that may hold its token input. */
export const TOKEN_FIELDS = ['accessToken', 'accessTokenReference'];

/**
 * Decodes a token and, where `owner` is given, checks that the token is of that user.
 * @throws InvalidInputError of type `AccessTokenRefused`.
 */
export function parseAccessToken(token: Secret, field: string, owner?: UserKey): AccessTokenClaims {
  let claims: AccessTokenClaims;
  try {
    claims = decodeAccessToken(token.reveal());
  } catch (error) {
    if (!(error instanceof AccessTokenError)) throw error;
    throw new InvalidInputError(field, error.message, FAILURE_TYPES.accessTokenRefused);
  }
  if (owner && (claims.sub !== owner.sub || claims.userPoolId !== owner.userPoolId)) {
    throw new InvalidInputError(
      field,
      'is of another user or user pool than this verification',
      FAILURE_TYPES.accessTokenRefused,
    );
  }
  return claims;
}

/**
 * Reads the token input of a message, if it has one. It does not check whose token it is.
 * @throws InvalidInputError when it holds both, or one of the wrong form; of type `AccessTokenRefused` for what is no access token.
 */
export function optionalTokenInput(fields: Record<string, unknown>): TokenInput | undefined {
  const { accessToken, accessTokenReference } = fields;
  if (accessToken !== undefined && accessTokenReference !== undefined) {
    throw new InvalidInputError('accessTokenReference', 'cannot come together with accessToken: bring one of the two');
  }
  if (accessTokenReference !== undefined) return { accessTokenReference: reference(accessTokenReference) };
  if (accessToken === undefined) return undefined;
  if (typeof accessToken !== 'string' || accessToken === '') throw new InvalidInputError('accessToken', TOKEN_NEEDED);
  const token = new Secret(accessToken);
  parseAccessToken(token, 'accessToken');
  return { accessToken: token };
}

/**
 * Reads the token input of a message that must have one.
 * @throws InvalidInputError as `optionalTokenInput` does, and when there is none
 */
export function requiredTokenInput(fields: Record<string, unknown>): TokenInput {
  const tokenInput = optionalTokenInput(fields);
  if (!tokenInput) throw new InvalidInputError('accessToken', TOKEN_NEEDED);
  return tokenInput;
}

/**
 * The user whom a request is about: the claims of the token name the user, or the request does, beside its reference.
 * @throws InvalidInputError naming the field.
 */
export function requestedUser(fields: Record<string, unknown>, tokenInput: TokenInput): UserKey {
  if (!tokenInput.accessToken) {
    return {
      userPoolId: userField(fields, 'userPoolId', USER_POOL_ID_FORM, 'the id of the user pool'),
      sub: userField(fields, 'sub', SUB_FORM, "the user's sub"),
    };
  }
  const given = ['userPoolId', 'sub'].find((field) => fields[field] !== undefined);
  if (given) throw new InvalidInputError(given, 'cannot come together with accessToken, whose claims say it');
  const { userPoolId, sub } = parseAccessToken(tokenInput.accessToken, 'accessToken');
  return { userPoolId, sub };
}

const TOKEN_NEEDED = 'must be a string that is not empty, unless accessTokenReference is there instead';

const REFERENCE = new RegExp(`^[\\x21-\\x7e]{1,${BOUNDS.accessTokenReference}}$`);

function reference(value: unknown): string {
  if (typeof value !== 'string' || !REFERENCE.test(value)) {
    throw new InvalidInputError(
      'accessTokenReference',
      `must be a string of 1 to ${BOUNDS.accessTokenReference} printable ASCII characters without spaces`,
    );
  }
  // A reference is not treated as a secret, so a token must not be taken for one.
  if (/^(Bearer)?eyJ[\w-]+\.[\w-]+\./.test(value)) {
    throw new InvalidInputError('accessTokenReference', 'holds a JSON Web Token: a token belongs in accessToken');
  }
  return value;
}

function userField(fields: Record<string, unknown>, field: string, form: RegExp, what: string): string {
  const value = fields[field];
  if (typeof value === 'string' && form.test(value)) return value;
  const found = typeof value === 'string' ? 'a text of another form' : show(value);
  throw new InvalidInputError(
    field,
    `must be ${what}, since a reference does not say whose token it stands for; found ${found}`,
  );
}
