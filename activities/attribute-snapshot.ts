/** A look at the attribute, and what is kept of it. */
import { createHmac } from 'node:crypto';
import { type CognitoIdentityProviderClient, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { AttributeName, Secret } from '@cognito-verification/contract';
import { cancellationSignal, log } from '@temporalio/activity';
import { failureName } from './failures.js';

/** What Cognito shows of the attribute at one moment. */
export interface AttributeSnapshot {
  verified: boolean;
  /** Tells one value from another without holding it: addresses and numbers stay out of histories. */
  valueDigest: string;
}

/** The read before a send is worth a moment, not the user's patience. */
const READ_BEFORE_SEND_TIMEOUT_MS = 3_000;

/** Below the time-out of the activity, so that no request outlives it. */
const READ_TIMEOUT_MS = 4_000;

/** Reads the attribute as it is now. */
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
    // Keyed by the user, so that equal values of two users do not look equal.
    valueDigest: createHmac('sha256', attributes.get('sub') ?? '')
      .update(attributes.get(attributeName) ?? '')
      .digest('base64url')
      .slice(0, 22),
  };
}

/** Nothing that goes wrong here may hold a send up: what matters about it the send itself will say. */
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
