import {
  GetUserAttributeVerificationCodeCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { type AttributeName, type CodeDelivery, Secret } from '@cognito-verification/contract';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { type AccessTokenSource, resolveAccessToken } from './access-token-source.js';
import { type AttributeSnapshot, readIfQuick, readSnapshot } from './attribute-snapshot.js';
import { failureOf, readable } from './call-failure.js';
import type { CognitoClients } from './cognito-clients.js';

/** What every call to Cognito needs. */
export type CognitoCall = {
  /** Whose token it must be. */
  userPoolId: string;
  sub: string;
  attributeName: AttributeName;
  /** The first run of the verification; comes back with the answer. Default: none. */
  runId?: string;
} & (
  | {
      /** A secret. */
      accessToken: string;
      accessTokenReference?: never;
    }
  | {
      accessToken?: never;
      /** What the access token source finds the token by, just before the call. */
      accessTokenReference: string;
    }
);

export type SendCodeInput = CognitoCall & {
  /** For the user pool's triggers. */
  clientMetadata?: Record<string, string> | undefined;
  /** Reads the attribute first, so that a later look at it can tell whether it has become verified since. */
  recordAttribute: boolean;
};

/**
 * What every answer has. Its seal says that it is of this workflow and this activity; the run says that it is of this
 * verification: whoever may complete activities could send the sealed answer of an earlier one of the same user.
 */
export interface Answer {
  runId?: string;
}

export interface SendCodeResult extends Answer {
  delivery: CodeDelivery;
  /** As it was before the send; absent when it was not asked for or could not be read. */
  attribute?: AttributeSnapshot;
}

export type VerifyCodeInput = CognitoCall & {
  /** A secret. */
  code: string;
};

/** Cognito has taken the code. */
export interface VerifyCodeResult extends Answer {
  verified: true;
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
  verifyCode(input: VerifyCodeInput): Promise<VerifyCodeResult>;
  /**
   * Reads whether the attribute is verified, and a digest of its value.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`.
   */
  readAttribute(input: CognitoCall): Promise<AttributeSnapshot & Answer>;
}

/** Lets the server find a dead worker, and tells us of a cancellation; a call that is quick needs none. */
const HEARTBEAT_INTERVAL_MS = 5_000;

/** What else the activities may need. */
export interface ActivitiesOptions {
  /** Finds the tokens that references stand for. Default: none, and a verification with a reference fails. */
  accessTokenSource?: AccessTokenSource | undefined;
}

/** Makes the activities; `clients` is where their calls go. */
export function createActivities(
  clients: CognitoClients,
  { accessTokenSource }: ActivitiesOptions = {},
): CognitoActivities {
  /** The token for one call; it is noted in `secrets`, which the failure of the call must not hold. */
  async function tokenFor(call: CognitoCall, secrets: Secret[]): Promise<Secret> {
    const token =
      call.accessTokenReference === undefined
        ? new Secret(call.accessToken)
        : await resolveAccessToken(
            accessTokenSource,
            {
              reference: call.accessTokenReference,
              userPoolId: call.userPoolId,
              sub: call.sub,
              attributeName: call.attributeName,
            },
            cancellationSignal(),
          );
    secrets.push(token);
    return token;
  }

  return {
    async sendCode(given) {
      const input = readable(given);
      const { userPoolId, attributeName, clientMetadata, recordAttribute } = input;
      const client = clients.forUserPool(userPoolId);
      const secrets: Secret[] = [];
      let attribute: AttributeSnapshot | undefined;
      try {
        return await whileBeating(async () => {
          const accessToken = await tokenFor(input, secrets);
          if (recordAttribute) attribute = await readIfQuick(client, accessToken, attributeName);
          const { CodeDeliveryDetails: details } = await client.send(
            new GetUserAttributeVerificationCodeCommand({
              AccessToken: accessToken.reveal(),
              AttributeName: attributeName,
              ...(clientMetadata ? { ClientMetadata: clientMetadata } : {}),
            }),
            { abortSignal: cancellationSignal() },
          );
          return {
            delivery: {
              ...(details?.Destination ? { destination: details.Destination } : {}),
              ...(details?.DeliveryMedium ? { deliveryMedium: details.DeliveryMedium } : {}),
            },
            ...(attribute ? { attribute } : {}),
            ...answerTo(input),
          };
        });
      } catch (error) {
        throw failureOf(error, { call: 'send', secrets, ...(attribute ? { attribute } : {}) });
      }
    },

    async verifyCode(given) {
      const input = readable(given);
      const { userPoolId, attributeName } = input;
      const code = new Secret(input.code);
      const secrets = [code];
      try {
        await whileBeating(async () => {
          const accessToken = await tokenFor(input, secrets);
          await clients.forUserPool(userPoolId).send(
            new VerifyUserAttributeCommand({
              AccessToken: accessToken.reveal(),
              AttributeName: attributeName,
              Code: code.reveal(),
            }),
            { abortSignal: cancellationSignal() },
          );
        });
        return { verified: true, ...answerTo(input) };
      } catch (error) {
        throw failureOf(error, { call: 'attempt', secrets });
      }
    },

    async readAttribute(given) {
      const input = readable(given);
      const secrets: Secret[] = [];
      try {
        const accessToken = await tokenFor(input, secrets);
        const snapshot = await readSnapshot(clients.forUserPool(input.userPoolId), accessToken, input.attributeName);
        return { ...snapshot, ...answerTo(input) };
      } catch (error) {
        // Reading changes nothing, so an answer that was lost may be asked for again.
        throw failureOf(error, { call: 'attempt', secrets, repeatable: true });
      }
    },
  };
}

/** Also while the token is looked up: that can take as long as the server waits for a sign of life. */
async function whileBeating<T>(call: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
  try {
    return await call();
  } finally {
    clearInterval(beat);
  }
}

function answerTo({ runId }: CognitoCall): Answer {
  return runId === undefined ? {} : { runId };
}
