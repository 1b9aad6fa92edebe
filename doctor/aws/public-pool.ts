/** What anybody may know of a user pool: whether Cognito has one of this id. */
import type { UserPoolSetting } from '@cognito-verification/codec';
import { isRecord, issuersOf, publishedKeysUrl } from '@cognito-verification/contract';
import { CouldNotAskError } from '../could-not-ask.js';
import type { Surroundings } from '../surroundings.js';
import { AwsCallError, type CallProblem } from './call-error.js';
import { findPool, type Pool } from './user-pools.js';

const LIMIT_MS = 2_200;
/** Cognito would answer who may ask. */
const NOT_ALLOWED: readonly CallProblem[] = ['noCredentials', 'credentialsLate', 'credentialsRefused', 'accessDenied'];

/** What was asked about. */
export interface LookedFor {
  readonly id: string;
  /** Undefined if Cognito does not know it. */
  readonly pool: Pool | undefined;
  /** Cognito has no pool of this id in any account. */
  readonly nowhere?: boolean;
}

/**
 * The pool as Cognito describes it. To who may not ask, Cognito's public keys of the pool say whether it is there at all.
 * @throws AwsCallError, CouldNotAskError
 */
export async function lookFor(surroundings: Surroundings, served: UserPoolSetting): Promise<LookedFor> {
  const id = served.userPoolId;
  try {
    return { id, pool: await findPool(surroundings, served) };
  } catch (error) {
    if (!(error instanceof AwsCallError) || !NOT_ALLOWED.includes(error.problem)) throw error;
    const isThere = await hasPublicKeys(served);
    if (isThere === undefined) throw error;
    if (!isThere) return { id, pool: undefined, nowhere: true };
    const found = `${error.message} Cognito has a user pool of this id; whether it is yours is not known.`;
    throw new CouldNotAskError(found, error.remedy, error.more, { cause: error });
  }
}

/** Undefined where the answer says neither. */
async function hasPublicKeys(served: UserPoolSetting): Promise<boolean | undefined> {
  const url = publishedKeysUrl(served, issuersOf(served)?.[0]);
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(LIMIT_MS) });
    const document: unknown = await response.json();
    if (!isRecord(document)) return undefined;
    if (response.ok) return Array.isArray(document['keys']) ? true : undefined;
    return /does not exist|no such user pool/i.test(String(document['message'])) ? false : undefined;
  } catch {
    return undefined;
  }
}
