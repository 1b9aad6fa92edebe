import { type AccessTokenClaims, AccessTokenError, decodeAccessToken } from './access-token.js';
import { FAILURE_TYPES } from './failure-types.js';
import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  type AwaitDeliveryInput,
  type CodeDelivery,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  type SubmitCodeInput,
} from './messages.js';
import { PolicyError, type ResolvedPolicy, resolvePolicy } from './policy.js';

/**
 * Plain code, because it runs inside the workflow bundle too: a schema library there is instantiated once for each
 * cached workflow. The same functions serve the client, so that both refuse the same things in the same words.
 */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  constructor(
    /** Where it is wrong, as in `policy.maxSends`. */
    readonly field: string,
    problem: string,
    /** `InvalidRequest`, or `AccessTokenRefused` when it is the token that is wrong. */
    readonly type: string = FAILURE_TYPES.invalidRequest,
  ) {
    super(`${field} ${problem}`);
  }
}

/** A `VerificationRequest` that was found good. */
export interface ParsedRequest {
  accessToken: string;
  claims: AccessTokenClaims;
  attributeName: AttributeName;
  alreadySent?: CodeDelivery;
  clientMetadata?: Record<string, string>;
  policy: ResolvedPolicy;
}

/**
 * Reads a `VerificationRequest`.
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseRequest(input: unknown): ParsedRequest {
  const fields = object(input, 'request', ['accessToken', 'attributeName', 'alreadySent', 'clientMetadata', 'policy']);
  const attributeName = ATTRIBUTE_NAMES.find((name) => name === fields['attributeName']);
  if (!attributeName) {
    throw new InvalidInputError(
      'attributeName',
      `must be 'email' or 'phone_number', the two attributes that Cognito can verify; found ${show(fields['attributeName'])}`,
    );
  }
  const accessToken = text(fields, 'accessToken');
  const claims = parseAccessToken(accessToken, 'accessToken');
  const clientMetadata = metadata(fields['clientMetadata']);
  const alreadySent = delivery(fields['alreadySent']);
  return {
    accessToken,
    claims,
    attributeName,
    policy: policyOf(fields['policy'], attributeName),
    ...(clientMetadata ? { clientMetadata } : {}),
    ...(alreadySent ? { alreadySent } : {}),
  };
}

/**
 * Decodes a token, and checks that it belongs to `owner` where one is given.
 * @throws InvalidInputError of type `AccessTokenRefused`.
 */
export function parseAccessToken(
  token: string,
  field: string,
  owner?: Pick<AccessTokenClaims, 'sub' | 'userPoolId'>,
): AccessTokenClaims {
  let claims: AccessTokenClaims;
  try {
    claims = decodeAccessToken(token);
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

/** @throws InvalidInputError naming the field. */
export function parseAwaitDelivery(input: unknown): AwaitDeliveryInput {
  const fields = object(input ?? {}, 'awaitDelivery', ['accessToken', 'alreadySent']);
  const alreadySent = delivery(fields['alreadySent']);
  return { ...optionalToken(fields), ...(alreadySent ? { alreadySent } : {}) };
}

/**
 * Checks the code's form before a call to Cognito is spent on it. The message never holds the code.
 * @throws InvalidInputError naming the field.
 */
export function parseSubmitCode(
  input: unknown,
  codeFormat: ResolvedPolicy['codeFormat'] = 'nonSpace',
): SubmitCodeInput {
  const fields = object(input, 'submitCode', ['code', 'accessToken']);
  const code = fields['code'];
  if (typeof code !== 'string') throw new InvalidInputError('code', 'must be a text');
  // Cognito's own pattern is [\S]{1,2048}.
  if (!/^\S{1,2048}$/.test(code)) throw new InvalidInputError('code', 'must have 1 to 2048 characters and no spaces');
  if (codeFormat === 'sixDigits' && !/^\d{6}$/.test(code)) throw new InvalidInputError('code', 'must be six digits');
  return { code, ...optionalToken(fields) };
}

/** @throws InvalidInputError naming the field. */
export function parseResendCode(input: unknown): ResendCodeInput {
  const fields = object(input ?? {}, 'resendCode', ['accessToken', 'clientMetadata']);
  const clientMetadata = metadata(fields['clientMetadata']);
  return { ...optionalToken(fields), ...(clientMetadata ? { clientMetadata } : {}) };
}

/** @throws InvalidInputError naming the field. */
export function parseRenewAccessToken(input: unknown): RenewAccessTokenInput {
  return { accessToken: text(object(input, 'renewAccessToken', ['accessToken']), 'accessToken') };
}

/** The reference of a `codeConfirmed`. A signal has nobody to refuse it to, so what cannot be used is left out. */
export function parseReference(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const { reference } = input as { reference?: unknown };
  return typeof reference === 'string' ? reference.slice(0, 200) : undefined;
}

function policyOf(value: unknown, attributeName: AttributeName): ResolvedPolicy {
  try {
    return resolvePolicy(object(value ?? {}, 'policy'), attributeName);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new InvalidInputError(`policy.${error.field}`, error.message);
  }
}

function object(value: unknown, name: string, allowed?: readonly string[]): Record<string, unknown> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value) ||
    value instanceof Error
  ) {
    throw new InvalidInputError(name, `must be an object; found ${show(value)}`);
  }
  const unknown = allowed && Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new InvalidInputError(unknown.slice(0, 40), `is not a field of ${name}; allowed: ${allowed?.join(', ')}`);
  }
  return value as Record<string, unknown>;
}

function text(fields: Record<string, unknown>, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string' || value === '') throw new InvalidInputError(field, 'must be a text that is not empty');
  return value;
}

function optionalToken(fields: Record<string, unknown>): { accessToken?: string } {
  return fields['accessToken'] === undefined ? {} : { accessToken: text(fields, 'accessToken') };
}

function metadata(value: unknown): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  for (const [key, entry] of Object.entries(object(value, 'clientMetadata'))) {
    if (typeof entry !== 'string') throw new InvalidInputError(`clientMetadata.${key.slice(0, 40)}`, 'must be a text');
  }
  return value as Record<string, string>;
}

function delivery(value: unknown): CodeDelivery | undefined {
  if (value === undefined) return undefined;
  const fields = object(value, 'alreadySent', ['destination', 'deliveryMedium']);
  for (const [key, entry] of Object.entries(fields)) {
    if (typeof entry !== 'string') throw new InvalidInputError(`alreadySent.${key}`, 'must be a text');
  }
  return fields;
}

/** Only the kind of what was found: the value itself may be a secret put into the wrong field. */
function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'bytes';
  // What the workflow's payload converter could not read.
  if (value instanceof Error) return value.message;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
