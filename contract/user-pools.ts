/**
 * A user pool that a client or a worker serves. Only `userPoolId` is required. `userPoolsFromSettings` of the codec package
 * reads them from the environment.
 */
export interface ServedUserPool {
  readonly userPoolId: string;
  /** The app clients whose access tokens count. Default: every app client of the pool. */
  readonly clientIds?: readonly string[] | undefined;
  /**
   * It keeps the old value of an attribute until the new one is verified (`AttributesRequireVerificationBeforeUpdate` names
   * `email` and `phone_number`). Workers use it. Default: `false`.
   */
  readonly keepsOriginal?: boolean | undefined;
  /**
   * Where a client gets the pool's public keys, in place of Amazon Cognito: `{endpoint}/{userPoolId}/.well-known/jwks.json`.
   * Workers do not use it.
   */
  readonly endpoint?: string | undefined;
  /**
   * The path of a file in which a client finds the pool's public keys, in place of the network: a JSON object that has the
   * JSON Web Key Set of each pool under the pool's id. Workers do not use it.
   */
  readonly keysFile?: string | undefined;
  /**
   * The pool's public keys themselves, in place of a file or the network: the `keys` of its JSON Web Key Set. For tests, and for a
   * process that gets them in another way. Workers do not use them.
   */
  readonly keys?: readonly PublicKey[] | undefined;
}

/** A key of a JSON Web Key Set, as RFC 7517 has it; Cognito signs access tokens with RS256. */
export interface PublicKey {
  readonly kid: string;
  readonly kty?: string | undefined;
  readonly alg?: string | undefined;
  readonly use?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
}

/** The pool with this id; undefined if it is not among those that are served. */
export function findServedPool(pools: Iterable<ServedUserPool>, userPoolId: string): ServedUserPool | undefined {
  for (const pool of pools) if (pool.userPoolId === userPoolId) return pool;
  return undefined;
}

/** Whether tokens of this app client count. A token that names no app client counts only where none is named here. */
export function servesClient({ clientIds }: ServedUserPool, clientId: string | undefined): boolean {
  return clientIds === undefined || (clientId !== undefined && clientIds.includes(clientId));
}

/**
 * The issuers of a pool's tokens at Amazon Cognito. The second is for pools that are replicated over regions. At another
 * endpoint the issuer is not known beforehand (null), because sandboxes name the host by which they know themselves; there
 * only its last part counts, which is the pool's id.
 */
export function issuersOf({ userPoolId, endpoint }: ServedUserPool): string[] | null {
  if (endpoint !== undefined) return null;
  const [region = ''] = userPoolId.split('_');
  const suffix = SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';
  return ['cognito-idp', 'issuer-cognito-idp'].map((service) => `https://${service}.${region}.${suffix}/${userPoolId}`);
}

/**
 * Where a pool publishes its keys: at the issuer, or at its endpoint.
 * @param issuer one of `issuersOf`, which has none for an endpoint
 */
export function publishedKeysUrl({ userPoolId, endpoint }: ServedUserPool, issuer: string | undefined): string {
  return `${issuer ?? `${endpoint?.replace(/\/+$/, '')}/${userPoolId}`}/.well-known/jwks.json`;
}

/** The domains of the regions outside of the standard partition and AWS GovCloud. */
const SUFFIXES = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
] as const;
