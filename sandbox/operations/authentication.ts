import { createHmac, randomBytes } from 'node:crypto';
import type { Cognito } from '../cognito.js';
import { CognitoException, invalidParameter, notAuthorized } from '../exceptions.js';
import { CONSTRAINTS, type Input, optionalText, requiredText, structure } from '../members.js';
import { passwordFits } from '../passwords.js';
import { accessToken, checkUsable, idToken, refreshToken, type SignIn, signInOf, startSession } from '../sessions.js';
import type { AppClient, UserPool } from '../state.js';

const USER_FLOWS: ReadonlySet<string> = new Set(['USER_PASSWORD_AUTH']);
const ADMIN_FLOWS: ReadonlySet<string> = new Set(['ADMIN_USER_PASSWORD_AUTH', 'ADMIN_NO_SRP_AUTH']);
const REFRESH_FLOWS: ReadonlySet<string> = new Set(['REFRESH_TOKEN_AUTH', 'REFRESH_TOKEN']);

/** Signs a user in by password, or renews the user's tokens. */
export function initiateAuth(cognito: Cognito, input: Input): Promise<object> {
  return authenticate(cognito, input, USER_FLOWS);
}

/** The same for a server that holds AWS credentials. */
export function adminInitiateAuth(cognito: Cognito, input: Input): Promise<object> {
  const pool = cognito.pool(requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
  return authenticate(cognito, input, ADMIN_FLOWS, pool);
}

async function authenticate(
  cognito: Cognito,
  input: Input,
  passwordFlows: ReadonlySet<string>,
  ownPool?: UserPool,
): Promise<object> {
  const flow = requiredText(input, 'AuthFlow');
  const { pool, client } = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  if (ownPool !== undefined && ownPool !== pool) throw invalidParameter('Client does not belong to the user pool.');
  const parameters = structure(input, 'AuthParameters');
  if (REFRESH_FLOWS.has(flow)) return refresh(cognito, client, parameters);
  if (!passwordFlows.has(flow)) {
    throw invalidParameter(
      `The Cognito sandbox does not support ${flow} here; it has ${[...passwordFlows].join(', ')}`,
    );
  }
  if (![flow, `ALLOW_${flow.replace('NO_SRP', 'USER_PASSWORD')}`].some((name) => client.authFlows.includes(name))) {
    throw invalidParameter(`${flow} flow not enabled for this client`);
  }
  return signIn(cognito, pool, client, parameters);
}

async function signIn(cognito: Cognito, pool: UserPool, client: AppClient, parameters: Input): Promise<object> {
  const name = optionalText(parameters, 'USERNAME');
  const password = optionalText(parameters, 'PASSWORD', { secret: true });
  if (name === undefined) throw invalidParameter('Missing required parameter USERNAME');
  if (password === undefined) throw invalidParameter('Missing required parameter PASSWORD');
  checkSecretHash(client, name, optionalText(parameters, 'SECRET_HASH'));
  const user = cognito.user(pool, name);
  if (!user.enabled) throw notAuthorized('User is disabled.');
  if (!passwordFits(user, password)) throw notAuthorized('Incorrect username or password.');
  checkUsable(user);
  if (user.status === 'FORCE_CHANGE_PASSWORD') {
    return {
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      ChallengeParameters: { USER_ID_FOR_SRP: user.username, requiredAttributes: '[]', userAttributes: '{}' },
      Session: randomBytes(48).toString('base64url'),
    };
  }
  const started = startSession(cognito, pool, client, user);
  return { ChallengeParameters: {}, ...(await tokensOf(cognito, started, refreshToken(started))) };
}

async function refresh(cognito: Cognito, client: AppClient, parameters: Input): Promise<object> {
  const token = optionalText(parameters, 'REFRESH_TOKEN', { secret: true });
  if (token === undefined) throw invalidParameter('Missing required parameter REFRESH_TOKEN');
  const found = signInOf(cognito, token);
  if (found === undefined || found.client !== client) throw notAuthorized('Invalid Refresh Token');
  if (found.session.revoked) throw notAuthorized('Refresh Token has been revoked');
  if (found.session.expiresAt <= cognito.clock.now()) throw notAuthorized('Refresh Token has expired');
  checkUsable(found.user);
  return { ChallengeParameters: {}, ...(await tokensOf(cognito, found)) };
}

async function tokensOf(cognito: Cognito, started: SignIn, withRefreshToken?: string): Promise<object> {
  return {
    AuthenticationResult: {
      AccessToken: await accessToken(cognito, started),
      ExpiresIn: started.client.accessTokenSeconds,
      TokenType: 'Bearer',
      IdToken: await idToken(cognito, started),
      RefreshToken: withRefreshToken,
    },
  };
}

function checkSecretHash(client: AppClient, username: string, given: string | undefined): void {
  if (client.secret === undefined) return;
  if (given === undefined) {
    throw notAuthorized(`Client ${client.id} is configured with secret but SECRET_HASH was not received`);
  }
  const expected = createHmac('sha256', client.secret).update(`${username}${client.id}`).digest('base64');
  if (given !== expected) throw notAuthorized(`Unable to verify secret hash for client ${client.id}`);
}

/** Ends the sign-in of a refresh token, its access tokens included. */
export function revokeToken(cognito: Cognito, input: Input): object {
  const token = requiredText(input, 'Token', CONSTRAINTS.accessToken);
  const { client } = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  if (client.secret !== undefined && optionalText(input, 'ClientSecret') !== client.secret) {
    throw new CognitoException('UnauthorizedException', 'Invalid client secret');
  }
  if (!client.revocation) {
    throw new CognitoException('UnsupportedOperationException', 'Token revocation is not enabled for this client');
  }
  if (token.includes('.')) throw new CognitoException('UnsupportedTokenTypeException', 'Unsupported token type');
  const found = signInOf(cognito, token);
  // RFC 7009: an unknown token gets the same answer as a known one, so that the answer tells nothing.
  if (found?.client === client) found.session.revoked = true;
  return {};
}
