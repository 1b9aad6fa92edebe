import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { CognitoException } from './exceptions.js';

/** The event that Cognito gives to a custom-message trigger. */
export interface CustomMessageEvent {
  readonly version: '1';
  readonly triggerSource: string;
  readonly region: string;
  readonly userPoolId: string;
  readonly userName: string;
  readonly callerContext: { readonly awsSdkVersion: string; readonly clientId: string };
  readonly request: {
    readonly userAttributes: Readonly<Record<string, string>>;
    /** The placeholder for the code, `{####}`: the trigger never sees the code. */
    readonly codeParameter: string;
    readonly clientMetadata: Readonly<Record<string, string>>;
  };
  response: { smsMessage: string | null; emailMessage: string | null; emailSubject: string | null };
}

/** A local function in place of the Lambda function, or a URL that answers its event. */
export type CustomMessage = ((event: CustomMessageEvent) => unknown) | string;

const Text = v.nullish(v.string());
const TriggerResponse = v.object({
  response: v.object({ smsMessage: Text, emailMessage: Text, emailSubject: Text }),
});

/** The texts of a trigger. The pool's own text replaces a missing one. */
export type CustomTexts = v.InferOutput<typeof TriggerResponse>['response'];

/** Lambda's own form of a function's error. Its local runtime sends it with status 200. */
const FunctionError = v.object({ errorMessage: v.string() });

/** Cognito calls a trigger up to three times when it does not answer. */
const TRIES = 3;

/** An error that the trigger's own code has thrown. Its text reaches the caller. */
class RefusedByTrigger extends Error {}

/** Runs the trigger and reads its answer. Throws one of Cognito's three Lambda exceptions. */
export async function askTrigger(
  trigger: CustomMessage,
  event: CustomMessageEvent,
  timeoutMs: number,
): Promise<CustomTexts> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const answer = await answerInTime(trigger, event, timeoutMs);
    if (answer.kind === 'answer') return readTexts(answer.value);
    if (answer.kind === 'refused') {
      const text = answer.message.replace(/\.$/, '');
      throw new CognitoException('UserLambdaValidationException', `CustomMessage failed with error ${text}.`);
    }
    if (answer.kind === 'unreachable') break;
  }
  throw new CognitoException('UnexpectedLambdaException', 'CustomMessage invocation failed due to error.');
}

type TriggerAnswer =
  | { kind: 'answer'; value: unknown }
  | { kind: 'refused'; message: string }
  | { kind: 'unreachable' | 'tooLate' };

async function answerInTime(
  trigger: CustomMessage,
  event: CustomMessageEvent,
  timeoutMs: number,
): Promise<TriggerAnswer> {
  const timeout = new AbortController();
  const tooLate = wait(timeoutMs, { kind: 'tooLate' } as const, { signal: timeout.signal });
  // Each try gets its own copy of the event, as a Lambda function does.
  const answer = ask(trigger, structuredClone(event), timeout.signal);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    timeout.abort();
    await Promise.allSettled([tooLate]);
  }
}

async function ask(trigger: CustomMessage, event: CustomMessageEvent, signal: AbortSignal): Promise<TriggerAnswer> {
  try {
    const value = await (typeof trigger === 'string' ? post(trigger, event, signal) : trigger(event));
    return { kind: 'answer', value };
  } catch (error) {
    // A function's own error is its answer. A URL that cannot be reached has not answered.
    if (typeof trigger === 'string' && !(error instanceof RefusedByTrigger)) return { kind: 'unreachable' };
    return { kind: 'refused', message: error instanceof Error ? error.message : String(error) };
  }
}

async function post(url: string, event: CustomMessageEvent, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal,
  });
  const body = await response.text();
  const answer: unknown = parseJson(body);
  if (v.is(FunctionError, answer)) throw new RefusedByTrigger(answer.errorMessage);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return answer;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function readTexts(answer: unknown): CustomTexts {
  if (v.is(TriggerResponse, answer)) return answer.response;
  throw new CognitoException('InvalidLambdaResponseException', 'Unrecognizable lambda output');
}
