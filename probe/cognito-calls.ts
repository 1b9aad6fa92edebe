/** The calls of the probe to Cognito: one after the other, each made once, and what came back. */
import type { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { CognitoRefusal, ForeignAnswer, plainWord, RequestNotBuilt } from '../activities/cognito-answer.js';
import { errorCode } from '../log/error-code.js';
import type { ProbeClock } from './clock.js';
import { ProbeError } from './probe-error.js';

/** The answer to a call that Cognito took; any other answer is the name of an exception. */
export const ACCEPTED = 'accepted';

/** `accepted`, or the name of Cognito's exception. */
export type Answer = string;

/** An answer with what it carried. */
export type Outcome<Output> =
  | { readonly answer: typeof ACCEPTED; readonly output: Output }
  | { readonly answer: Answer; readonly output?: undefined };

/** How the last answer looked on the wire. */
export interface Wire {
  readonly status: number;
  /** The names of its headers that AWS made up, and `retry-after`; sorted. */
  readonly headers: readonly string[];
  /** What AWS WAF says that it did: `challenge` or `captcha`. */
  readonly wafAction?: string | undefined;
}

/** Cognito rejects these before it has done anything. */
const THROTTLED = ['TooManyRequestsException', 'ThrottlingException'];
const TRIES = 6;
const FIRST_PAUSE_MS = 1_000;

/** The limit of the account has the name of the user's, which would look like an answer. */
const DAILY = /daily email/i;

/** AWS's words for credentials that are missing, wrong or may not do it. */
const NO_RIGHT: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);

/** Makes calls with one client, and looks at the raw answers. */
export class CognitoCalls {
  private wire: Wire = { status: 0, headers: [] };

  /** @param client takes nothing but Cognito's answers, and repeats no call */
  constructor(
    readonly client: CognitoIdentityProviderClient,
    readonly userPoolId: string,
    readonly clientId: string,
    readonly clock: ProbeClock,
  ) {
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        this.wire = wireOf(result.response as { statusCode: number; headers: Record<string, string> });
        return result;
      },
      // Next to the network: `onlyCognito`, which was added before it, throws for answers that are not Cognito's.
      { name: 'probeWire', step: 'deserialize', priority: 'low', override: true },
    );
  }

  /** The last answer, as it came. */
  lastWire(): Wire {
    return this.wire;
  }

  /**
   * Makes one call. A throttled one is repeated, because Cognito has done nothing then.
   * @param operation for messages, such as `AdminCreateUser`
   * @throws ProbeError if something other than an answer of Cognito's came, or if the AWS credentials may not do it
   */
  async make<Output>(operation: string, call: () => Promise<Output>): Promise<Outcome<Output>> {
    for (let tries = 1; ; tries += 1) {
      try {
        return { answer: ACCEPTED, output: await call() };
      } catch (error) {
        if (!(error instanceof CognitoRefusal)) throw explained(operation, error);
        if (NO_RIGHT.has(error.name)) throw noRight(operation, error.name);
        if (error.name === 'LimitExceededException' && DAILY.test(error.message)) throw usedUp();
        if (error.name === 'InternalErrorException' || (THROTTLED.includes(error.name) && tries === TRIES)) {
          throw unavailable(operation, error.name);
        }
        if (!THROTTLED.includes(error.name)) return { answer: plainWord(error.name) ?? 'an exception without a name' };
        await this.clock.wait(FIRST_PAUSE_MS * tries);
      }
    }
  }

  /**
   * Makes a call that has to be accepted for the probe to go on.
   * @param remedies what to do about an exception, by its name
   */
  async require<Output>(
    operation: string,
    call: () => Promise<Output>,
    remedies: Readonly<Record<string, string>> = {},
  ): Promise<Output> {
    const { answer, output } = await this.make(operation, call);
    if (output !== undefined) return output;
    const remedy = remedies[answer] ?? 'Take a pool and an app client that are made as docs/probe.md says.';
    throw new ProbeError('Configuration', `Cognito refused ${operation}: ${answer}. ${remedy}`);
  }
}

function wireOf({ statusCode, headers }: { statusCode: number; headers: Record<string, string> }): Wire {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const action = headers['x-amzn-waf-action'];
  return {
    status: statusCode,
    headers: names.filter((name) => /^x-am[a-z]*-[a-z-]{1,40}$|^retry-after$/.test(name)).sort(),
    wafAction: /^[a-z]{1,20}$/.test(action ?? '') ? action : undefined,
  };
}

function noRight(operation: string, name: string): ProbeError {
  return new ProbeError(
    'Configuration',
    `The AWS credentials may not do cognito-idp:${operation}: ${name}. cognito-verification probe --iam-policy prints what they need.`,
  );
}

function usedUp(): ProbeError {
  return new ProbeError(
    'CognitoUnavailable',
    "The account's e-mails of the day are used up. Go on after 09:00 UTC, or let the pool send with Amazon SES.",
  );
}

function unavailable(operation: string, why: string): ProbeError {
  return new ProbeError('CognitoUnavailable', `Cognito gave no answer to ${operation}: ${why}. Try again later.`);
}

function explained(operation: string, error: unknown): ProbeError {
  if (error instanceof RequestNotBuilt) {
    const isCredentials = /credential/i.test(error.message);
    return new ProbeError(
      'Configuration',
      isCredentials
        ? `No AWS credentials were found for ${operation}. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. cognito-verification probe --iam-policy prints what they need.`
        : `${operation} was not called. Check ${error.setting}.`,
      { cause: error },
    );
  }
  if (error instanceof ForeignAnswer) {
    const text = `${operation}: ${error.message}. Check the endpoint, proxies and the web ACL.`;
    return new ProbeError('UnexpectedAnswer', text, { cause: error });
  }
  return unavailable(operation, plainWord(errorCode(error)) ?? 'no connection');
}
