/** The sign-in of a user: what the password has to prove, the challenges on the way, and the tokens at its end. */
import { createHmac } from 'node:crypto';
import * as v from 'valibot';
import type { Cognito } from './cognito.js';
import { invalidParameter, notAuthorized } from './exceptions.js';
import { type Input, optionalInteger, optionalText } from './members.js';
import { checkPassword, setPassword, srpIdentity } from './passwords.js';
import { accessToken, checkUsable, idToken, refreshToken, type SignIn, startSession } from './sessions.js';
import { lifetimeSeconds } from './settings.js';
import { provesPassword, startExchange } from './srp.js';
import type { AppClient, User, UserPool } from './state.js';

/** Who signs in, and by which app client. */
export interface SigningIn {
  readonly pool: UserPool;
  readonly client: AppClient;
  readonly user: User;
}

const WRONG_PASSWORD = 'Incorrect username or password.';
/** Cognito's default for `AuthSessionValidity`. */
const SESSION_MINUTES = 3;
const TIMESTAMP = /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d? \d\d:\d\d:\d\d UTC \d{4}$/;

const SealedExchange = v.object({
  kind: v.literal('PASSWORD_VERIFIER'),
  sub: v.string(),
  clientId: v.string(),
  publicA: v.string(),
  publicB: v.string(),
  privateB: v.string(),
});
const SealedUser = v.object({ kind: v.literal('NEW_PASSWORD_REQUIRED'), sub: v.string(), clientId: v.string() });

/** The answer to a password that is wrong, by whatever flow it came. */
export function wrongPassword(): Error {
  return notAuthorized(WRONG_PASSWORD);
}

/** Throws Cognito's exception unless the hash fits the client's secret, if it has one. */
export function checkSecretHash(client: AppClient, username: string, given: string | undefined): void {
  if (client.secret === undefined) return;
  if (given === undefined) {
    throw notAuthorized(`Client ${client.id} is configured with secret but SECRET_HASH was not received`);
  }
  const expected = createHmac('sha256', client.secret).update(`${username}${client.id}`).digest('base64');
  if (given !== expected) throw notAuthorized(`Unable to verify secret hash for client ${client.id}`);
}

/** Asks for the proof of the password, whose first half is the client's `SRP_A`. */
export async function challengeForPassword(cognito: Cognito, signingIn: SigningIn, publicA: string): Promise<object> {
  const { client, user } = signingIn;
  if (user.srp === undefined) throw wrongPassword();
  const exchange = startExchange(publicA, user.srp);
  if (exchange === undefined) throw invalidParameter('Invalid SRP_A');
  const facts = { kind: 'PASSWORD_VERIFIER', sub: user.sub, clientId: client.id, ...exchange };
  const sealed = await cognito.sealed.seal(facts, sessionSeconds(client));
  return {
    ChallengeName: 'PASSWORD_VERIFIER',
    ChallengeParameters: {
      SALT: user.srp.salt,
      SECRET_BLOCK: Buffer.from(sealed).toString('base64'),
      SRP_B: exchange.publicB,
      USERNAME: user.username,
      USER_ID_FOR_SRP: user.username,
    },
  };
}

/** The answer to a proof of the password. */
export async function answerToProof(cognito: Cognito, signingIn: SigningIn, responses: Input): Promise<object> {
  const { pool, client, user } = signingIn;
  const secretBlock = Buffer.from(response(responses, 'PASSWORD_CLAIM_SECRET_BLOCK'), 'base64');
  const signature = Buffer.from(response(responses, 'PASSWORD_CLAIM_SIGNATURE'), 'base64');
  const timestamp = canonicalTimestamp(response(responses, 'TIMESTAMP'));
  const exchange = await cognito.sealed.open(secretBlock.toString(), SealedExchange);
  const isTheirs = exchange?.sub === user.sub && exchange.clientId === client.id;
  if (!isTheirs || user.srp === undefined) throw wrongPassword();
  const claim = { secretBlock, timestamp, signature };
  if (!provesPassword(srpIdentity(pool, user), user.srp, exchange, claim)) throw wrongPassword();
  return afterPassword(cognito, signingIn);
}

/** The tokens of a user whose password is proven, or the demand for a password of the user's own. */
export async function afterPassword(cognito: Cognito, signingIn: SigningIn): Promise<object> {
  const { pool, client, user } = signingIn;
  checkUsable(user);
  if (user.status === 'FORCE_CHANGE_PASSWORD') {
    const facts = { kind: 'NEW_PASSWORD_REQUIRED', sub: user.sub, clientId: client.id };
    return {
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      ChallengeParameters: { USER_ID_FOR_SRP: user.username, requiredAttributes: '[]', userAttributes: '{}' },
      Session: await cognito.sealed.seal(facts, sessionSeconds(client)),
    };
  }
  const started = startSession(cognito, pool, client, user);
  return { ChallengeParameters: {}, ...(await tokensOf(cognito, started, refreshToken(started))) };
}

/** The answer to a password that the user has chosen instead of the administrator's. */
export async function answerToNewPassword(
  cognito: Cognito,
  signingIn: SigningIn,
  responses: Input,
  session: string | undefined,
): Promise<object> {
  const { pool, client, user } = signingIn;
  const password = response(responses, 'NEW_PASSWORD');
  const sealed = await cognito.sealed.open(session ?? '', SealedUser);
  if (sealed?.sub !== user.sub || sealed.clientId !== client.id) {
    throw notAuthorized('Invalid session for the user, session is expired.');
  }
  if (user.status !== 'FORCE_CHANGE_PASSWORD') {
    throw notAuthorized('Invalid session for the user, session can only be used once.');
  }
  checkPassword(pool, password);
  setPassword(pool, user, password);
  user.status = 'CONFIRMED';
  user.modifiedAt = cognito.clock.now();
  return afterPassword(cognito, signingIn);
}

/** The answer with the tokens of a sign-in. A renewal has no new refresh token. */
export async function tokensOf(cognito: Cognito, signIn: SignIn, withRefreshToken?: string): Promise<object> {
  return {
    AuthenticationResult: {
      AccessToken: await accessToken(cognito, signIn),
      ExpiresIn: lifetimeSeconds(signIn.client, 'AccessToken'),
      TokenType: 'Bearer',
      IdToken: await idToken(cognito, signIn),
      RefreshToken: withRefreshToken,
    },
  };
}

/** The time as `EEE MMM d HH:mm:ss z yyyy`. Cognito signs what it has read, so another spelling is a wrong signature. */
function canonicalTimestamp(given: string): string {
  const time = new Date(given);
  if (!TIMESTAMP.test(given) || Number.isNaN(time.getTime())) {
    throw invalidParameter('TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.');
  }
  const [weekday, day, month, year, clock] = time.toUTCString().split(/,? /);
  return `${weekday} ${month} ${Number(day)} ${clock} UTC ${year}`;
}

function response(responses: Input, name: string): string {
  const given = optionalText(responses, name, { secret: true });
  if (given === undefined) throw invalidParameter(`Missing required parameter ${name}`);
  return given;
}

function sessionSeconds({ settings }: AppClient): number {
  return (optionalInteger(settings, 'AuthSessionValidity') ?? SESSION_MINUTES) * 60;
}
