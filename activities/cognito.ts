import { createHmac } from 'node:crypto';
import {
  type CognitoIdentityProviderClient,
  GetUserAttributeVerificationCodeCommand,
  GetUserCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { AttributeName, CodeDelivery } from '@cognito-verification/contract';
import {
  ApplicationFailure,
  activityInfo,
  CancelledFailure,
  cancellationDetails,
  cancellationSignal,
  heartbeat,
  log,
} from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { CognitoClients } from './cognito-clients.js';
import { type AttemptFailure, failureName, type Reading, readFailure, type SendFailure } from './failures.js';

/** What every call to Cognito needs. */
export interface CognitoCall {
  userPoolId: string;
  /** A secret. */
  accessToken: string;
  attributeName: AttributeName;
}

export interface SendCodeInput extends CognitoCall {
  /** For the user pool's triggers. */
  clientMetadata?: Record<string, string>;
  /** Reads the attribute first, so that a later look at it can tell whether it has become verified since. */
  recordAttribute: boolean;
}

export interface SendCodeResult {
  delivery: CodeDelivery;
  /** As it was before the send; absent when it was not asked for or could not be read. */
  attribute?: AttributeSnapshot;
}

export interface VerifyCodeInput extends CognitoCall {
  /** A secret. */
  code: string;
}

/** What Cognito shows of the attribute at one moment. */
export interface AttributeSnapshot {
  verified: boolean;
  /** Tells one value from another without holding it: addresses and numbers stay out of histories. */
  valueDigest: string;
}

/** The first of the `details` of a failure of these activities: what it means to the workflow. */
export interface FailureDetails<Failure> {
  failure: Failure;
  /** See `Reading`. */
  dailyEmailLimit?: true;
  /** For a ticket with AWS. */
  requestId?: string;
  /** As it was before a send that failed. */
  attribute?: AttributeSnapshot;
}

/** Cognito as the workflow sees it. */
export interface CognitoActivities {
  /**
   * Asks Cognito to send a code. Not idempotent: each call that Cognito takes is a message and one of 5 an hour.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<SendFailure>`.
   */
  sendCode(input: SendCodeInput): Promise<SendCodeResult>;
  /**
   * Checks a code. Each call is one of 15 an hour, and a code that was taken once is refused as expired.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`.
   */
  verifyCode(input: VerifyCodeInput): Promise<void>;
  /**
   * Reads whether the attribute is verified, and a digest of its value.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`.
   */
  readAttribute(input: CognitoCall): Promise<AttributeSnapshot>;
}

/** The read before a send is worth a moment, not the user's patience. */
const READ_BEFORE_SEND_TIMEOUT_MS = 3_000;

/** Below the time-out of the activity, so that no request outlives it. */
const READ_TIMEOUT_MS = 4_000;

/** Lets the server find a dead worker, and tells us of a cancellation; a call that is quick needs none. */
const HEARTBEAT_INTERVAL_MS = 5_000;

/** Full jitter between nothing and this, doubling from the first to the last (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
const BACKOFF = { firstMs: 1_000, mostMs: 30_000 };

/** Makes the activities; `clients` is where their calls go. */
export function createActivities(clients: CognitoClients): CognitoActivities {
  return {
    async sendCode({ userPoolId, accessToken, attributeName, clientMetadata, recordAttribute }) {
      const client = clients.forUserPool(userPoolId);
      const attribute = recordAttribute
        ? await readIfQuick(client, { userPoolId, accessToken, attributeName })
        : undefined;
      const command = new GetUserAttributeVerificationCodeCommand({
        AccessToken: accessToken,
        AttributeName: attributeName,
        ...(clientMetadata ? { ClientMetadata: clientMetadata } : {}),
      });
      try {
        const { CodeDeliveryDetails: details } = await whileBeating(() =>
          client.send(command, { abortSignal: cancellationSignal() }),
        );
        return {
          delivery: {
            ...(details?.Destination ? { destination: details.Destination } : {}),
            ...(details?.DeliveryMedium ? { deliveryMedium: details.DeliveryMedium } : {}),
          },
          ...(attribute ? { attribute } : {}),
        };
      } catch (error) {
        throw failureOf(error, { call: 'send', secrets: [accessToken], ...(attribute ? { attribute } : {}) });
      }
    },

    async verifyCode({ userPoolId, accessToken, attributeName, code }) {
      const command = new VerifyUserAttributeCommand({
        AccessToken: accessToken,
        AttributeName: attributeName,
        Code: code,
      });
      try {
        await whileBeating(() => clients.forUserPool(userPoolId).send(command, { abortSignal: cancellationSignal() }));
      } catch (error) {
        throw failureOf(error, { call: 'attempt', secrets: [accessToken, code] });
      }
    },

    async readAttribute(input) {
      try {
        const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(READ_TIMEOUT_MS)]);
        return await readSnapshot(clients.forUserPool(input.userPoolId), input, signal);
      } catch (error) {
        // Reading changes nothing, so an answer that was lost may be asked for again.
        throw failureOf(error, { call: 'attempt', secrets: [input.accessToken], repeatable: true });
      }
    },
  };
}

async function readSnapshot(
  client: CognitoIdentityProviderClient,
  { accessToken, attributeName }: CognitoCall,
  abortSignal: AbortSignal,
): Promise<AttributeSnapshot> {
  const { UserAttributes } = await client.send(new GetUserCommand({ AccessToken: accessToken }), { abortSignal });
  const attributes = new Map(UserAttributes?.map(({ Name, Value }) => [Name, Value]));
  return {
    verified: attributes.get(`${attributeName}_verified`) === 'true',
    // Keyed by the user, so that equal values of two users do not look equal.
    valueDigest: createHmac('sha256', attributes.get('sub') ?? '')
      .update(attributes.get(attributeName) ?? '')
      .digest('base64url')
      .slice(0, 22),
  };
}

/** Nothing that goes wrong here may hold a send up: what matters about it the send itself will say. */
async function readIfQuick(
  client: CognitoIdentityProviderClient,
  call: CognitoCall,
): Promise<AttributeSnapshot | undefined> {
  try {
    return await readSnapshot(
      client,
      call,
      AbortSignal.any([cancellationSignal(), AbortSignal.timeout(READ_BEFORE_SEND_TIMEOUT_MS)]),
    );
  } catch (error) {
    log.info('The attribute could not be read before the send', { reason: failureName(error) });
    return undefined;
  }
}

async function whileBeating<T>(call: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
  try {
    return await call();
  } finally {
    clearInterval(beat);
  }
}

interface FailedCall {
  /** Which column of the table applies. */
  call: 'send' | 'attempt';
  /** What the message must not hold. */
  secrets: string[];
  /** Whether an unknown outcome may be asked for again. */
  repeatable?: boolean;
  /** For a send: the attribute as it was before. */
  attribute?: AttributeSnapshot;
}

/**
 * The failure that leaves the activity. Only what is certain to have had no effect is retryable; throttling is benign,
 * so that a busy hour does not read as an outage in logs and metrics.
 */
function failureOf(
  error: unknown,
  { call, secrets, repeatable = false, attribute }: FailedCall,
): ApplicationFailure | CancelledFailure {
  // Only a cancellation, or the end of the workflow, is one. After a pause, a reset or the end of a worker Temporal runs a
  // "cancelled" activity again, and this one may have had its effect.
  const cancellation = cancellationDetails();
  if (cancellation?.cancelRequested || cancellation?.notFound)
    return new CancelledFailure('cancelled while Cognito was being asked');
  const reading = readFailure(error);
  const failure = reading[call];
  const retryable = failure === 'throttled' || failure === 'unreachable' || (repeatable && failure === 'uncertain');
  const requestId = (error as { $metadata?: { requestId?: string } }).$metadata?.requestId;
  const details: FailureDetails<SendFailure | AttemptFailure> = {
    failure,
    ...(reading.dailyEmailLimit ? { dailyEmailLimit: true } : {}),
    ...(requestId ? { requestId } : {}),
    ...(attribute ? { attribute } : {}),
  };
  return ApplicationFailure.create({
    type: failureName(error),
    message: messageOf(error, reading, secrets),
    nonRetryable: !retryable,
    ...(retryable ? { nextRetryDelay: jitteredDelayMs(activityInfo().attempt) } : {}),
    ...(failure === 'throttled' || failure === 'mismatch' ? { category: ApplicationFailureCategory.BENIGN } : {}),
    details: [details],
  });
}

/** Cognito's text and the remedy. A validation text can quote the input, hence the redaction. */
function messageOf(error: unknown, { remedy }: Reading, secrets: string[]): string {
  let text = error instanceof Error ? error.message : String(error);
  for (const secret of secrets) text = text.replaceAll(secret, '[redacted]');
  const sentence = /[.!?]$/.test(text.trim()) ? text : `${text}.`;
  return [sentence.slice(0, 500), remedy].filter(Boolean).join(' ');
}

function jitteredDelayMs(attempt: number): number {
  const most = Math.min(BACKOFF.mostMs, BACKOFF.firstMs * 2 ** (attempt - 1));
  // Never quite zero: the server reads a delay of nothing as "use the retry policy's own".
  return 50 + Math.round(Math.random() * most);
}
