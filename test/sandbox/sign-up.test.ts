import { createHmac } from 'node:crypto';
import {
  AdminConfirmSignUpCommand,
  AdminGetUserCommand,
  ConfirmSignUpCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  type CreateUserPoolCommandInput,
  GetUserAttributeVerificationCodeCommand,
  InitiateAuthCommand,
  ResendConfirmationCodeCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import { HOUR, otherThan, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();
const EMAIL = 'zoe@bakery.example';
const PHONE = '+491701238920';
const NOT_FOUND = { name: 'UserNotFoundException', message: 'Username/client id combination not found.', status: 400 };

/** A pool with the e-mail address verified, unless the settings say otherwise. */
async function newPool(settings: Partial<CreateUserPoolCommandInput> = {}, GenerateSecret = false) {
  const { UserPool } = await running.client.send(
    new CreateUserPoolCommand({ PoolName: 'shop', AutoVerifiedAttributes: ['email'], ...settings }),
  );
  const UserPoolId = UserPool?.Id ?? '';
  const create = { UserPoolId, ClientName: 'web', GenerateSecret };
  const { UserPoolClient } = await running.client.send(
    new CreateUserPoolClientCommand({ ...create, ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'] }),
  );
  return { UserPoolId, ClientId: UserPoolClient?.ClientId ?? '', secret: UserPoolClient?.ClientSecret ?? '' };
}

type Pool = Awaited<ReturnType<typeof newPool>>;

function signUp({ ClientId }: Pool, attributes: Record<string, string> = { email: EMAIL }, Username = 'zoe') {
  const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
  return running.client.send(new SignUpCommand({ ClientId, Username, Password: 'Correct-horse-7', UserAttributes }));
}

const confirm = ({ ClientId }: Pool, ConfirmationCode: string, Username = 'zoe', ForceAliasCreation = false) =>
  running.client.send(new ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode, ForceAliasCreation }));

const resend = ({ ClientId }: Pool, Username = 'zoe') =>
  running.client.send(new ResendConfirmationCodeCommand({ ClientId, Username }));

function signIn({ ClientId }: Pool, USERNAME = 'zoe') {
  const AuthParameters = { USERNAME, PASSWORD: 'Correct-horse-7' };
  return running.client.send(new InitiateAuthCommand({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId, AuthParameters }));
}

const newest = ({ UserPoolId }: Pool) =>
  running.sandbox
    .inbox()
    .filter((message) => message.userPoolId === UserPoolId)
    .at(-1);
const codeIn = (pool: Pool) => newest(pool)?.code ?? '';
const user = ({ UserPoolId }: Pool, username = 'zoe') => ({ userPoolId: UserPoolId, username });

describe('a sign-up', () => {
  it('sends a code, which confirms the user and verifies the address', async () => {
    const pool = await newPool();
    const answer = await signUp(pool);
    expect(answer).toMatchObject({
      UserConfirmed: false,
      UserSub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      CodeDeliveryDetails: { AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination: 'z***@b***' },
    });
    expect(newest(pool)).toMatchObject({ destination: EMAIL, triggerSource: 'CustomMessage_SignUp' });
    expect((await refusal(signIn(pool))).name).toBe('UserNotConfirmedException');
    expect((await refusal(confirm(pool, otherThan(codeIn(pool))))).name).toBe('CodeMismatchException');
    await confirm(pool, codeIn(pool));
    expect(running.sandbox.attribute(user(pool), 'email')).toMatchObject({ value: EMAIL, verified: true });
    expect((await signIn(pool)).AuthenticationResult?.AccessToken).toBeTypeOf('string');
  });

  it('goes by SMS where the pool verifies both, and leaves the e-mail address to verify', async () => {
    const SmsConfiguration = { SnsCallerArn: 'arn:aws:iam::000000000000:role/sms' };
    const pool = await newPool({ AutoVerifiedAttributes: ['email', 'phone_number'], SmsConfiguration });
    await signUp(pool, { email: EMAIL, phone_number: PHONE });
    expect(newest(pool)).toMatchObject({ medium: 'SMS', destination: PHONE });
    await confirm(pool, codeIn(pool));
    expect(running.sandbox.attribute(user(pool), 'phone_number').verified).toBe(true);
    expect(running.sandbox.attribute(user(pool), 'email').verified).toBe(false);
  });

  it('sends nothing where the pool verifies nothing; an administrator confirms', async () => {
    const pool = await newPool({ AutoVerifiedAttributes: [] });
    const { CodeDeliveryDetails } = await signUp(pool);
    expect([CodeDeliveryDetails, newest(pool)]).toEqual([undefined, undefined]);
    expect((await refusal(confirm(pool, '123456'))).name).toBe('ExpiredCodeException');
    expect((await refusal(resend(pool))).message).toBe('Cannot resend codes. Auto verification not turned on.');
    const named = { UserPoolId: pool.UserPoolId, Username: 'zoe' };
    await running.client.send(new AdminConfirmSignUpCommand(named));
    expect((await running.client.send(new AdminGetUserCommand(named))).UserStatus).toBe('CONFIRMED');
    expect(running.sandbox.attribute(user(pool), 'email').verified).toBe(false);
    expect((await refusal(running.client.send(new AdminConfirmSignUpCommand(named)))).message).toBe(
      'User cannot be confirmed. Current status is CONFIRMED',
    );
  });

  it('is refused for a name that is taken, a weak password, and attributes that are not the user’s', async () => {
    const pool = await newPool();
    await signUp(pool);
    expect(await refusal(signUp(pool))).toMatchObject({
      name: 'UsernameExistsException',
      message: 'User already exists',
    });
    const weak = new SignUpCommand({ ClientId: pool.ClientId, Username: 'max', Password: 'short' });
    expect((await refusal(running.client.send(weak))).name).toBe('InvalidPasswordException');
    expect((await refusal(signUp(pool, { email: EMAIL, email_verified: 'true' }, 'max'))).name).toBe(
      'InvalidParameterException',
    );
    expect((await refusal(signUp(pool, { 'custom:tier': 'gold' }, 'max'))).message).toBe(
      'A client attempted to write unauthorized attribute',
    );
  });

  it('is refused where only administrators make users', async () => {
    const pool = await newPool({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
    expect(await refusal(signUp(pool))).toMatchObject({
      name: 'NotAuthorizedException',
      message: 'SignUp is not permitted for this user pool',
    });
  });

  it('is not kept when no code can be sent', async () => {
    const pool = await newPool({ AutoVerifiedAttributes: ['phone_number'] });
    expect((await refusal(signUp(pool, { phone_number: PHONE }))).message).toContain('SMS configuration');
    await signUp(pool, { email: EMAIL });
  });

  it('by address takes one sign-up for each address, by alias no address as a name', async () => {
    const byAddress = await newPool({ UsernameAttributes: ['email'] });
    await signUp(byAddress, {}, EMAIL);
    expect((await refusal(signUp(byAddress, {}, EMAIL))).message).toBe(
      'An account with the given email already exists.',
    );
    await confirm(byAddress, codeIn(byAddress), EMAIL);
    expect((await signIn(byAddress, EMAIL)).AuthenticationResult?.AccessToken).toBeTypeOf('string');
    const byAlias = await newPool({ AliasAttributes: ['email'] });
    expect((await refusal(signUp(byAlias, {}, EMAIL))).message).toBe(
      'Username cannot be of email format, since user pool is configured for email alias.',
    );
  });

  it('needs the hash of a client’s secret at each step', async () => {
    const pool = await newPool({}, true);
    const SecretHash = createHmac('sha256', pool.secret).update(`zoe${pool.ClientId}`).digest('base64');
    for (const call of [signUp, resend]) expect((await refusal(call(pool))).message).toContain('SECRET_HASH');
    const input = { ClientId: pool.ClientId, Username: 'zoe', Password: 'Correct-horse-7', SecretHash };
    await running.client.send(new SignUpCommand({ ...input, UserAttributes: [{ Name: 'email', Value: EMAIL }] }));
    expect((await refusal(confirm(pool, codeIn(pool)))).message).toContain('SECRET_HASH');
    await running.client.send(new ConfirmSignUpCommand({ ...input, ConfirmationCode: codeIn(pool) }));
  });
});

describe('a code of a sign-up', () => {
  it('can be sent again five times an hour, and the last one counts', async () => {
    const pool = await newPool({ EmailConfiguration: { EmailSendingAccount: 'DEVELOPER' } });
    await signUp(pool);
    const first = codeIn(pool);
    for (let count = 1; count <= 5; count += 1) await resend(pool);
    expect((await refusal(resend(pool))).name).toBe('LimitExceededException');
    expect(newest(pool)?.triggerSource).toBe('CustomMessage_ResendCode');
    if (first !== codeIn(pool)) expect((await refusal(confirm(pool, first))).name).toBe('CodeMismatchException');
    running.sandbox.advanceClock(HOUR);
    await resend(pool);
    await confirm(pool, codeIn(pool));
    // What a signed-in user may ask for has limits of its own.
    const AccessToken = await running.sandbox.issueAccessToken(user(pool));
    const send = { AccessToken, AttributeName: 'email' };
    for (let count = 1; count <= 5; count += 1)
      await running.client.send(new GetUserAttributeVerificationCodeCommand(send));
  });

  it('expires after a day, and is of no use once the user is confirmed', async () => {
    const pool = await newPool();
    await signUp(pool);
    running.sandbox.advanceClock(24 * HOUR);
    expect((await refusal(confirm(pool, codeIn(pool)))).name).toBe('ExpiredCodeException');
    await resend(pool);
    await confirm(pool, codeIn(pool));
    expect((await refusal(confirm(pool, codeIn(pool)))).message).toBe(
      'User cannot be confirmed. Current status is CONFIRMED',
    );
    expect((await refusal(resend(pool))).message).toBe('User is already confirmed.');
  });

  it('is unknown for an unknown name', async () => {
    const pool = await newPool();
    expect(await refusal(confirm(pool, '123456'))).toEqual(NOT_FOUND);
    expect(await refusal(resend(pool))).toEqual(NOT_FOUND);
  });

  it('does not take an alias from another user, unless it is told to', async () => {
    const pool = await newPool({ AliasAttributes: ['email'] });
    const owned = { poolId: pool.UserPoolId, attributes: { email: EMAIL }, emailVerified: true };
    const owner = await running.sandbox.createUser(owned);
    await signUp(pool);
    expect((await refusal(confirm(pool, codeIn(pool)))).name).toBe('AliasExistsException');
    expect(running.sandbox.attribute(owner, 'email').verified).toBe(true);
    await confirm(pool, codeIn(pool), 'zoe', true);
    expect(running.sandbox.attribute(owner, 'email').verified).toBe(false);
    expect(running.sandbox.attribute(user(pool), 'email').verified).toBe(true);
  });
});
