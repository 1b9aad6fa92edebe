import { setTimeout as wait } from 'node:timers/promises';
import { CognitoException } from './exceptions.js';
import { isRecord, recordOf } from './json.js';

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
    /** The place-holder for the code, `{####}`: the trigger never sees the code. */
    readonly codeParameter: string;
    readonly clientMetadata?: Readonly<Record<string, string>>;
  };
  response: { smsMessage: string | null; emailMessage: string | null; emailSubject: string | null };
}

/** A local function that stands for the Lambda function, or the URL of something that answers its event. */
export type CustomMessage = ((event: CustomMessageEvent) => unknown) | string;

/** What a trigger said; a missing text leaves the pool's own. */
export interface CustomTexts {
  readonly smsMessage?: string | undefined;
  readonly emailMessage?: string | undefined;
  readonly emailSubject?: string | undefined;
}

/** Cognito calls a trigger that does not answer three times in all. */
const TRIES = 3;

/** An error that the function itself has thrown: its text reaches the caller. */
class RefusedByTrigger extends Error {}

/** Runs the trigger and reads its answer, or throws one of Cognito's three Lambda exceptions. */
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
  // Each try gets its own copy, as a Lambda function would.
  const asked = ask(trigger, structuredClone(event), timeout.signal);
  try {
    return await Promise.race([asked, tooLate]);
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
    // A function's own error is its answer; an URL that cannot be reached has given none.
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
  // Lambda's own form of a function's error, which its local runtime sends with status 200.
  const errorMessage = recordOf(answer)['errorMessage'];
  if (typeof errorMessage === 'string') throw new RefusedByTrigger(errorMessage);
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
  const texts = recordOf(answer)['response'];
  if (!isRecord(texts)) throw unrecognizable();
  return {
    smsMessage: readText(texts['smsMessage']),
    emailMessage: readText(texts['emailMessage']),
    emailSubject: readText(texts['emailSubject']),
  };
}

function readText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw unrecognizable();
  return value;
}

function unrecognizable(): CognitoException {
  return new CognitoException('InvalidLambdaResponseException', 'Unrecognizable lambda output');
}
