/** A look at the attribute, and the facts that are kept of it. */
import { createHmac } from 'node:crypto';
import { type CognitoIdentityProviderClient, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { AttributeName, Secret } from '@cognito-verification/contract';
import { cancellationSignal, log } from '@temporalio/activity';
import { failureName } from './failures.js';

/** What Cognito shows of the attribute at one moment. */
export interface AttributeSnapshot {
  verified: boolean;
  /** Equal for equal values of one user, and does not reveal them: addresses and numbers stay out of histories. */
  valueDigest: string;
}

/** The read before a send is useful but not necessary, and the user waits for it. */
const READ_BEFORE_SEND_TIMEOUT_MS = 3_000;

/** Shorter than the time-out of the activity, so that no request outlives the activity. */
const READ_TIMEOUT_MS = 4_000;

/**
 * Reads the attribute as it is now. Only to be called in an activity.
 * @throws the error of the AWS SDK
 */
export async function readSnapshot(
  client: CognitoIdentityProviderClient,
  accessToken: Secret,
  attributeName: AttributeName,
  timeoutMs: number = READ_TIMEOUT_MS,
): Promise<AttributeSnapshot> {
  const command = new GetUserCommand({ AccessToken: accessToken.reveal() });
  const abortSignal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(timeoutMs)]);
  const { UserAttributes } = await client.send(command, { abortSignal });
  const attributes = new Map(UserAttributes?.map(({ Name, Value }) => [Name, Value]));
  return {
    verified: attributes.get(`${attributeName}_verified`) === 'true',
    // Keyed by the user, so that equal values of two users have different digests.
    valueDigest: createHmac('sha256', attributes.get('sub') ?? '')
      .update(attributes.get(attributeName) ?? '')
      .digest('base64url')
      .slice(0, 22),
  };
}

/** Reads the attribute before a send; undefined if that fails, since no failure of it may delay or stop the send. */
export async function readIfQuick(
  client: CognitoIdentityProviderClient,
  accessToken: Secret,
  attributeName: AttributeName,
): Promise<AttributeSnapshot | undefined> {
  try {
    return await readSnapshot(client, accessToken, attributeName, READ_BEFORE_SEND_TIMEOUT_MS);
  } catch (error) {
    log.info('The attribute could not be read before the send', { reason: failureName(error) });
    return undefined;
  }
}
