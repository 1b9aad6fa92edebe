import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Cognito } from './cognito.js';
import { CognitoException, notAuthorized, userNotFound } from './exceptions.js';
import { CONSTRAINTS, type Input, requiredText } from './members.js';
import { fields, Text, wholeNumber } from './schema.js';
import { canRevoke, lifetimeSeconds } from './settings.js';
import type { AppClient, Session, User, UserPool } from './state.js';
import { ADMIN_SCOPE } from './tokens.js';
import { readableAttributesOf } from './users.js';

/** A sign-in, and the `origin_jti` that its tokens carry. */
export interface SignIn {
  readonly pool: UserPool;
  readonly client: AppClient;
  readonly user: User;
  readonly originJti: string;
  readonly session: Session;
}

/** How an access token differs from the usual one of a sign-in. */
export const AccessTokenOptions = fields({
  /** Default: the app client's setting. */
  expiresInSeconds: v.optional(wholeNumber(1, 31_536_000)),
  /** Default: `aws.cognito.signin.user.admin`. */
  scope: v.optional(Text),
  /** Signs with a key that is not in the JWKS. Default `false`. */
  forged: v.optional(v.boolean()),
});
export type AccessTokenOptions = v.InferOutput<typeof AccessTokenOptions>;

/** Starts a sign-in of the user. */
export function startSession(cognito: Cognito, pool: UserPool, client: AppClient, user: User): SignIn {
  const now = cognito.clock.now();
  const originJti = randomUUID();
  const session: Session = {
    clientId: client.id,
    refreshSecret: randomBytes(32).toString('base64url'),
    authenticatedAt: now,
    expiresAt: now + lifetimeSeconds(client, 'RefreshToken') * 1000,
    revoked: false,
  };
  const live = Object.entries(user.sessions).filter(([, other]) => other.expiresAt > now);
  user.sessions = Object.fromEntries([...live, [originJti, session]]);
  return { pool, client, user, originJti, session };
}

function commonClaims(cognito: Cognito, signIn: SignIn, seconds: number): Record<string, unknown> {
  const { pool, client, user, originJti, session } = signIn;
  const issuedAt = Math.floor(cognito.clock.now() / 1000);
  return {
    sub: user.sub,
    iss: `${cognito.url}/${pool.id}`,
    // Cognito leaves it out for clients whose tokens cannot be revoked.
    origin_jti: canRevoke(client) ? originJti : undefined,
    event_id: randomUUID(),
    auth_time: Math.floor(session.authenticatedAt / 1000),
    exp: issuedAt + seconds,
    iat: issuedAt,
    jti: randomUUID(),
  };
}

/** An access token of the sign-in. */
export function accessToken(cognito: Cognito, signIn: SignIn, options: AccessTokenOptions = {}): Promise<string> {
  const {
    expiresInSeconds = lifetimeSeconds(signIn.client, 'AccessToken'),
    scope = ADMIN_SCOPE,
    forged = false,
  } = options;
  const claims = {
    ...commonClaims(cognito, signIn, expiresInSeconds),
    client_id: signIn.client.id,
    token_use: 'access',
    scope,
    username: signIn.user.username,
  };
  return cognito.tokens.sign(claims, forged);
}

/** An ID token of the sign-in. */
export function idToken(cognito: Cognito, signIn: SignIn): Promise<string> {
  const { user, client } = signIn;
  const claims = readableAttributesOf(user, client).map(({ Name, Value }) => [
    Name,
    Name.endsWith('_verified') ? Value === 'true' : Value,
  ]);
  return cognito.tokens.sign({
    ...Object.fromEntries(claims),
    ...commonClaims(cognito, signIn, lifetimeSeconds(client, 'AccessToken')),
    aud: client.id,
    token_use: 'id',
    'cognito:username': user.username,
  });
}

/** The refresh token of the sign-in. Callers cannot read it; the sandbox finds the sign-in by it. */
export function refreshToken({ pool, user, originJti, session }: SignIn): string {
  return Buffer.from(JSON.stringify([pool.id, user.sub, originJti, session.refreshSecret])).toString('base64url');
}

/** The sign-in that a refresh token belongs to, revoked or not. */
export function signInOf(cognito: Cognito, token: string): SignIn | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    const [poolId, sub, originJti, secret] = Array.isArray(parts) ? parts.map(String) : [];
    const pool = cognito.pool(poolId ?? '');
    const user = pool.users[sub ?? ''];
    const session = user?.sessions[originJti ?? ''];
    const client = pool.clients[session?.clientId ?? ''];
    if (user === undefined || session === undefined || client === undefined || originJti === undefined)
      return undefined;
    return session.refreshSecret === secret ? { pool, client, user, originJti, session } : undefined;
  } catch {
    return undefined;
  }
}

/** Ends all sign-ins of the user. */
export function signOutEverywhere(cognito: Cognito, user: User): void {
  for (const session of Object.values(user.sessions)) session.revoked = true;
  user.signedOutAt = Math.floor(cognito.clock.now() / 1000);
}

/** Throws Cognito's exception for a user who may not use the account. */
export function checkUsable(user: User): void {
  if (!user.enabled) throw notAuthorized('User is disabled.');
  if (user.status === 'UNCONFIRMED') throw new CognitoException('UserNotConfirmedException', 'User is not confirmed.');
  if (user.status === 'RESET_REQUIRED') {
    throw new CognitoException('PasswordResetRequiredException', 'Password reset required for the user');
  }
}

/** The user of the request's access token. Throws Cognito's exception for a token that Cognito would refuse. */
export async function signedInUser(
  cognito: Cognito,
  input: Input,
): Promise<{ pool: UserPool; user: User; clientId: string }> {
  const token = requiredText(input, 'AccessToken', CONSTRAINTS.accessToken);
  const claims = await cognito.tokens.verifyAccessToken(token, cognito.clock.now());
  const pool = cognito.pool(claims.userPoolId);
  const user = pool.users[claims.sub];
  if (user === undefined) throw userNotFound();
  const revoked =
    claims.originJti === undefined
      ? claims.issuedAt <= (user.signedOutAt ?? -1)
      : (user.sessions[claims.originJti]?.revoked ?? true);
  if (revoked) throw notAuthorized('Access Token has been revoked');
  if (!claims.scope.split(' ').includes(ADMIN_SCOPE)) {
    throw notAuthorized('Access Token does not have required scopes');
  }
  checkUsable(user);
  return { pool, user, clientId: claims.clientId };
}
