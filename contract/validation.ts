import { BOUNDS, deliveryTold, isDeliveryMedium, isDestination, METADATA_BOUNDS, utf8Bytes } from './bounds.js';
import { FORMS } from './forms.js';
import { InvalidInputError, object, optionalText, show } from './input-fields.js';
import { ATTRIBUTE_NAMES, type AttributeName } from './names.js';
import { optionalTokenInput, requestedUser, requiredTokenInput, TOKEN_FIELDS } from './parse-token-input.js';
import { PolicyError, type ResolvedPolicy, resolvePolicy } from './policy.js';
import { isPrintable, printable } from './printable.js';
import { Secret } from './secret.js';
import type { CodeDelivery } from './status.js';
import type { TokenInput } from './token-input.js';
import type { UserKey } from './workflow-id.js';

/** A valid `VerificationRequest`. */
export interface ParsedRequest {
  tokenInput: TokenInput;
  /** The user to verify. */
  owner: UserKey;
  attributeName: AttributeName;
  alreadySent?: CodeDelivery | undefined;
  reverify?: true | undefined;
  newValue?: Secret | undefined;
  replaceAtOnce?: true | undefined;
  clientMetadata?: Record<string, string> | undefined;
  policy: ResolvedPolicy;
  previousRunId?: string | undefined;
}

/** A valid `AwaitDeliveryInput`. */
export interface ParsedAwaitDelivery {
  tokenInput?: TokenInput | undefined;
  alreadySent?: CodeDelivery | undefined;
  reverify?: true | undefined;
  newValue?: Secret | undefined;
  replaceAtOnce?: true | undefined;
  clientMetadata?: Record<string, string> | undefined;
  policy: ResolvedPolicy;
}

/** A valid `SubmitCodeInput`. */
export interface ParsedSubmitCode {
  code: Secret;
  tokenInput?: TokenInput | undefined;
}

/** A valid `ResendCodeInput`. */
export interface ParsedResendCode {
  tokenInput?: TokenInput | undefined;
  clientMetadata?: Record<string, string> | undefined;
}

/** A valid `CodeConfirmedInput`. */
export interface ParsedCodeConfirmed {
  reference?: string | undefined;
  tokenInput?: TokenInput | undefined;
  /** What is wrong with the token input, which is then absent. */
  ignored?: InvalidInputError | undefined;
}

/** What a request asks for, and a start that joins. */
const WISHES = ['alreadySent', 'reverify', 'newValue', 'replaceAtOnce', 'clientMetadata', 'policy'];

/**
 * Reads a `VerificationRequest`.
 * @param besides further fields that the caller takes and has read itself, so that an error names them as allowed
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseRequest(input: unknown, besides: readonly string[] = []): ParsedRequest {
  const fields = object(input, 'request', [
    ...TOKEN_FIELDS,
    'userPoolId',
    'sub',
    'attributeName',
    ...WISHES,
    'previousRunId',
    ...besides,
  ]);
  const attributeName = ATTRIBUTE_NAMES.find((name) => name === fields['attributeName']);
  if (!attributeName) {
    throw new InvalidInputError(
      'attributeName',
      `must be 'email' or 'phone_number', the two attributes that Cognito can verify; found ${attributeFound(fields['attributeName'])}`,
    );
  }
  const tokenInput = requiredTokenInput(fields);
  const owner = requestedUser(fields, tokenInput);
  return {
    tokenInput,
    owner,
    attributeName,
    clientMetadata: metadata(fields['clientMetadata']),
    alreadySent: delivery(fields['alreadySent']),
    reverify: flag(fields['reverify'], 'reverify'),
    ...termsIn(fields, attributeName),
    previousRunId: optionalText(fields['previousRunId'], 'previousRunId', {
      most: BOUNDS.previousRunId,
      right: (text) => FORMS.uuid.test(text),
      form: 'the id of a run, a UUID',
    }),
  };
}

/** Letters alone as they are, such as a misspelt name: they are no token and no code. */
function attributeFound(value: unknown): string {
  return typeof value === 'string' && /^[a-z]+([_-][a-z]+)*$/.test(value) && value.length <= 24
    ? `'${value}'`
    : show(value);
}

/**
 * Reads an `AwaitDeliveryInput`.
 * @param attributeName of the verification, whose policy has defaults by it
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseAwaitDelivery(input: unknown, attributeName: AttributeName): ParsedAwaitDelivery {
  const fields = object(input, 'awaitDelivery', [...TOKEN_FIELDS, ...WISHES]);
  return {
    alreadySent: delivery(fields['alreadySent']),
    reverify: flag(fields['reverify'], 'reverify'),
    clientMetadata: metadata(fields['clientMetadata']),
    ...termsIn(fields, attributeName),
    tokenInput: optionalTokenInput(fields),
  };
}

/**
 * Reads a `SubmitCodeInput`, and checks the code's form before a call to Cognito is spent on it. The message of the error never
 * holds the code.
 * @param besides as of `parseRequest`
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseSubmitCode(
  input: unknown,
  codeFormat: ResolvedPolicy['codeFormat'] = 'nonSpace',
  besides: readonly string[] = [],
): ParsedSubmitCode {
  const fields = object(input, 'submitCode', ['code', ...TOKEN_FIELDS, ...besides]);
  const code = fields['code'];
  if (typeof code !== 'string') throw new InvalidInputError('code', 'must be a string');
  // Cognito's own pattern is [\S]{1,2048}.
  if (!CODE.test(code) || !isPrintable(code)) {
    throw new InvalidInputError(
      'code',
      `must have 1 to ${BOUNDS.code} characters, no spaces and no control characters`,
    );
  }
  if (codeFormat === 'sixDigits' && !/^\d{6}$/.test(code)) throw new InvalidInputError('code', 'must be six digits');
  return { code: new Secret(code), tokenInput: optionalTokenInput(fields) };
}

const CODE = new RegExp(`^\\S{1,${BOUNDS.code}}$`);

/**
 * Reads a `ResendCodeInput`.
 * @param besides as of `parseRequest`
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseResendCode(input: unknown, besides: readonly string[] = []): ParsedResendCode {
  const fields = object(input, 'resendCode', [...TOKEN_FIELDS, 'clientMetadata', ...besides]);
  const clientMetadata = metadata(fields['clientMetadata']);
  return { tokenInput: optionalTokenInput(fields), clientMetadata };
}

/**
 * Reads a `RenewAccessTokenInput`.
 * @throws InvalidInputError naming the field that is wrong.
 */
export function parseRenewAccessToken(input: unknown): TokenInput {
  return requiredTokenInput(object(input, 'renewAccessToken', TOKEN_FIELDS));
}

/**
 * Reads a `CodeConfirmedInput`. It is required: an empty signal can come from anyone who may signal a workflow, a sealed input
 * only from someone who has a key. The sender of a signal cannot be told of a wrong reference or token. So a wrong token is
 * ignored, and a wrong reference is ignored, shortened or made printable.
 * @throws InvalidInputError when it is no object, or has another field.
 */
export function parseCodeConfirmed(input: unknown): ParsedCodeConfirmed {
  const fields = object(input, 'codeConfirmed', ['reference', ...TOKEN_FIELDS]);
  const { reference } = fields;
  const parsed = {
    reference: typeof reference === 'string' ? printable(reference.slice(0, BOUNDS.reference)) : undefined,
  };
  try {
    return { ...parsed, tokenInput: optionalTokenInput(fields) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { ...parsed, ignored: error };
  }
}

function policyIn(value: unknown, attributeName: AttributeName): ResolvedPolicy {
  try {
    return resolvePolicy(object(value ?? {}, 'policy'), attributeName);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new InvalidInputError(`policy.${error.field}`, error.message);
  }
}

/** What each attribute may be changed to. Cognito checks more. */
const VALUES: Record<AttributeName, { form: RegExp; words: string }> = {
  email: { form: /^[^\s@]+@[^\s@]+$/, words: 'an e-mail address' },
  phone_number: { form: /^\+[1-9]\d{1,14}$/, words: 'a number in the form of E.164, such as +15555550123' },
};

/** The new value and the policy, which must go together. */
function termsIn(
  { newValue, replaceAtOnce, alreadySent, accessTokenReference, policy: given }: Record<string, unknown>,
  attributeName: AttributeName,
): { policy: ResolvedPolicy; newValue: Secret | undefined; replaceAtOnce: true | undefined } {
  const { form, words } = VALUES[attributeName];
  const checked = optionalText(newValue, 'newValue', {
    most: BOUNDS.newValue,
    right: (text) => form.test(text) && isPrintable(text),
    form: words,
  });
  const atOnce = flag(replaceAtOnce, 'replaceAtOnce');
  if (checked === undefined && atOnce)
    throw new InvalidInputError('replaceAtOnce', 'is for a start with newValue only');
  if (checked !== undefined && accessTokenReference !== undefined) {
    throw new InvalidInputError(
      'newValue',
      'needs an access token: a reference does not prove who asks for the change',
    );
  }
  if (checked !== undefined && alreadySent !== undefined) {
    throw new InvalidInputError(
      'newValue',
      'cannot come together with alreadySent: either you change the value, or we do',
    );
  }
  const policy = policyIn(given, attributeName);
  if (checked !== undefined && policy.confirmation === 'trust')
    throw new InvalidInputError(
      'newValue',
      "needs the confirmation 'recheck': a trusted one does not say for which value it is",
    );
  return { policy, newValue: checked === undefined ? undefined : new Secret(checked), replaceAtOnce: atOnce };
}

/** `false` is the same as none. */
function flag(value: unknown, field: string): true | undefined {
  if (value === undefined || typeof value === 'boolean') return value || undefined;
  throw new InvalidInputError(field, `must be true or false; found ${show(value)}`);
}

function metadata(value: unknown): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  const entries = Object.entries(object(value, 'clientMetadata'));
  const { entries: most, name: longestName, value: longestValue, bytes } = METADATA_BOUNDS;
  if (entries.length > most) {
    throw new InvalidInputError('clientMetadata', `must have at most ${most} entries; found ${entries.length}`);
  }
  const checked: Record<string, string> = {};
  for (const [name, entry] of entries) {
    const field = `clientMetadata.${name.slice(0, 40)}`;
    if (name.length > longestName) {
      throw new InvalidInputError(field, `must have a name of at most ${longestName} characters; found ${name.length}`);
    }
    if (typeof entry !== 'string') throw new InvalidInputError(field, `must be a string; found ${show(entry)}`);
    if (entry.length > longestValue) {
      throw new InvalidInputError(field, `must have at most ${longestValue} characters; found ${entry.length}`);
    }
    checked[name] = entry;
  }
  const found = utf8Bytes(JSON.stringify(checked));
  if (found > bytes) {
    throw new InvalidInputError('clientMetadata', `must have at most ${bytes} bytes in all, as JSON; found ${found}`);
  }
  return checked;
}

function delivery(value: unknown): CodeDelivery | undefined {
  if (value === undefined) return undefined;
  const { destination, deliveryMedium } = object(
    value,
    'alreadySent',
    ['destination', 'deliveryMedium'],
    'alreadySent.',
  );
  return deliveryTold(
    optionalText(destination, 'alreadySent.destination', {
      most: BOUNDS.destination,
      right: isDestination,
      form: 'a text without control characters',
    }),
    optionalText(deliveryMedium, 'alreadySent.deliveryMedium', {
      most: BOUNDS.deliveryMedium,
      right: (text) => text === '' || isDeliveryMedium(text),
      form: 'a word in capitals such as EMAIL or SMS',
    }),
  );
}
