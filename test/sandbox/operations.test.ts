import { createHmac } from 'node:crypto';
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  AdminUserGlobalSignOutCommand,
  type AuthenticationResultType,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  CreateUserPoolCommand,
  DescribeUserPoolCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  RevokeTokenCommand,
  UpdateUserAttributesCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();
const PASSWORD = 'Correct-horse-7';

/** A pool, a client and a confirmed user, created as an application creates them. */
async function signUp(client: Partial<CreateUserPoolClientCommandInput> = {}) {
  const { UserPool } = await running.client.send(new CreateUserPoolCommand({ PoolName: 'shop' }));
  const UserPoolId = UserPool?.Id ?? '';
  const { UserPoolClient } = await running.client.send(
    new CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'web',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      ...client,
    }),
  );
  const Username = 'zoe';
  const UserAttributes = [{ Name: 'email', Value: 'zoe@bakery.example' }];
  await running.client.send(new AdminCreateUserCommand({ UserPoolId, Username, UserAttributes }));
  const password = { UserPoolId, Username, Password: PASSWORD, Permanent: true };
  await running.client.send(new AdminSetUserPasswordCommand(password));
  return { UserPoolId, Username, ClientId: UserPoolClient?.ClientId ?? '', secret: UserPoolClient?.ClientSecret };
}

async function signIn(ClientId: string, PASSWORD_ = PASSWORD): Promise<AuthenticationResultType> {
  const answer = await running.client.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId,
      AuthParameters: { USERNAME: 'zoe', PASSWORD: PASSWORD_ },
    }),
  );
  return answer.AuthenticationResult ?? {};
}

const getUser = (AccessToken = '') => running.client.send(new GetUserCommand({ AccessToken }));

const refresh = (ClientId: string, REFRESH_TOKEN = '') =>
  running.client.send(
    new InitiateAuthCommand({ AuthFlow: 'REFRESH_TOKEN_AUTH', ClientId, AuthParameters: { REFRESH_TOKEN } }),
  );

describe('pools', () => {
  it('are created in the region that signs the request, and described', async () => {
    const created = await running.client.send(
      new CreateUserPoolCommand({
        PoolName: 'shop',
        AutoVerifiedAttributes: ['email'],
        UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
        EmailConfiguration: { EmailSendingAccount: 'DEVELOPER', From: 'shop@bakery.example' },
      }),
    );
    expect(created.UserPool?.Id).toMatch(/^eu-central-1_[0-9A-Za-z]{9}$/);
    const { UserPool } = await running.client.send(
      new DescribeUserPoolCommand({ UserPoolId: created.UserPool?.Id ?? '' }),
    );
    expect(UserPool).toMatchObject({
      Name: 'shop',
      AutoVerifiedAttributes: ['email'],
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
      EmailConfiguration: { EmailSendingAccount: 'DEVELOPER', From: 'shop@bakery.example' },
      EstimatedNumberOfUsers: 0,
      CreationDate: running.sandbox.now(),
    });
  });

  it('that do not exist are not found', async () => {
    const missing = new DescribeUserPoolCommand({ UserPoolId: 'us-east-1_missing' });
    expect(await refusal(running.client.send(missing))).toEqual({
      name: 'ResourceNotFoundException',
      message: 'User pool us-east-1_missing does not exist.',
      status: 400,
    });
    const unreadable = new DescribeUserPoolCommand({ UserPoolId: 'no pool' });
    expect((await refusal(running.client.send(unreadable))).name).toBe('InvalidParameterException');
  });
});

describe('users', () => {
  it('are created by an administrator and have to choose a password', async () => {
    const { UserPoolId, ClientId } = await signUp();
    const created = await running.client.send(
      new AdminCreateUserCommand({ UserPoolId, Username: 'max', TemporaryPassword: PASSWORD }),
    );
    expect(created.User).toMatchObject({ Username: 'max', Enabled: true, UserStatus: 'FORCE_CHANGE_PASSWORD' });
    const signedIn = await running.client.send(
      new InitiateAuthCommand({
        AuthFlow: 'USER_PASSWORD_AUTH',
        ClientId,
        AuthParameters: { USERNAME: 'max', PASSWORD },
      }),
    );
    expect(signedIn).toMatchObject({ ChallengeName: 'NEW_PASSWORD_REQUIRED' });
    expect(signedIn.AuthenticationResult).toBeUndefined();
  });

  it('are unique by name', async () => {
    const { UserPoolId, Username } = await signUp();
    const again = new AdminCreateUserCommand({ UserPoolId, Username });
    expect((await refusal(running.client.send(again))).name).toBe('UsernameExistsException');
  });

  it('get no password that the policy refuses', async () => {
    const { UserPoolId, Username } = await signUp();
    const set = (Password: string) =>
      running.client.send(new AdminSetUserPasswordCommand({ UserPoolId, Username, Password, Permanent: true }));
    expect((await refusal(set('short'))).message).toBe(
      'Password did not conform with policy: Password not long enough',
    );
    expect((await refusal(set('long-enough-7'))).name).toBe('InvalidPasswordException');
  });

  it('are described in full, by name and by sub', async () => {
    const { UserPoolId, Username } = await signUp();
    const user = await running.client.send(new AdminGetUserCommand({ UserPoolId, Username }));
    expect(user).toMatchObject({ Username, Enabled: true, UserStatus: 'CONFIRMED' });
    expect(user.UserAttributes).toContainEqual({ Name: 'email_verified', Value: 'false' });
    const sub = user.UserAttributes?.find(({ Name }) => Name === 'sub')?.Value ?? '';
    expect(await running.client.send(new AdminGetUserCommand({ UserPoolId, Username: sub }))).toMatchObject({
      Username,
    });
  });

  it('can be disabled, enabled, forced to reset their password, and deleted', async () => {
    const { UserPoolId, Username, ClientId } = await signUp();
    const { AccessToken } = await signIn(ClientId);
    const named = { UserPoolId, Username };
    await running.client.send(new AdminDisableUserCommand(named));
    expect((await refusal(getUser(AccessToken))).message).toBe('User is disabled.');
    await running.client.send(new AdminEnableUserCommand(named));
    expect(await getUser(AccessToken)).toMatchObject({ Username });
    await running.client.send(new AdminResetUserPasswordCommand(named));
    expect((await refusal(getUser(AccessToken))).name).toBe('PasswordResetRequiredException');
    await running.client.send(new AdminDeleteUserCommand(named));
    expect((await refusal(getUser(AccessToken))).name).toBe('UserNotFoundException');
  });

  it('of a pool that signs in by e-mail are named by their sub', async () => {
    const { UserPool } = await running.client.send(
      new CreateUserPoolCommand({ PoolName: 'by-email', UsernameAttributes: ['email'] }),
    );
    const UserPoolId = UserPool?.Id ?? '';
    const create = { UserPoolId, Username: 'zoe@bakery.example' };
    const { User } = await running.client.send(new AdminCreateUserCommand(create));
    expect(User?.Username).toMatch(/^[0-9a-f-]{36}$/);
    expect(await running.client.send(new AdminGetUserCommand(create))).toMatchObject({ Username: User?.Username });
    expect((await refusal(running.client.send(new AdminCreateUserCommand(create)))).name).toBe(
      'UsernameExistsException',
    );
  });
});

describe('names in a pool that ignores capitals', () => {
  /** A pool with a user `Zoe` of the address `Zoe@Bakery.example`. */
  async function poolWithZoe(CaseSensitive: boolean | undefined) {
    const { UserPool } = await running.client.send(
      new CreateUserPoolCommand({
        PoolName: 'shop',
        AliasAttributes: ['email'],
        ...(CaseSensitive !== undefined && { UsernameConfiguration: { CaseSensitive } }),
      }),
    );
    const UserPoolId = UserPool?.Id ?? '';
    const UserAttributes = [
      { Name: 'email', Value: 'Zoe@Bakery.example' },
      { Name: 'email_verified', Value: 'true' },
    ];
    await running.client.send(new AdminCreateUserCommand({ UserPoolId, Username: 'Zoe', UserAttributes }));
    return UserPoolId;
  }

  const findIn = (UserPoolId: string) => async (Username: string) =>
    await running.client.send(new AdminGetUserCommand({ UserPoolId, Username })).then(
      (found) => found.Username,
      (error: Error) => error.name,
    );

  it('are one, also as an alias', async () => {
    const UserPoolId = await poolWithZoe(false);
    const find = findIn(UserPoolId);
    for (const name of ['Zoe', 'zoe', 'ZOE', 'zoe@bakery.example', 'ZOE@BAKERY.EXAMPLE'])
      expect(await find(name)).toBe('Zoe');
    const again = new AdminCreateUserCommand({ UserPoolId, Username: 'zOE' });
    expect((await refusal(running.client.send(again))).name).toBe('UsernameExistsException');
  });

  it('keep an address as an alias to one user', async () => {
    const userPoolId = await poolWithZoe(false);
    const other = await running.sandbox.createUser({ poolId: userPoolId, attributes: { email: 'zoe@bakery.example' } });
    const code = await running.sendAndRead(other);
    expect((await refusal(running.verify(other, code))).name).toBe('AliasExistsException');
  });

  it('are as many as there are spellings everywhere else', async () => {
    for (const caseSensitive of [true, undefined]) {
      const UserPoolId = await poolWithZoe(caseSensitive);
      const find = findIn(UserPoolId);
      expect(await find('Zoe')).toBe('Zoe');
      for (const name of ['zoe', 'zoe@bakery.example']) expect(await find(name)).toBe('UserNotFoundException');
      await running.client.send(new AdminCreateUserCommand({ UserPoolId, Username: 'zoe' }));
      expect(await find('zoe')).toBe('zoe');
    }
  });
});

describe('an app client', () => {
  const ATTRIBUTES = { email: 'zoe@bakery.example', given_name: 'Zoe', 'custom:tier': 'gold' };

  /** Signs in a user with these attributes by a client with these settings, and shows what it may see. */
  async function seenBy(client: Pick<CreateUserPoolClientCommandInput, 'ReadAttributes' | 'WriteAttributes'>) {
    const { UserPoolId, ClientId } = await signUp(client);
    const change = Object.entries(ATTRIBUTES).map(([Name, Value]) => ({ Name, Value }));
    await running.client.send(
      new AdminUpdateUserAttributesCommand({ UserPoolId, Username: 'zoe', UserAttributes: change }),
    );
    const { AccessToken = '', IdToken = '' } = await signIn(ClientId);
    const { UserAttributes = [] } = await getUser(AccessToken);
    const write = async (Name: string) =>
      await running.client.send(
        new UpdateUserAttributesCommand({ AccessToken, UserAttributes: [{ Name, Value: 'new@bakery.example' }] }),
      );
    return { names: new Set(UserAttributes.map(({ Name }) => Name)), claims: decodeJwt(IdToken), write };
  }

  it('reads only what it may', async () => {
    const all = await seenBy({});
    expect(all.names).toEqual(new Set(['email', 'email_verified', 'given_name', 'sub']));
    expect(all.claims).toMatchObject({ email: ATTRIBUTES.email, email_verified: false, given_name: 'Zoe' });
    expect(all.claims).not.toHaveProperty('custom:tier');
    const some = await seenBy({ ReadAttributes: ['email', 'custom:tier'] });
    expect(some.names).toEqual(new Set(['custom:tier', 'email', 'sub']));
    expect(some.claims).toMatchObject({ email: ATTRIBUTES.email, 'custom:tier': 'gold', sub: expect.any(String) });
    for (const claim of ['email_verified', 'given_name']) expect(some.claims).not.toHaveProperty(claim);
    expect((await seenBy({ ReadAttributes: ['given_name'] })).names).toEqual(new Set(['given_name', 'sub']));
  });

  it('writes only what it may', async () => {
    const unauthorized = {
      name: 'NotAuthorizedException',
      message: 'A client attempted to write unauthorized attribute',
      status: 400,
    };
    const all = await seenBy({});
    await all.write('email');
    expect(await refusal(all.write('custom:tier'))).toEqual(unauthorized);
    const some = await seenBy({ WriteAttributes: ['given_name'] });
    await some.write('given_name');
    expect(await refusal(some.write('email'))).toEqual(unauthorized);
  });

  it('gets no lists that are none', async () => {
    const { UserPoolId } = await signUp();
    for (const name of ['ReadAttributes', 'WriteAttributes']) {
      const input: CreateUserPoolClientCommandInput = { UserPoolId, ClientName: 'web', [name]: 'email' };
      expect((await refusal(running.client.send(new CreateUserPoolClientCommand(input)))).name).toBe(
        'SerializationException',
      );
    }
  });
});

describe('signing in', () => {
  it('issues tokens that the JWKS of their issuer verifies', async () => {
    const { UserPoolId, ClientId } = await signUp();
    const { AccessToken = '', IdToken = '', RefreshToken, ExpiresIn } = await signIn(ClientId);
    expect(ExpiresIn).toBe(3600);
    expect(RefreshToken).toBeTypeOf('string');
    const issuer = `${running.sandbox.url}/${UserPoolId}`;
    const jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const options = { issuer, currentDate: running.sandbox.now() };
    const { payload } = await jwtVerify(AccessToken, jwks, options);
    const iat = Math.floor(running.sandbox.now().getTime() / 1000);
    expect(payload).toMatchObject({
      iss: issuer,
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      client_id: ClientId,
      username: 'zoe',
      iat,
      exp: iat + 3600,
    });
    for (const claim of ['sub', 'jti', 'origin_jti']) expect(payload[claim]).toMatch(/^[0-9a-f-]{36}$/);
    const id = await jwtVerify(IdToken, jwks, options);
    expect(id.payload).toMatchObject({ aud: ClientId, token_use: 'id', email_verified: false });
    expect((await refusal(getUser(IdToken))).message).toBe('Invalid Access Token');
  });

  it('is refused for a wrong password or an unknown name', async () => {
    const { ClientId } = await signUp();
    expect(await refusal(signIn(ClientId, 'wrong'))).toMatchObject({
      name: 'NotAuthorizedException',
      message: 'Incorrect username or password.',
    });
    const unknown = new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId,
      AuthParameters: { USERNAME: 'nobody', PASSWORD },
    });
    expect((await refusal(running.client.send(unknown))).name).toBe('UserNotFoundException');
  });

  it('works for a server, and needs a client that allows the flow', async () => {
    const { UserPoolId, ClientId } = await signUp();
    const AuthParameters = { USERNAME: 'zoe', PASSWORD };
    const server = { UserPoolId, ClientId, AuthFlow: 'ADMIN_USER_PASSWORD_AUTH', AuthParameters } as const;
    const { AuthenticationResult } = await running.client.send(new AdminInitiateAuthCommand(server));
    expect(await getUser(AuthenticationResult?.AccessToken)).toMatchObject({ Username: 'zoe' });
    const closed = await signUp({ ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'] });
    expect(await refusal(signIn(closed.ClientId))).toMatchObject({
      name: 'InvalidParameterException',
      message: 'USER_PASSWORD_AUTH flow not enabled for this client',
    });
    const custom = new InitiateAuthCommand({ AuthFlow: 'CUSTOM_AUTH', ClientId, AuthParameters });
    expect((await refusal(running.client.send(custom))).message).toContain('does not support CUSTOM_AUTH');
  });

  it('requires the hash of a client’s secret', async () => {
    const { ClientId, secret = '' } = await signUp({ GenerateSecret: true });
    expect((await refusal(signIn(ClientId))).message).toContain('SECRET_HASH was not received');
    const SECRET_HASH = createHmac('sha256', secret).update(`zoe${ClientId}`).digest('base64');
    const AuthParameters = { USERNAME: 'zoe', PASSWORD, SECRET_HASH };
    const hashed = new InitiateAuthCommand({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId, AuthParameters });
    expect((await running.client.send(hashed)).AuthenticationResult?.AccessToken).toBeTypeOf('string');
  });

  it('respects the token lifetimes of the client', async () => {
    const { ClientId } = await signUp({ AccessTokenValidity: 5, TokenValidityUnits: { AccessToken: 'minutes' } });
    const { AccessToken = '', ExpiresIn } = await signIn(ClientId);
    const { exp = 0, iat = 0 } = decodeJwt(AccessToken);
    expect([ExpiresIn, exp - iat]).toEqual([300, 300]);
  });
});

describe('signing out', () => {
  it('everywhere ends all tokens of the user, and a new one works at once', async () => {
    const { ClientId } = await signUp();
    const [first, second] = [await signIn(ClientId), await signIn(ClientId)];
    await running.client.send(new GlobalSignOutCommand({ AccessToken: first.AccessToken ?? '' }));
    for (const { AccessToken } of [first, second]) {
      expect((await refusal(getUser(AccessToken))).message).toBe('Access Token has been revoked');
    }
    expect((await refusal(refresh(ClientId, second.RefreshToken))).message).toBe('Refresh Token has been revoked');
    expect(await getUser((await signIn(ClientId)).AccessToken)).toMatchObject({ Username: 'zoe' });
  });

  it('by an administrator does the same', async () => {
    const { UserPoolId, Username, ClientId } = await signUp();
    const { AccessToken } = await signIn(ClientId);
    await running.client.send(new AdminUserGlobalSignOutCommand({ UserPoolId, Username }));
    expect((await refusal(getUser(AccessToken))).message).toBe('Access Token has been revoked');
  });

  it('by RevokeToken ends one sign-in and its renewed tokens', async () => {
    const { ClientId } = await signUp();
    const [first, second] = [await signIn(ClientId), await signIn(ClientId)];
    const renewed = (await refresh(ClientId, first.RefreshToken)).AuthenticationResult;
    expect(await getUser(renewed?.AccessToken)).toMatchObject({ Username: 'zoe' });
    expect(decodeJwt(renewed?.AccessToken ?? '')['origin_jti']).toBe(decodeJwt(first.AccessToken ?? '')['origin_jti']);
    await running.client.send(new RevokeTokenCommand({ ClientId, Token: first.RefreshToken ?? '' }));
    for (const AccessToken of [first.AccessToken, renewed?.AccessToken]) {
      expect((await refusal(getUser(AccessToken))).message).toBe('Access Token has been revoked');
    }
    expect(await getUser(second.AccessToken)).toMatchObject({ Username: 'zoe' });
    expect((await refusal(refresh(ClientId, first.RefreshToken))).message).toBe('Refresh Token has been revoked');
  });

  it('needs a client with revocation, and a refresh token', async () => {
    const open = await signUp();
    const { AccessToken: Token = '' } = await signIn(open.ClientId);
    const wrong = new RevokeTokenCommand({ ClientId: open.ClientId, Token });
    expect((await refusal(running.client.send(wrong))).name).toBe('UnsupportedTokenTypeException');
    const closed = await signUp({ EnableTokenRevocation: false });
    const { AccessToken, RefreshToken = '' } = await signIn(closed.ClientId);
    expect(decodeJwt(AccessToken ?? '')).not.toHaveProperty('origin_jti');
    const unsupported = new RevokeTokenCommand({ ClientId: closed.ClientId, Token: RefreshToken });
    expect((await refusal(running.client.send(unsupported))).name).toBe('UnsupportedOperationException');
    await running.client.send(new GlobalSignOutCommand({ AccessToken: AccessToken ?? '' }));
    expect((await refusal(getUser(AccessToken))).message).toBe('Access Token has been revoked');
  });
});
