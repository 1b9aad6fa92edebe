import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import type { Calls, OpenCall } from './calls.js';
import type { Cognito } from './cognito.js';
import { CognitoException, requestEntityTooLarge } from './exceptions.js';
import type { Disruption, Faults } from './faults.js';
import type { Input } from './members.js';
import { OPERATIONS } from './operations/operations.js';
import { JsonObject } from './schema.js';
import { claimedUsername } from './tokens.js';

const TARGET_PREFIX = 'AWSCognitoIdentityProviderService.';

/** An AWS request on the wire. */
export interface AwsRequest {
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** An answer on the wire. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The answer on the wire; `drop` cuts the connection instead. */
export type AwsAnswer = WholeAnswer | 'drop';

/** The parts of the sandbox that an answer needs. */
export interface ProtocolParts {
  readonly cognito: Cognito;
  readonly calls: Calls;
  readonly faults: Faults;
  /** Resolves once the effects so far survive a restart. */
  readonly save: () => Promise<void>;
  /** Aborts when the sandbox closes, which ends all waits. */
  readonly closing: AbortSignal;
}

type Result = { readonly answer: object } | { readonly exception: CognitoException };

/** Answers one request in AWS's JSON 1.1 protocol. It ignores the signature. */
export async function answerAws(parts: ProtocolParts, request: AwsRequest): Promise<AwsAnswer> {
  const { cognito, calls, faults } = parts;
  const operation = operationOf(request.header);
  const input = parseBody(request.body);
  const username = usernameOf(input);
  const sdkInvocationId = request.header('amz-sdk-invocation-id');
  const requestId = randomUUID();
  const call = calls.record({ operation, requestId, username, sdkInvocationId });

  const plan = faults.plan(operation, username);
  await delay(plan.latencyMs, parts.closing);
  if (plan.beforeEffect !== undefined) return disrupt(call, plan.beforeEffect);

  const result = await run(cognito, operation, input, {
    region: regionOf(request.header('authorization')),
    undelivered: plan.neverDelivered,
  });
  await parts.save();
  call.effect = 'exception' in result ? result.exception.name : 'ok';
  await delay(plan.answerDelayMs, parts.closing);
  if (plan.afterEffect?.kind === 'empty' && 'exception' in result) return refuse(call, result.exception);
  if (plan.afterEffect !== undefined) return disrupt(call, plan.afterEffect);
  if ('exception' in result) return refuse(call, result.exception);
  call.outcome = 'ok';
  return json(call, 200, result.answer);
}

/** Answers a request whose body is too long to be read. */
export function refuseBody({ calls }: ProtocolParts, header: AwsRequest['header']): WholeAnswer {
  const sdkInvocationId = header('amz-sdk-invocation-id');
  const call = calls.record({
    operation: operationOf(header),
    requestId: randomUUID(),
    username: undefined,
    sdkInvocationId,
  });
  return refuse(call, requestEntityTooLarge());
}

function operationOf(header: AwsRequest['header']): string {
  const target = header('x-amz-target') ?? '';
  return target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : target;
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
    // The text names a defect of the sandbox, so that nobody takes it for a fault that was set.
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

function parseBody(body: string): Input | undefined {
  try {
    const input: unknown = JSON.parse(body === '' ? '{}' : body);
    return v.is(JsonObject, input) ? input : undefined;
  } catch {
    return undefined;
  }
}

const HasAccessToken = v.object({ AccessToken: v.string() });
const HasUsername = v.object({ Username: v.string() });
const HasAuthParameters = v.object({ AuthParameters: v.object({ USERNAME: v.string() }) });
const HasChallengeResponses = v.object({ ChallengeResponses: v.object({ USERNAME: v.string() }) });

function usernameOf(input: Input | undefined): string | undefined {
  if (v.is(HasAccessToken, input)) return claimedUsername(input.AccessToken);
  if (v.is(HasUsername, input)) return input.Username;
  if (v.is(HasChallengeResponses, input)) return input.ChallengeResponses.USERNAME;
  return v.is(HasAuthParameters, input) ? input.AuthParameters.USERNAME : undefined;
}

/** The region in the signature. A pool that the AWS CLI makes then has the CLI's region in its id. */
function regionOf(authorization: string | undefined): string {
  return /Credential=[^/]+\/\d+\/([a-z0-9-]+)\//.exec(authorization ?? '')?.[1] ?? 'us-east-1';
}

function json(call: OpenCall, status: number, body: object, headers: Record<string, string> = {}): WholeAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': call.requestId, ...headers },
    body: JSON.stringify(body),
  };
}

function refuse(call: OpenCall, { name, message, status }: CognitoException): WholeAnswer {
  call.outcome = name;
  return json(
    call,
    status,
    { __type: name, message },
    // A trigger's text may have line breaks and letters outside of Latin-1, which a header cannot hold.
    { 'x-amzn-ErrorType': `${name}:`, 'x-amzn-ErrorMessage': message.replace(/[^\x20-\x7e]+/g, ' ').trim() },
  );
}

function disrupt(call: OpenCall, disruption: Disruption): AwsAnswer {
  switch (disruption.kind) {
    case 'exception':
      return refuse(call, disruption.exception);
    case 'empty':
      call.outcome = 'empty';
      return json(call, 200, {});
    case 'drop':
      call.outcome = 'dropped';
      return 'drop';
    case 'foreign': {
      const { status, headers, body = '', requestId } = disruption.answer;
      call.outcome = `http ${status}`;
      return { status, headers: { ...(requestId && { 'x-amzn-RequestId': call.requestId }), ...headers }, body };
    }
    default:
      return disruption satisfies never;
  }
}
