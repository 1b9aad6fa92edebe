import {
  type CodeDeliveryDetailsType,
  type CognitoIdentityProviderClient,
  GetUserAttributeVerificationCodeCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  type AttributeName,
  type CodeDelivery,
  deliveryTold,
  Secret,
  type ServedUserPool,
} from '@cognito-verification/contract';
import { cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { type AccessTokenSource, resolveAccessToken, UnresolvedAccessToken } from './access-token-source.js';
import {
  type AttributeSnapshot,
  type AwaitedValue,
  type Look,
  readIfQuick,
  readSnapshot,
  readUntilVerified,
} from './attribute-snapshot.js';
import { type FailedCall, failureOf, readable, unreadableAttribute } from './call-failure.js';
import type { CognitoClients } from './cognito-clients.js';
import { failureName } from './failures.js';
import { refuseOtherClient, servedPool } from './served-user-pools.js';

/** The part of its input that each call to Cognito has. */
export type CognitoCall = {
  /** The user that the token must be of. */
  userPoolId: string;
  sub: string;
  attributeName: AttributeName;
  /** The first run of the verification; the answer repeats it. Default: none. */
  runId?: string | undefined;
  /** The key of the digest of the value. A secret. Default: the first call that reads the attribute makes one. */
  salt?: string | undefined;
} & (
  | {
      /** A secret. */
      accessToken: string;
      accessTokenReference?: undefined;
    }
  | {
      accessToken?: undefined;
      /** The access token source finds the token by it, just before the call. */
      accessTokenReference: string;
    }
);

export type SendCodeInput = CognitoCall & {
  /** For the user pool's triggers. */
  clientMetadata?: Record<string, string> | undefined;
  /** Whether to read the attribute first: the value to which the code goes is the one that must be verified at the end. */
  recordAttribute: boolean;
};

/**
 * The part that each answer has. The seal says that the answer is of this workflow and this activity; the run says that it
 * is of this verification. Without the run, anyone who may complete activities could send the sealed answer of an earlier
 * verification of the same user.
 */
export interface Answer {
  runId?: string | undefined;
}

export interface SendCodeResult extends Answer {
  delivery: CodeDelivery;
  /** The attribute before the send; absent if it was not asked for or could not be read. */
  attribute?: AttributeSnapshot | undefined;
}

/** A call after which the attribute shows what an accepted code has done. */
type Awaiting = {
  /** Reads it again for up to 10 s while it does not. Default: reads it once. */
  target?: AwaitedValue | undefined;
};

export type VerifyCodeInput = CognitoCall &
  Awaiting & {
    /** A secret. */
    code: string;
  };

export type ReadAttributeInput = CognitoCall & Awaiting;

/** Cognito has accepted the code. */
export interface VerifyCodeResult extends Answer {
  accepted: true;
  /** The attribute after that; absent if it could not be read. */
  attribute?: AttributeSnapshot | undefined;
}

/** Cognito as the workflow sees it. */
export interface CognitoActivities {
  /**
   * Asks Cognito to send a code. Not idempotent: each accepted call is a message and one of 5 an hour. It does not ask where
   * the attribute was to be read first and Cognito does not show its value, because then nothing could be proven.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<SendFailure>`
   */
  sendCode(input: SendCodeInput): Promise<SendCodeResult>;
  /**
   * Checks a code, and reads the attribute after it was accepted. Each call is one of 15 an hour, and Cognito refuses an
   * accepted code as expired the second time.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`
   */
  verifyCode(input: VerifyCodeInput): Promise<VerifyCodeResult>;
  /**
   * Reads whether the attribute is verified, and a digest of its value.
   * @throws ApplicationFailure named like Cognito's exception, with `FailureDetails<AttemptFailure>`
   */
  readAttribute(input: ReadAttributeInput): Promise<AttributeSnapshot & Answer>;
}

/** A heartbeat lets the server notice a dead worker, and tells us of a cancellation. A quick call ends before the first. */
const HEARTBEAT_INTERVAL_MS = 5_000;

/** Only `userPools` is required. */
export interface ActivitiesOptions {
  /** The user pools that may be called. Read anew for each call. */
  userPools: Iterable<ServedUserPool>;
  /** Finds the tokens that references stand for. Default: none, and a verification with a reference fails. */
  accessTokenSource?: AccessTokenSource | undefined;
}

/** What a call to Cognito is made with. */
interface Means<Input> {
  input: Input;
  accessToken: Secret;
  client: CognitoIdentityProviderClient;
  /** What a failure of the call says; the call may add to it. */
  failed: FailedCall;
}

/**
 * Makes the activities.
 * @param clients where their calls go
 */
export function createActivities(
  clients: CognitoClients,
  { userPools, accessTokenSource }: ActivitiesOptions,
): CognitoActivities {
  /** The frame of each call: input, token, heartbeats, the run in the answer, and the failure without secrets. */
  async function call<Input extends CognitoCall, Result>(
    given: Input,
    kind: Pick<FailedCall, 'call' | 'repeatable'>,
    body: (means: Means<Input>) => Promise<Result>,
  ): Promise<Result & Answer> {
    const input = readable(given);
    const failed: FailedCall = { ...kind, secrets: [] };
    try {
      return await whileHeartbeating(!kind.repeatable, async () => {
        const pool = servedPool(userPools, input.userPoolId);
        const accessToken = await findToken(input, accessTokenSource);
        failed.secrets.push(accessToken);
        refuseOtherClient(pool, accessToken);
        const client = clients.forUserPool(input.userPoolId);
        return { ...(await body({ input, accessToken, client, failed })), runId: input.runId };
      });
    } catch (error) {
      throw failureOf(error, failed);
    }
  }

  return {
    sendCode: (given) =>
      call(given, { call: 'send' }, async ({ input, accessToken, client, failed }) => {
        const { attributeName, clientMetadata, recordAttribute } = input;
        const attribute = recordAttribute ? await readIfQuick(lookOf(input, accessToken, client)) : undefined;
        failed.attribute = attribute;
        if (attribute && attribute.valueDigest === undefined) throw unreadableAttribute(attributeName);
        const command = new GetUserAttributeVerificationCodeCommand({
          AccessToken: accessToken.reveal(),
          AttributeName: attributeName,
          ClientMetadata: clientMetadata,
        });
        const { CodeDeliveryDetails: details } = await client.send(command, { abortSignal: cancellationSignal() });
        return { delivery: deliveryOf(details), attribute };
      }),

    verifyCode: (given) =>
      call(given, { call: 'attempt' }, async ({ input, accessToken, client, failed }) => {
        const code = new Secret(input.code);
        failed.secrets.push(code);
        const command = new VerifyUserAttributeCommand({
          AccessToken: accessToken.reveal(),
          AttributeName: input.attributeName,
          Code: code.reveal(),
        });
        await client.send(command, { abortSignal: cancellationSignal() });
        return { accepted: true, attribute: await readBack(lookOf(input, accessToken, client), input.target) };
      }),

    // A read changes nothing, so it may be repeated after a lost answer.
    readAttribute: (given) =>
      call(given, { call: 'attempt', repeatable: true }, ({ input, accessToken, client }) =>
        read(lookOf(input, accessToken, client), input.target),
      ),
  };
}

function lookOf({ sub, attributeName, salt }: CognitoCall, accessToken: Secret, client: Look['client']): Look {
  return { client, accessToken, sub, attributeName, salt };
}

function read(look: Look, target: AwaitedValue | undefined): Promise<AttributeSnapshot> {
  return target ? readUntilVerified(look, target) : readSnapshot(look);
}

/** The code is spent, so that no failure of the read may take the place of the answer; the workflow then reads by itself. */
async function readBack(look: Look, target: AwaitedValue | undefined): Promise<AttributeSnapshot | undefined> {
  try {
    return await read(look, target);
  } catch (error) {
    if (error instanceof UnresolvedAccessToken) throw error;
    log.info('The attribute could not be read after the code was accepted', { reason: failureName(error) });
    return undefined;
  }
}

/** The token that the input holds, or that its reference leads to. */
async function findToken(call: CognitoCall, source: AccessTokenSource | undefined): Promise<Secret> {
  if (call.accessTokenReference === undefined) return new Secret(call.accessToken);
  const { accessTokenReference: reference, userPoolId, sub, attributeName } = call;
  return await resolveAccessToken(source, { reference, userPoolId, sub, attributeName }, cancellationSignal());
}

/** Some endpoints leave the fields out, or empty, and nothing holds them to their types. */
function deliveryOf(details: CodeDeliveryDetailsType | null | undefined): CodeDelivery {
  return deliveryTold(details?.Destination, details?.DeliveryMedium);
}

/**
 * From before the token is found, because that alone can take as long as the server waits for a heartbeat. A read has no
 * heartbeat time-out, so it beats for nothing, and each beat is billed.
 */
async function whileHeartbeating<T>(beats: boolean, work: () => Promise<T>): Promise<T> {
  const interval = beats ? setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS) : undefined;
  try {
    return await work();
  } finally {
    clearInterval(interval);
  }
}
