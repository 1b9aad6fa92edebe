import {
  AdminGetUserCommand,
  AdminUpdateUserAttributesCommand,
  CognitoIdentityProviderServiceException,
  CreateUserPoolCommand,
  GetUserAttributeVerificationCodeCommand,
  UpdateUserAttributesCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import type { SandboxUser } from '../../sandbox/index.js';
import { HOUR, otherThan, RunningSandbox, refusal } from './running-sandbox.js';

const running = new RunningSandbox();

/** The two operations with a token of the test's choice. */
const operations = {
  GetUserAttributeVerificationCode: (AccessToken: string, AttributeName = 'email') =>
    running.client.send(new GetUserAttributeVerificationCodeCommand({ AccessToken, AttributeName })),
  VerifyUserAttribute: (AccessToken: string, AttributeName = 'email') =>
    running.client.send(new VerifyUserAttributeCommand({ AccessToken, AttributeName, Code: '123456' })),
};
const BOTH = Object.entries(operations);

const newUser = (): Promise<SandboxUser> => running.sandbox.createUser();
const notAuthorized = (message: string) => ({ name: 'NotAuthorizedException', message, status: 400 });

describe.each(BOTH)('%s refuses', (_name, call) => {
  it('an expired token, by the sandbox’s clock', async () => {
    const { accessToken } = await newUser();
    running.sandbox.advanceClock(HOUR - 1);
    expect((await refusal(call(accessToken, 'given_name'))).name).toBe('InvalidParameterException');
    running.sandbox.advanceClock(1);
    expect(await refusal(call(accessToken))).toEqual(notAuthorized('Access Token has expired'));
  });

  it('a revoked token, and accepts the next one', async () => {
    const signedOut = await newUser();
    running.sandbox.revokeTokens(signedOut);
    expect(await refusal(call(signedOut.accessToken))).toEqual(notAuthorized('Access Token has been revoked'));
    const next = await running.sandbox.issueAccessToken(signedOut);
    expect((await refusal(call(next, 'given_name'))).name).toBe('InvalidParameterException');
  });

  it('a token signed with another key', async () => {
    const forged = await running.sandbox.issueAccessToken(await newUser(), { forged: true });
    expect(await refusal(call(forged))).toEqual(notAuthorized('Invalid Access Token'));
  });

  it('an altered token, or a malformed one', async () => {
    const { accessToken } = await newUser();
    const [header, payload, signature] = accessToken.split('.');
    const claims: unknown = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
    const alteredClaims = Buffer.from(JSON.stringify(Object.assign({}, claims, { exp: 9_999_999_999 }))).toString(
      'base64url',
    );
    for (const broken of [`${header}.${alteredClaims}.${signature}`, 'no-token', `${header}.${payload}.`]) {
      expect(await refusal(call(broken))).toEqual(notAuthorized('Invalid Access Token'));
    }
  });

  it('a token without the scope', async () => {
    const token = await running.sandbox.issueAccessToken(await newUser(), { scope: 'openid email' });
    expect(await refusal(call(token))).toEqual(notAuthorized('Access Token does not have required scopes'));
  });

  it('a token of the wrong form', async () => {
    expect(await refusal(call('not a token'))).toEqual({
      name: 'InvalidParameterException',
      message:
        "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: " +
        'Member must satisfy regular expression pattern: [A-Za-z0-9-_=.]+',
      status: 400,
    });
  });

  it('a disabled user', async () => {
    const disabled = await newUser();
    running.sandbox.disableUser(disabled);
    expect(await refusal(call(disabled.accessToken))).toEqual(notAuthorized('User is disabled.'));
  });

  it('a deleted user', async () => {
    const deleted = await newUser();
    running.sandbox.deleteUser(deleted);
    expect(await refusal(call(deleted.accessToken))).toEqual({
      name: 'UserNotFoundException',
      message: 'User does not exist.',
      status: 400,
    });
  });

  it('a user that is unconfirmed, or has to reset the password', async () => {
    const someone = await newUser();
    running.sandbox.setUserStatus(someone, 'UNCONFIRMED');
    expect(await refusal(call(someone.accessToken))).toEqual({
      name: 'UserNotConfirmedException',
      message: 'User is not confirmed.',
      status: 400,
    });
    running.sandbox.setUserStatus(someone, 'RESET_REQUIRED');
    expect((await refusal(call(someone.accessToken))).name).toBe('PasswordResetRequiredException');
  });

  it('an attribute that cannot be verified', async () => {
    const { accessToken } = await newUser();
    expect(await refusal(call(accessToken, 'given_name'))).toEqual({
      name: 'InvalidParameterException',
      message: 'Invalid attribute name. Only phone_number and email can be verified.',
      status: 400,
    });
  });

  it('an attribute name that is too long', async () => {
    const { accessToken } = await newUser();
    const { name, message } = await refusal(call(accessToken, 'x'.repeat(33)));
    expect(name).toBe('InvalidParameterException');
    expect(message).toMatch(/at 'attributeName' failed .* have length less than or equal to 32$/);
  });

  it('the token before it checks anything else', async () => {
    running.sandbox.setSwitches({ sendsPerHour: 0, attemptsPerHour: 0 });
    const forged = await running.sandbox.issueAccessToken(await newUser(), { forged: true });
    expect((await refusal(call(forged, 'given_name'))).message).toBe('Invalid Access Token');
  });
});

describe('GetUserAttributeVerificationCode refuses', () => {
  it.each([
    ['email', 'User does not have a valid registered email address'],
    ['phone_number', 'User does not have a valid registered phone number'],
  ])('%s without a value', async (attribute, message) => {
    const user = await running.sandbox.createUser({ attributes: {} });
    expect(await refusal(running.send(user, attribute))).toEqual({
      name: 'InvalidParameterException',
      message,
      status: 400,
    });
  });

  it('a phone number in a pool that has no way to send to it', async () => {
    const { UserPool } = await running.client.send(new CreateUserPoolCommand({ PoolName: 'no-sms' }));
    const user = await running.sandbox.createUser({
      poolId: UserPool?.Id ?? '',
      attributes: { phone_number: '+491701238920' },
    });
    expect(await refusal(running.send(user, 'phone_number'))).toEqual({
      name: 'InvalidParameterException',
      message: 'User pool does not have SMS configuration to send messages.',
      status: 400,
    });
  });
});

describe('VerifyUserAttribute refuses', () => {
  it('a code with a space in it, and does not quote it', async () => {
    const user = await running.sandbox.createUser();
    const { name, message } = await refusal(running.verify(user, '123 456'));
    expect(name).toBe('InvalidParameterException');
    expect(message).toMatch(/^1 validation error detected: Value at 'code' failed to satisfy constraint/);
    expect(message).not.toContain('123 456');
  });

  it('an address by which another user signs in, and only once the code is right', async () => {
    const attributes = { email: 'shared@bakery.example' };
    const owner = await running.sandbox.createUser({ attributes, emailVerified: true, aliasAttributes: ['email'] });
    const user = await running.sandbox.createUser({ attributes, poolId: owner.userPoolId });
    const code = await running.sendAndRead(user);
    expect((await refusal(running.verify(user, otherThan(code)))).name).toBe('CodeMismatchException');
    expect(await refusal(running.verify(user, code))).toEqual({
      name: 'AliasExistsException',
      message: 'An account with the email already exists.',
      status: 400,
    });
    expect(running.sandbox.attribute(user, 'email').verified).toBe(false);
  });
});

describe('attributes that a user may not set', () => {
  it.each([
    ['email_verified', 'true'],
    ['sub', 'other'],
    ['shoe_size', '42'],
    ['email', 'no address'],
    ['phone_number', '0170 123'],
  ])('%s = %s is refused by UpdateUserAttributes', async (Name, Value) => {
    const user = await running.sandbox.createUser();
    const { accessToken: AccessToken } = user;
    const before = await running.client.send(
      new AdminGetUserCommand({ UserPoolId: user.userPoolId, Username: user.username }),
    );
    const change = new UpdateUserAttributesCommand({ AccessToken, UserAttributes: [{ Name, Value }] });
    expect((await refusal(running.client.send(change))).name).toBe('InvalidParameterException');
    const after = await running.client.send(
      new AdminGetUserCommand({ UserPoolId: user.userPoolId, Username: user.username }),
    );
    expect(after.UserAttributes).toEqual(before.UserAttributes);
  });

  it('but administrators set the flags', async () => {
    const user = await running.sandbox.createUser();
    const UserAttributes = [{ Name: 'email_verified', Value: 'true' }];
    const { userPoolId: UserPoolId, username: Username } = user;
    await running.client.send(new AdminUpdateUserAttributesCommand({ UserPoolId, Username, UserAttributes }));
    expect(running.sandbox.attribute(user, 'email').verified).toBe(true);
  });
});

/** Every exception of the two operations in the SDK's model that the sandbox itself never raises. */
const FROM_OUTSIDE = [
  'CodeDeliveryFailureException',
  'ForbiddenException',
  'InternalErrorException',
  'InvalidEmailRoleAccessPolicyException',
  'InvalidSmsRoleAccessPolicyException',
  'InvalidSmsRoleTrustRelationshipException',
  'OperationNotEnabledException',
  'ResourceNotFoundException',
  'TooManyRequestsException',
];

describe.each(BOTH)('%s, when set to fail', (operation, call) => {
  it.each(FROM_OUTSIDE)('answers %s as the SDK knows it', async (name) => {
    const { accessToken } = await running.sandbox.createUser();
    running.sandbox.setFault({ operation, exception: { name } });
    const error: unknown = await call(accessToken).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CognitoIdentityProviderServiceException);
    const status = name === 'InternalErrorException' ? 500 : 400;
    expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(error instanceof Error ? error.message : '').not.toBe('');
  });
});
