import { InvalidInputError, object, show } from './input-fields.js';
import { ATTRIBUTE_NAMES, type AttributeName, type CodeConfirmedInput, type CodeDelivery } from './messages.js';
import { optionalTokenInput, requestedUser, requiredTokenInput, TOKEN_FIELDS } from './parse-token-input.js';
import { PolicyError, type ResolvedPolicy, resolvePolicy } from './policy.js';
import { Secret } from './secret.js';
import type { TokenInput } from './token-input.js';
import type { UserKey } from './workflow-id.js';

/** A `VerificationRequest` that was found good. */
export interface ParsedRequest {
  /** The token, or the reference, of the request. */
  tokenInput: TokenInput;
  /** Whose verification it is. */
  owner: UserKey;
  attributeName: AttributeName;
  alreadySent?: CodeDelivery | undefined;
  clientMetadata?: Record<string, string> | undefined;
  policy: ResolvedPolicy;
}

/** An `AwaitDeliveryInput` that was found good. */
export interface ParsedAwaitDelivery {
  tokenInput?: TokenInput | undefined;
  alreadySent?: CodeDelivery | undefined;
}

/** A `SubmitCodeInput` that was found good. */
export interface ParsedSubmitCode {
  code: Secret;
  tokenInput?: TokenInput | undefined;
}

/** A `ResendCodeInput` that was found good. */
export interface ParsedResendCode {
  tokenInput?: TokenInput | undefined;
  clientMetadata?: Record<string, string> | undefined;
}

/**
 * Reads a `VerificationRequest`.
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseRequest(input: unknown): ParsedRequest {
  const fields = object(input, 'request', [
    ...TOKEN_FIELDS,
    'userPoolId',
    'sub',
    'attributeName',
    'alreadySent',
    'clientMetadata',
    'policy',
  ]);
  const attributeName = ATTRIBUTE_NAMES.find((name) => name === fields['attributeName']);
  if (!attributeName) {
    throw new InvalidInputError(
      'attributeName',
      `must be 'email' or 'phone_number', the two attributes that Cognito can verify; found ${show(fields['attributeName'])}`,
    );
  }
  const tokenInput = requiredTokenInput(fields);
  const owner = requestedUser(fields, tokenInput);
  const clientMetadata = metadata(fields['clientMetadata']);
  const alreadySent = delivery(fields['alreadySent']);
  return {
    tokenInput,
    owner,
    attributeName,
    policy: policyOf(fields['policy'], attributeName),
    ...(clientMetadata ? { clientMetadata } : {}),
    ...(alreadySent ? { alreadySent } : {}),
  };
}

/** @throws InvalidInputError naming the field. */
export function parseAwaitDelivery(input: unknown): ParsedAwaitDelivery {
  const fields = object(input, 'awaitDelivery', [...TOKEN_FIELDS, 'alreadySent']);
  const alreadySent = delivery(fields['alreadySent']);
  return { ...withTokenInput(fields), ...(alreadySent ? { alreadySent } : {}) };
}

/**
 * Checks the code's form before a call to Cognito is spent on it. The message never holds the code.
 * @throws InvalidInputError naming the field.
 */
export function parseSubmitCode(
  input: unknown,
  codeFormat: ResolvedPolicy['codeFormat'] = 'nonSpace',
): ParsedSubmitCode {
  const fields = object(input, 'submitCode', ['code', ...TOKEN_FIELDS]);
  const code = fields['code'];
  if (typeof code !== 'string') throw new InvalidInputError('code', 'must be a text');
  // Cognito's own pattern is [\S]{1,2048}.
  if (!/^\S{1,2048}$/.test(code)) throw new InvalidInputError('code', 'must have 1 to 2048 characters and no spaces');
  if (codeFormat === 'sixDigits' && !/^\d{6}$/.test(code)) throw new InvalidInputError('code', 'must be six digits');
  return { code: new Secret(code), ...withTokenInput(fields) };
}

/** @throws InvalidInputError naming the field. */
export function parseResendCode(input: unknown): ParsedResendCode {
  const fields = object(input, 'resendCode', [...TOKEN_FIELDS, 'clientMetadata']);
  const clientMetadata = metadata(fields['clientMetadata']);
  return { ...withTokenInput(fields), ...(clientMetadata ? { clientMetadata } : {}) };
}

/**
 * What a `RenewAccessTokenInput` brings.
 * @throws InvalidInputError naming the field.
 */
export function parseRenewAccessToken(input: unknown): TokenInput {
  return requiredTokenInput(object(input, 'renewAccessToken', TOKEN_FIELDS));
}

/**
 * Reads a `CodeConfirmedInput`. It must be there: an empty signal could come from anyone who may signal a workflow, and
 * one that is sealed only from who has a key. A signal has nobody to tell of a wrong reference, so that is left out.
 * @throws InvalidInputError when it is no object, or has another field.
 */
export function parseCodeConfirmed(input: unknown): CodeConfirmedInput {
  const { reference } = object(input, 'codeConfirmed', ['reference']);
  return typeof reference === 'string' ? { reference: reference.slice(0, 200) } : {};
}

function policyOf(value: unknown, attributeName: AttributeName): ResolvedPolicy {
  try {
    return resolvePolicy(object(value ?? {}, 'policy'), attributeName);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new InvalidInputError(`policy.${error.field}`, error.message);
  }
}

function withTokenInput(fields: Record<string, unknown>): { tokenInput?: TokenInput } {
  const tokenInput = optionalTokenInput(fields);
  return tokenInput ? { tokenInput } : {};
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
