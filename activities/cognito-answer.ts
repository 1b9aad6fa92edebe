/**
 * Only Cognito speaks for Cognito. Between the worker and Cognito may stand a proxy, a firewall, a captive page, a health check
 * or the wrong endpoint, and each can answer with any status. This looks at the raw answer before the AWS SDK does, and lets
 * through what can only be Cognito's. Nothing else that arrived over the network becomes a result or a refusal.
 */
import type { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { isRecord } from '@cognito-verification/contract';

/** Something that is not Cognito answered. Whether Cognito had the request too is unknown. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer';
  /** Status, content type, and whether there was a request id. */
  readonly said: string;
  /**
   * @param status of HTTP
   * @param requestId of the answer; a proxy may have taken it away from Cognito's
   */
  constructor(
    readonly status: number,
    contentType?: string,
    requestId?: string,
  ) {
    const withId = requestId === undefined ? 'without' : 'with';
    const said = `HTTP ${status}, ${mediaTypeInWords(contentType)}, ${withId} x-amzn-requestid`;
    super(`Something that is not Cognito answered: ${said}`);
    this.said = said;
  }
}

/** Cognito refused the call, with one of its exceptions or at least with its request id. */
export class CognitoRefusal extends Error {
  /** A plain word; `HTTP 400` for a refusal without a name. */
  override readonly name: string;

  /** @param requestId for a ticket with AWS */
  constructor(
    name: string | undefined,
    message: string,
    readonly status: number,
    readonly requestId?: string | undefined,
  ) {
    super(message);
    this.name = name ?? `HTTP ${status}`;
  }
}

/** Which setting the AWS SDK's words are about; the first that matches counts. */
const SETTINGS: readonly [RegExp, string][] = [
  [/FIPS/i, 'AWS_USE_FIPS_ENDPOINT (use_fips_endpoint in the AWS profile)'],
  [/dual ?stack/i, 'AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint in the AWS profile)'],
  [/defaultsMode/i, 'AWS_DEFAULTS_MODE (defaults_mode in the AWS profile)'],
  [/region/i, 'AWS_REGION, or the id of the user pool, which begins with its region'],
  [/url|endpoint/i, 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER or AWS_ENDPOINT_URL (endpoint_url in the AWS profile)'],
];

/** The AWS SDK could not resolve its settings or build the request, so that nothing was sent. */
export class RequestNotBuilt extends Error {
  override readonly name = 'RequestNotBuilt';
  /** What an operator has to correct. */
  readonly setting: string;

  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    super(`The request was not made: ${why}`);
    this.setting = SETTINGS.find(([words]) => words.test(why))?.[1] ?? 'the settings of the AWS SDK';
  }
}

/** The longest answer that is read. One of `GetUser` with all attributes at their limits is smaller. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The time for the rest of an answer whose headers have arrived. With the AWS SDK's own it stays below an activity's. */
const BODY_TIMEOUT_MS = 3_000;

/**
 * Makes a client take nothing but Cognito's answers. Its calls then throw `ForeignAnswer`, `CognitoRefusal` or
 * `RequestNotBuilt` in place of the AWS SDK's exceptions, whose fields come from the answer; the errors of the network stay.
 */
export function onlyCognito(client: CognitoIdentityProviderClient): CognitoIdentityProviderClient {
  const handedOver = new WeakSet<object>();
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw handedOver.has(context) ? error : new RequestNotBuilt(error);
      }
    },
    { name: 'requestNotBuilt', step: 'initialize', priority: 'high' },
  );
  client.middlewareStack.add(
    (next, context) => async (args) => {
      handedOver.add(context);
      const result = await next(args);
      const response = result.response as RawAnswer;
      response.body = await acceptedBody(response);
      return result;
    },
    // The last before the network, so that the AWS SDK reads nothing that was not looked at.
    { name: 'onlyCognito', step: 'deserialize', priority: 'low' },
  );
  return client;
}

interface RawAnswer {
  statusCode: number;
  /** By lower-case name. */
  headers: Record<string, string | undefined>;
  body: unknown;
}

/**
 * The body of an answer by which Cognito accepts a call.
 * @throws CognitoRefusal or ForeignAnswer for any other answer
 */
async function acceptedBody({ statusCode, headers, body }: RawAnswer): Promise<Uint8Array> {
  const bytes = await readBody(body as ReadableBody);
  const contentType = headers['content-type'];
  const requestId = requestIdIn(headers['x-amzn-requestid']);
  const fields = bytes && recordIn(bytes);
  const name = exceptionName(headers['x-amzn-errortype']) ?? exceptionName(fields?.['__type']);
  const isAccepted = statusCode === 200 && requestId !== undefined && name === undefined && isJson(contentType);
  if (isAccepted && bytes && fields) return bytes;
  if (statusCode >= 400 && (name !== undefined || requestId !== undefined)) {
    throw new CognitoRefusal(name, textOf(fields), statusCode, requestId);
  }
  throw new ForeignAnswer(statusCode, contentType, requestId);
}

type ReadableBody = AsyncIterable<Uint8Array> & { destroy(error?: Error): void };

/** The whole body; undefined if it is longer than any of Cognito's. */
async function readBody(body: ReadableBody): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const late = () => body.destroy(Object.assign(new Error('The answer did not end in time'), { code: 'ETIMEDOUT' }));
  const timer = setTimeout(late, BODY_TIMEOUT_MS);
  try {
    for await (const part of body) {
      bytes += part.byteLength;
      // To leave the loop closes the connection.
      if (bytes > MAX_ANSWER_BYTES) return undefined;
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    clearTimeout(timer);
  }
}

function recordIn(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isRecord(value) && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The name in `com.amazonaws…#CodeMismatchException` or `CodeMismatchException:http://…`; undefined for all but a plain word. */
function exceptionName(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return plainWord(text.slice(text.indexOf('#') + 1).replace(/[:,].*$/s, ''));
}

/**
 * The text if it is like the name of an exception, such as `CodeMismatchException` or `ECONNREFUSED`: it begins with a capital
 * letter, has at most 64 letters, digits and underscores, and no four digits in a row, which a code has. Otherwise undefined.
 */
export function plainWord(text: unknown): string | undefined {
  return typeof text === 'string' && /^(?!.*\d{4})[A-Z]\w{1,63}$/.test(text) ? text : undefined;
}

function requestIdIn(header: string | undefined): string | undefined {
  return header !== undefined && /^[A-Za-z\d-]{16,64}$/.test(header) ? header : undefined;
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/(?:x-amz-json-1\.[01]|json)\s*(?:;|$)/i.test(contentType ?? '');
}

function textOf(fields: Record<string, unknown> | undefined): string {
  const text = fields?.['message'] ?? fields?.['Message'];
  return typeof text === 'string' ? text : 'Cognito gave no reason';
}

/** An answer may say anything, so only what has the form of a media type is repeated. */
function mediaTypeInWords(contentType: string | undefined): string {
  const mediaType = /^[a-z]+\/[a-z\d.+-]{1,40}(?=\s*(?:;|$))/i.exec(contentType ?? '')?.[0];
  return mediaType ?? (contentType ? 'an unreadable content type' : 'no content type');
}
