/** A worker calls Cognito for the user pools that it serves, and for no other. */
import { USER_POOL_SETTINGS } from '@cognito-verification/codec';
import {
  AccessTokenError,
  CALL_FAILURE_TYPES,
  decodeAccessToken,
  FAILURE_TYPES,
  findServedPool,
  type Secret,
  type ServedUserPool,
  servesClient,
} from '@cognito-verification/contract';
import { UnresolvedAccessToken } from './access-token-source.js';

/**
 * The served pool with this id.
 * @throws UnresolvedAccessToken if this worker does not serve it; another one may
 */
export function servedPool(userPools: Iterable<ServedUserPool>, userPoolId: string): ServedUserPool {
  const pool = findServedPool(userPools, userPoolId);
  if (pool) return pool;
  throw new UnresolvedAccessToken(
    CALL_FAILURE_TYPES.userPoolNotServed,
    `This worker does not serve user pool ${userPoolId}: ${USER_POOL_SETTINGS.pools} does not name it.`,
  );
}

/**
 * Refuses a token of an app client whose tokens do not count here. The claims are only decoded: where Cognito takes the
 * token after that, they are true.
 * @throws UnresolvedAccessToken
 */
export function refuseOtherClient(pool: ServedUserPool, accessToken: Secret): void {
  if (pool.clientIds === undefined || servesClient(pool, clientOf(accessToken))) return;
  throw new UnresolvedAccessToken(
    FAILURE_TYPES.accessTokenRefused,
    `The access token is of another app client than those that ${USER_POOL_SETTINGS.pools} names for user pool ${pool.userPoolId}.`,
  );
}

function clientOf(accessToken: Secret): string | undefined {
  try {
    return decodeAccessToken(accessToken.reveal()).clientId;
  } catch (error) {
    if (error instanceof AccessTokenError) return undefined;
    throw error;
  }
}
