import {
  afterPassword,
  answerToNewPassword,
  answerToProof,
  challengeForPassword,
  checkSecretHash,
  type SigningIn,
  wrongPassword,
} from '../challenges.js';
import type { Cognito } from '../cognito.js';
import { CognitoException, invalidParameter, notAuthorized, userNotFound } from '../exceptions.js';
import { CONSTRAINTS, type Input, optionalText, requiredText, structure } from '../members.js';
import { passwordFits } from '../passwords.js';
import { authFlows } from '../settings.js';
import type { AppClient, UserPool } from '../state.js';
import { renewTokens } from './tokens.js';

const USER_FLOWS: readonly string[] = ['USER_SRP_AUTH', 'USER_PASSWORD_AUTH'];
const ADMIN_FLOWS: readonly string[] = ['USER_SRP_AUTH', 'ADMIN_USER_PASSWORD_AUTH', 'ADMIN_NO_SRP_AUTH'];
const REFRESH_FLOWS: readonly string[] = ['REFRESH_TOKEN_AUTH', 'REFRESH_TOKEN'];

/** Signs a user in by password, as it is or by SRP, or renews the user's tokens. */
export function initiateAuth(cognito: Cognito, input: Input): Promise<object> {
  return initiate(cognito, input, USER_FLOWS);
}

/** The same for a server that holds AWS credentials. */
export function adminInitiateAuth(cognito: Cognito, input: Input): Promise<object> {
  return initiate(cognito, input, ADMIN_FLOWS, requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
}

/** Goes on with a sign-in: the proof of SRP, or a password of the user's own. */
export function respondToAuthChallenge(cognito: Cognito, input: Input): Promise<object> {
  return respond(cognito, input);
}

/** The same for a server that holds AWS credentials. */
export function adminRespondToAuthChallenge(cognito: Cognito, input: Input): Promise<object> {
  return respond(cognito, input, requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
}

async function initiate(
  cognito: Cognito,
  input: Input,
  passwordFlows: readonly string[],
  userPoolId?: string,
): Promise<object> {
  const flow = requiredText(input, 'AuthFlow');
  const { pool, client } = clientIn(cognito, input, userPoolId);
  const parameters = structure(input, 'AuthParameters');
  if (REFRESH_FLOWS.includes(flow)) {
    const token = parameter(parameters, 'REFRESH_TOKEN');
    return { ChallengeParameters: {}, ...(await renewTokens(cognito, client, token)) };
  }
  if (!passwordFlows.includes(flow)) {
    throw invalidParameter(`The Cognito sandbox does not support ${flow} here; it has ${passwordFlows.join(', ')}`);
  }
  if (![flow, `ALLOW_${flow.replace('NO_SRP', 'USER_PASSWORD')}`].some((name) => authFlows(client).includes(name))) {
    const isSrp = flow === 'USER_SRP_AUTH';
    throw invalidParameter(
      isSrp ? `${flow} is not enabled for the client.` : `${flow} flow not enabled for this client`,
    );
  }
  const username = parameter(parameters, 'USERNAME');
  const proof = parameter(parameters, flow === 'USER_SRP_AUTH' ? 'SRP_A' : 'PASSWORD');
  checkSecretHash(client, username, optionalText(parameters, 'SECRET_HASH', { secret: true }));
  const signingIn = { pool, client, user: cognito.user(pool, username) };
  checkMaySignIn(signingIn, username);
  if (flow === 'USER_SRP_AUTH') return challengeForPassword(cognito, signingIn, proof);
  if (!passwordFits(pool, signingIn.user, proof)) throw wrongPassword();
  return afterPassword(cognito, signingIn);
}

async function respond(cognito: Cognito, input: Input, userPoolId?: string): Promise<object> {
  const challenge = requiredText(input, 'ChallengeName');
  const { pool, client } = clientIn(cognito, input, userPoolId);
  const responses = structure(input, 'ChallengeResponses');
  const username = parameter(responses, 'USERNAME');
  checkSecretHash(client, username, optionalText(responses, 'SECRET_HASH', { secret: true }));
  const signingIn = { pool, client, user: cognito.user(pool, username) };
  checkMaySignIn(signingIn, username);
  if (challenge === 'PASSWORD_VERIFIER') return answerToProof(cognito, signingIn, responses);
  if (challenge === 'NEW_PASSWORD_REQUIRED') {
    return answerToNewPassword(cognito, signingIn, responses, optionalText(input, 'Session', { secret: true }));
  }
  throw invalidParameter(
    `The Cognito sandbox does not support ${challenge} here; it has PASSWORD_VERIFIER, NEW_PASSWORD_REQUIRED`,
  );
}

function clientIn(
  cognito: Cognito,
  input: Input,
  userPoolId: string | undefined,
): { pool: UserPool; client: AppClient } {
  const found = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  if (userPoolId !== undefined && cognito.pool(userPoolId) !== found.pool) {
    throw invalidParameter('Client does not belong to the user pool.');
  }
  return found;
}

/** Before the password: Cognito says to everybody that a user is not confirmed yet. A `sub` is no name to sign in by. */
function checkMaySignIn({ user }: SigningIn, username: string): void {
  if (username === user.sub && username !== user.username) throw userNotFound();
  if (!user.enabled) throw notAuthorized('User is disabled.');
  if (user.status === 'UNCONFIRMED') throw new CognitoException('UserNotConfirmedException', 'User is not confirmed.');
}

function parameter(parameters: Input, name: string): string {
  const given = optionalText(parameters, name, { secret: name !== 'USERNAME' });
  if (given === undefined) throw invalidParameter(`Missing required parameter ${name}`);
  return given;
}
