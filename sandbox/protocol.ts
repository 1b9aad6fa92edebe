import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Calls, OpenCall } from './calls.js';
import type { Cognito } from './cognito.js';
import { CognitoException } from './exceptions.js';
import type { Disruption, Faults } from './faults.js';
import { isRecord, recordOf } from './json.js';
import type { Input } from './members.js';
import { OPERATIONS } from './operations/operations.js';
import { claimedUsername } from './tokens.js';

const TARGET_PREFIX = 'AWSCognitoIdentityProviderService.';

/** An AWS request as it came over the wire. */
export interface AwsRequest {
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** What goes back over the wire; `drop` means that the connection is cut instead. */
export type AwsAnswer =
  | { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  | 'drop';

/** What answering needs. */
export interface ProtocolParts {
  readonly cognito: Cognito;
  readonly calls: Calls;
  readonly faults: Faults;
  /** Resolves once the effects so far would survive a restart. */
  readonly saved: () => Promise<void>;
  /** Ends waits when the sandbox closes. */
  readonly closing: AbortSignal;
}

type Result = { readonly answer: object } | { readonly exception: CognitoException };

/** Answers one request in AWS's JSON 1.1 protocol. Signatures are not looked at. */
export async function answerAws(parts: ProtocolParts, request: AwsRequest): Promise<AwsAnswer> {
  const { cognito, calls, faults } = parts;
  const target = request.header('x-amz-target') ?? '';
  const operation = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : target;
  const input = parseInput(request.body);
  const username = usernameOf(input);
  const sdkInvocationId = request.header('amz-sdk-invocation-id');
  const requestId = randomUUID();
  const call = calls.arrived({
    operation,
    requestId,
    ...(username !== undefined && { username }),
    ...(sdkInvocationId !== undefined && { sdkInvocationId }),
  });

  const plan = faults.plan(operation, username);
  await delay(plan.latencyMs, parts.closing);
  if (plan.beforeEffect !== undefined) return disrupted(call, plan.beforeEffect);

  const result = await run(cognito, operation, input, {
    region: regionOf(request.header('authorization')),
    undelivered: plan.neverDelivered,
  });
  await parts.saved();
  call.effect = 'exception' in result ? result.exception.name : 'ok';
  await delay(plan.answerDelayMs, parts.closing);
  if (plan.afterEffect?.kind === 'empty' && 'exception' in result) return refused(call, result.exception);
  if (plan.afterEffect !== undefined) return disrupted(call, plan.afterEffect);
  if ('exception' in result) return refused(call, result.exception);
  call.outcome = 'ok';
  return json(call, 200, result.answer);
}

async function delay(ms: number, closing: AbortSignal): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal: closing }).catch(() => undefined);
}

async function run(
  cognito: Cognito,
  operation: string,
  input: Input | undefined,
  context: { region: string; undelivered: boolean },
): Promise<Result> {
  try {
    const implementation = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
    if (implementation === undefined) throw unknownOperation(operation);
    if (input === undefined) throw new CognitoException('SerializationException', 'The body is not a JSON object');
    return { answer: await implementation(cognito, input, context) };
  } catch (error) {
    if (error instanceof CognitoException) return { exception: error };
    // A defect of the sandbox, and said to be one: it must not pass for a fault that somebody has set.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { exception: new CognitoException('InternalErrorException', `Defect in the Cognito sandbox: ${text}`, 500) };
  }
}

function unknownOperation(operation: string): CognitoException {
  const known = Object.keys(OPERATIONS).join(', ');
  return new CognitoException(
    'UnknownOperationException',
    `The Cognito sandbox does not have ${operation === '' ? 'a request without x-amz-target' : operation}. It has ${known}.`,
  );
}

function parseInput(body: string): Input | undefined {
  try {
    const input: unknown = JSON.parse(body === '' ? '{}' : body);
    return isRecord(input) ? input : undefined;
  } catch {
    return undefined;
  }
}

function usernameOf(input: Input | undefined): string | undefined {
  const { AccessToken, Username, AuthParameters } = input ?? {};
  if (typeof AccessToken === 'string') return claimedUsername(AccessToken);
  const named = Username ?? recordOf(AuthParameters)['USERNAME'];
  return typeof named === 'string' ? named : undefined;
}

/** The region of the signature, so that pools made by the AWS CLI are named for the region it was told. */
function regionOf(authorization: string | undefined): string {
  return /Credential=[^/]+\/\d+\/([a-z0-9-]+)\//.exec(authorization ?? '')?.[1] ?? 'us-east-1';
}

function json(call: OpenCall, status: number, body: object, headers: Record<string, string> = {}): AwsAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': call.requestId, ...headers },
    body: JSON.stringify(body),
  };
}

function refused(call: OpenCall, { name, message, status }: CognitoException): AwsAnswer {
  call.outcome = name;
  return json(
    call,
    status,
    { __type: name, message },
    // A header cannot hold a line break or a letter outside of Latin-1, which a trigger's text may have.
    { 'x-amzn-ErrorType': `${name}:`, 'x-amzn-ErrorMessage': message.replace(/[^\x20-\x7e]+/g, ' ').trim() },
  );
}

function disrupted(call: OpenCall, disruption: Disruption): AwsAnswer {
  if (disruption.kind === 'exception') return refused(call, disruption.exception);
  if (disruption.kind === 'empty') {
    call.outcome = 'empty';
    return json(call, 200, {});
  }
  if (disruption.kind === 'drop') {
    call.outcome = 'dropped';
    return 'drop';
  }
  call.outcome = `http ${disruption.status}`;
  const body = `<html><body><h1>${disruption.status} Service Unavailable</h1></body></html>\n`;
  return { status: disruption.status, headers: { 'content-type': 'text/html' }, body };
}
