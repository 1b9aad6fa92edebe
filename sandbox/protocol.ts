import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { checkPermission, checkSigned, refusalOf } from './access.js';
import type { Calls, OpenCall } from './calls.js';
import type { Cognito } from './cognito.js';
import { AwsException, requestEntityTooLarge } from './exceptions.js';
import type { Disruption, Faults } from './faults.js';
import type { Input } from './members.js';
import type { CallContext } from './operations/operation.js';
import { BadInput } from './schema.js';
import { type AwsCall, readCall } from './services.js';
import { claimedUsername } from './tokens.js';
import type { AwsRequest, WholeAnswer, Wire } from './wire/wire.js';

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

type Result = { readonly answer: object } | { readonly exception: AwsException };

/** Answers one request to an AWS service, in its protocol. It looks at no signature. */
export async function answerAws(parts: ProtocolParts, request: AwsRequest): Promise<AwsAnswer> {
  const { cognito, faults } = parts;
  const asked = readCall(request);
  const { operation, wire } = asked;
  const username = usernameOf(asked.input);
  const call = record(parts, asked, request, username);

  const plan = faults.plan(operation, username);
  await delay(plan.latencyMs, parts.closing);
  if (plan.beforeEffect !== undefined) return disrupt(wire, call, plan.beforeEffect);

  const authorization = request.header('authorization');
  const context = { region: regionOf(authorization), undelivered: plan.neverDelivered };
  const result = await run(cognito, asked, authorization, context);
  await parts.save();
  call.effect = 'exception' in result ? result.exception.name : 'ok';
  await delay(plan.answerDelayMs, parts.closing);
  if (plan.afterEffect?.kind === 'empty' && 'exception' in result) return refuse(wire, call, result.exception);
  if (plan.afterEffect !== undefined) return disrupt(wire, call, plan.afterEffect);
  if ('exception' in result) return refuse(wire, call, result.exception);
  call.outcome = 'ok';
  return wire.answer(call, result.answer);
}

/** Answers a request whose body is too long to be read. */
export function refuseBody(parts: ProtocolParts, request: Omit<AwsRequest, 'body'>): WholeAnswer {
  const asked = readCall({ ...request, body: new Uint8Array() });
  const call = record(parts, asked, request, undefined);
  return refuse(asked.wire, call, requestEntityTooLarge());
}

function record(
  { calls }: ProtocolParts,
  { service, operation }: AwsCall,
  { header }: Omit<AwsRequest, 'body'>,
  username: string | undefined,
): OpenCall {
  const sdkInvocationId = header('amz-sdk-invocation-id');
  return calls.record({ service: service.name, operation, requestId: randomUUID(), username, sdkInvocationId });
}

async function delay(ms: number, closing: AbortSignal): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal: closing }).catch(() => undefined);
}

async function run(
  cognito: Cognito,
  call: AwsCall,
  authorization: string | undefined,
  context: CallContext,
): Promise<Result> {
  const { service, operation, input } = call;
  try {
    checkSigned(call, authorization);
    const implementation = Object.hasOwn(service.operations, operation) ? service.operations[operation] : undefined;
    if (implementation === undefined) throw refusalOf(call, 'unknownOperation', whatThereIs(call));
    checkPermission(call, cognito.account.in(context.region), context.region);
    if (input === undefined) throw refusalOf(call, 'malformed', 'The body is not a JSON object');
    return { answer: await implementation(cognito, input, context) };
  } catch (error) {
    if (error instanceof AwsException) return { exception: error };
    if (error instanceof BadInput) return { exception: new AwsException(service.invalidInput, error.message, 400) };
    // The text names a defect of the sandbox, so that nobody takes it for a fault that was set.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { exception: refusalOf(call, 'internal', `Defect in the Cognito sandbox: ${text}`) };
  }
}

function whatThereIs({ service, operation }: AwsCall): string {
  const asked = operation === '' ? 'a request without x-amz-target' : operation;
  const owner = service.name === 'cognito-idp' ? '' : ` of ${service.name}`;
  return `The Cognito sandbox does not have ${asked}${owner}. It has ${Object.keys(service.operations).join(', ')}.`;
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

function refuse(wire: Wire, call: OpenCall, exception: AwsException): WholeAnswer {
  call.outcome = exception.name;
  return wire.refusal(call, exception);
}

function disrupt(wire: Wire, call: OpenCall, disruption: Disruption): AwsAnswer {
  switch (disruption.kind) {
    case 'exception':
      return refuse(wire, call, disruption.exception);
    case 'empty':
      call.outcome = 'empty';
      return wire.answer(call, {});
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
