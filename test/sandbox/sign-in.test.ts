import { createHmac } from 'node:crypto';
import {
  AdminCreateUserCommand,
  AdminInitiateAuthCommand,
  AdminRespondToAuthChallengeCommand,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { SandboxUser } from '../../sandbox/index.js';
import { HOUR, MINUTE, RunningSandbox, refusal } from './running-sandbox.js';
import { SrpClient } from './srp-client.js';

const running = new RunningSandbox();
const WRONG = { name: 'NotAuthorizedException', message: 'Incorrect username or password.', status: 400 };
const SRP = { AuthFlow: 'USER_SRP_AUTH' } as const;

const getUser = (AccessToken = '') => running.client.send(new GetUserCommand({ AccessToken }));

async function newClient(userPoolId: string, settings: Partial<CreateUserPoolClientCommandInput>) {
  const input = { UserPoolId: userPoolId, ClientName: 'web', ...settings };
  const { UserPoolClient } = await running.client.send(new CreateUserPoolClientCommand(input));
  return { clientId: UserPoolClient?.ClientId ?? '', secret: UserPoolClient?.ClientSecret ?? '' };
}

/** The challenge after the first half of an SRP sign-in. */
async function challenge(srp: SrpClient, ClientId: string, USERNAME: string, extra: Record<string, string> = {}) {
  const AuthParameters = { USERNAME, SRP_A: srp.publicA, ...extra };
  return await running.client.send(new InitiateAuthCommand({ ...SRP, ClientId, AuthParameters }));
}

const answer = (ClientId: string, ChallengeResponses: Record<string, string>, extra: { Session?: string } = {}) =>
  running.client.send(
    new RespondToAuthChallengeCommand({
      ChallengeName: extra.Session === undefined ? 'PASSWORD_VERIFIER' : 'NEW_PASSWORD_REQUIRED',
      ClientId,
      ChallengeResponses,
      ...extra,
    }),
  );

async function signIn({ userPoolId, clientId, username, password }: SandboxUser, asUsername = username) {
  const srp = new SrpClient(userPoolId);
  const { ChallengeParameters = {} } = await challenge(srp, clientId, asUsername);
  return await answer(clientId, srp.prove(ChallengeParameters, password));
}

describe('a sign-in by SRP', () => {
  it('ends with tokens, and sends no password', async () => {
    const user = await running.sandbox.createUser();
    const srp = new SrpClient(user.userPoolId);
    const asked = await challenge(srp, user.clientId, user.username);
    expect(asked).toMatchObject({
      ChallengeName: 'PASSWORD_VERIFIER',
      ChallengeParameters: { USERNAME: user.username, USER_ID_FOR_SRP: user.username },
    });
    expect(asked.Session).toBeUndefined();
    const { AuthenticationResult: tokens } = await answer(
      user.clientId,
      srp.prove(asked.ChallengeParameters ?? {}, user.password),
    );
    expect(await getUser(tokens?.AccessToken)).toMatchObject({ Username: user.username });
    expect(decodeJwt(tokens?.IdToken ?? '')).toMatchObject({ aud: user.clientId, sub: user.sub });
    expect(tokens?.RefreshToken).toBeTypeOf('string');
  });

  it('takes an alias, and is for the user of that alias', async () => {
    const attributes = { email: 'zoe@bakery.example' };
    const user = await running.sandbox.createUser({ attributes, emailVerified: true, aliasAttributes: ['email'] });
    const { AuthenticationResult } = await signIn(user, 'zoe@bakery.example');
    expect(await getUser(AuthenticationResult?.AccessToken)).toMatchObject({ Username: user.username });
  });

  it('takes the password that the user has now', async () => {
    const user = await running.sandbox.createUser();
    expect(await refusal(signIn({ ...user, password: `${user.password}x` }))).toEqual(WRONG);
    expect(await refusal(signIn({ ...user, password: '' }))).toEqual(WRONG);
    for (const name of ['nobody', user.sub])
      expect((await refusal(signIn(user, name))).name).toBe('UserNotFoundException');
  });

  it('works for a server', async () => {
    const { userPoolId: UserPoolId, clientId: ClientId, username, password } = await running.sandbox.createUser();
    const srp = new SrpClient(UserPoolId);
    const AuthParameters = { USERNAME: username, SRP_A: srp.publicA };
    const asked = await running.client.send(
      new AdminInitiateAuthCommand({ ...SRP, UserPoolId, ClientId, AuthParameters }),
    );
    const ChallengeResponses = srp.prove(asked.ChallengeParameters ?? {}, password);
    const respond = { ChallengeName: 'PASSWORD_VERIFIER', UserPoolId, ClientId, ChallengeResponses } as const;
    const { AuthenticationResult } = await running.client.send(new AdminRespondToAuthChallengeCommand(respond));
    expect(await getUser(AuthenticationResult?.AccessToken)).toMatchObject({ Username: username });
  });

  it('needs a client that allows it, as one without settings does', async () => {
    const user = await running.sandbox.createUser();
    const open = await newClient(user.userPoolId, {});
    expect((await signIn({ ...user, ...open })).AuthenticationResult?.AccessToken).toBeTypeOf('string');
    const closed = await newClient(user.userPoolId, { ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'] });
    expect(await refusal(signIn({ ...user, ...closed }))).toMatchObject({
      name: 'InvalidParameterException',
      message: 'USER_SRP_AUTH is not enabled for the client.',
    });
  });

  it('requires the hash of a client’s secret in both halves', async () => {
    const user = await running.sandbox.createUser();
    const { clientId, secret } = await newClient(user.userPoolId, { GenerateSecret: true });
    const SECRET_HASH = createHmac('sha256', secret).update(`${user.username}${clientId}`).digest('base64');
    const srp = new SrpClient(user.userPoolId);
    expect((await refusal(challenge(srp, clientId, user.username))).message).toContain('SECRET_HASH was not received');
    const { ChallengeParameters = {} } = await challenge(srp, clientId, user.username, { SECRET_HASH });
    const proof = srp.prove(ChallengeParameters, user.password);
    expect((await refusal(answer(clientId, proof))).message).toContain('SECRET_HASH was not received');
    expect((await answer(clientId, { ...proof, SECRET_HASH })).AuthenticationResult).toBeDefined();
  });

  it('is refused to a user who is disabled or not confirmed, before the password', async () => {
    const user = await running.sandbox.createUser({ status: 'UNCONFIRMED' });
    expect((await refusal(signIn({ ...user, password: 'any' }))).name).toBe('UserNotConfirmedException');
    running.sandbox.setUserStatus(user, 'RESET_REQUIRED');
    expect(await refusal(signIn({ ...user, password: 'any' }))).toEqual(WRONG);
    expect((await refusal(signIn(user))).name).toBe('PasswordResetRequiredException');
    running.sandbox.disableUser(user);
    expect((await refusal(signIn({ ...user, password: 'any' }))).message).toBe('User is disabled.');
  });
});

describe('a proof', () => {
  /** A user, a challenge and a right proof. */
  async function proven() {
    const user = await running.sandbox.createUser();
    const srp = new SrpClient(user.userPoolId);
    const { ChallengeParameters = {} } = await challenge(srp, user.clientId, user.username);
    return { user, srp, asked: ChallengeParameters, proof: srp.prove(ChallengeParameters, user.password) };
  }

  it('is good for three minutes, or as long as the client says', async () => {
    const { user, proof } = await proven();
    running.sandbox.advanceClock(3 * MINUTE - 1000);
    expect((await answer(user.clientId, proof)).AuthenticationResult).toBeDefined();
    running.sandbox.advanceClock(1000);
    expect(await refusal(answer(user.clientId, proof))).toEqual(WRONG);
    const { clientId } = await newClient(user.userPoolId, { AuthSessionValidity: 15 });
    const srp = new SrpClient(user.userPoolId);
    const { ChallengeParameters = {} } = await challenge(srp, clientId, user.username);
    running.sandbox.advanceClock(15 * MINUTE - 1000);
    expect((await answer(clientId, srp.prove(ChallengeParameters, user.password))).AuthenticationResult).toBeDefined();
  });

  it('is for one user and one client', async () => {
    const { user, proof } = await proven();
    const other = await running.sandbox.createUser({ poolId: user.userPoolId, password: user.password });
    expect(await refusal(answer(user.clientId, { ...proof, USERNAME: other.username }))).toEqual(WRONG);
    const { clientId } = await newClient(user.userPoolId, {});
    expect(await refusal(answer(clientId, proof))).toEqual(WRONG);
  });

  it('must have the block that came with the challenge, and a time in Cognito’s words', async () => {
    const { user, srp, asked, proof } = await proven();
    const block = Buffer.from('another').toString('base64');
    const forged = srp.prove({ ...asked, SECRET_BLOCK: block }, user.password);
    expect(await refusal(answer(user.clientId, forged))).toEqual(WRONG);
    const at = (time: string) => answer(user.clientId, srp.prove(asked, user.password, time));
    for (const spelling of ['Mon Jan 05 12:30:00 UTC 2026', 'Tue Jan 5 12:30:00 UTC 2026'])
      expect(await refusal(at(spelling))).toEqual(WRONG);
    for (const strange of ['2026-01-05T12:30:00Z', 'Mon Jan 5 12:30:00 CET 2026', 'Xxx Yyy 5 12:30:00 UTC 2026', ''])
      expect(await refusal(at(strange))).toMatchObject({
        name: 'InvalidParameterException',
        message: 'TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.',
      });
    const { TIMESTAMP: _time, ...incomplete } = proof;
    expect((await refusal(answer(user.clientId, incomplete))).message).toBe('Missing required parameter TIMESTAMP');
    expect((await refusal(challenge(srp, user.clientId, user.username, { SRP_A: '0' }))).name).toBe(
      'InvalidParameterException',
    );
  });
});

describe('a password of an administrator', () => {
  const CHOSEN = 'Chosen-by-Zoe-7';

  async function invited() {
    const { userPoolId, clientId } = await running.sandbox.createUserPool();
    const password = 'Temporary-7';
    const create = { UserPoolId: userPoolId, Username: 'zoe', TemporaryPassword: password };
    await running.client.send(new AdminCreateUserCommand(create));
    const srp = new SrpClient(userPoolId);
    const { ChallengeParameters = {} } = await challenge(srp, clientId, 'zoe');
    const proven = await answer(clientId, srp.prove(ChallengeParameters, password));
    expect(proven).toMatchObject({ ChallengeName: 'NEW_PASSWORD_REQUIRED' });
    const choose = (NEW_PASSWORD: string, Session = proven.Session ?? '') =>
      answer(clientId, { USERNAME: 'zoe', NEW_PASSWORD }, { Session });
    return { userPoolId, clientId, choose };
  }

  it('is replaced by one of the user’s own, once', async () => {
    const { userPoolId, clientId, choose } = await invited();
    expect((await refusal(choose('short'))).name).toBe('InvalidPasswordException');
    const { AuthenticationResult } = await choose(CHOSEN);
    expect(await getUser(AuthenticationResult?.AccessToken)).toMatchObject({ Username: 'zoe' });
    expect((await refusal(choose(CHOSEN))).message).toBe(
      'Invalid session for the user, session can only be used once.',
    );
    const user = { userPoolId, clientId, username: 'zoe', password: CHOSEN };
    const srp = new SrpClient(userPoolId);
    const { ChallengeParameters = {} } = await challenge(srp, clientId, 'zoe');
    expect((await answer(clientId, srp.prove(ChallengeParameters, user.password))).AuthenticationResult).toBeDefined();
  });

  it('is not replaced without the session, or when it is old', async () => {
    const { choose } = await invited();
    const expired = 'Invalid session for the user, session is expired.';
    expect((await refusal(choose(CHOSEN, 'x'.repeat(40)))).message).toBe(expired);
    running.sandbox.advanceClock(3 * MINUTE);
    expect((await refusal(choose(CHOSEN))).message).toBe(expired);
  });
});

describe('a renewal by GetTokensFromRefreshToken', () => {
  const renew = (ClientId: string, RefreshToken: string, ClientSecret?: string) =>
    running.client.send(
      new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken, ...(ClientSecret && { ClientSecret }) }),
    );

  it('gives tokens of the same sign-in, until it is revoked or too old', async () => {
    const user = await running.sandbox.createUser();
    running.sandbox.advanceClock(2 * HOUR);
    const { AuthenticationResult: renewed } = await renew(user.clientId, user.refreshToken);
    expect(await getUser(renewed?.AccessToken)).toMatchObject({ Username: user.username });
    expect(renewed).not.toHaveProperty('RefreshToken');
    const jti = (token = '') => decodeJwt(token)['origin_jti'];
    expect(jti(renewed?.AccessToken)).toBe(jti(user.accessToken));
    running.sandbox.revokeTokens(user);
    expect((await refusal(renew(user.clientId, user.refreshToken))).message).toBe('Refresh Token has been revoked');
    const other = await running.sandbox.createUser();
    running.sandbox.advanceClock(30 * 24 * HOUR);
    expect((await refusal(renew(other.clientId, other.refreshToken))).message).toBe('Refresh Token has expired');
  });

  it('is refused to another client, with the token of nobody, and without the client’s secret', async () => {
    const user = await running.sandbox.createUser();
    const secretive = await newClient(user.userPoolId, { GenerateSecret: true });
    expect((await refusal(renew(secretive.clientId, user.refreshToken))).message).toBe('Invalid client secret');
    for (const [clientId, token, secret] of [
      [secretive.clientId, user.refreshToken, secretive.secret],
      [user.clientId, user.refreshToken.slice(0, -4)],
      [user.clientId, 'nobody'],
    ] as const)
      expect((await refusal(renew(clientId, token, secret))).message).toBe('Invalid Refresh Token');
    expect((await refusal(renew('nobody', user.refreshToken))).name).toBe('ResourceNotFoundException');
  });
});
