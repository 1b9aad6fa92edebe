/** The libraries that front ends use, unchanged, against the sandbox: only the endpoint is set. */
import {
  confirmSignUp,
  confirmUserAttribute,
  fetchUserAttributes,
  resendSignUpCode,
  sendUserAttributeVerificationCode,
  signIn,
  signOut,
  signUp,
  updateUserAttribute,
} from '@aws-amplify/auth';
import { cognitoUserPoolsTokenProvider } from '@aws-amplify/auth/cognito';
import { Amplify, ConsoleLogger, fetchAuthSession } from '@aws-amplify/core';
import {
  AuthenticationDetails,
  CognitoUser,
  CognitoUserAttribute,
  CognitoUserPool,
  type CognitoUserSession,
  type ISignUpResult,
  type NodeCallback,
} from 'amazon-cognito-identity-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxUserPool, startSandbox } from '../../sandbox/index.js';

const PASSWORD = 'Correct-horse-7';
const OLD = 'zoe@bakery.example';
const NEW = 'zoe@mill.example';
const PHONE = '+491701238920';

let sandbox: Sandbox;
let pool: SandboxUserPool;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(async () => await sandbox.close());
beforeEach(async () => {
  pool = await sandbox.createUserPool({ requireVerificationBeforeUpdate: true });
  sandbox.clearCalls();
  sandbox.clearInbox();
});

const newest = () => sandbox.inbox().at(-1);
const codeTo = (destination: string): string => {
  expect(newest()?.destination).toBe(destination);
  return newest()?.code ?? '';
};
const operations = () => sandbox.calls().map(({ operation, outcome }) => `${operation} ${outcome}`);
const zoe = () => ({ userPoolId: pool.userPoolId, username: 'zoe' });

describe('Amplify 6', () => {
  beforeEach(() => {
    // It warns of each endpoint that is not Cognito's own.
    ConsoleLogger.LOG_LEVEL = 'ERROR';
    // What the package aws-amplify does with its configuration. It has storage, analytics and more, and 60 MB.
    const Auth = {
      Cognito: { userPoolId: pool.userPoolId, userPoolClientId: pool.clientId, userPoolEndpoint: sandbox.url },
    };
    cognitoUserPoolsTokenProvider.setAuthConfig(Auth);
    Amplify.configure({ Auth }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
  });

  const accessToken = async (options = {}) => (await fetchAuthSession(options)).tokens?.accessToken.toString() ?? '';
  const submit = (userAttributeKey: 'email' | 'phone_number', confirmationCode: string) =>
    confirmUserAttribute({ userAttributeKey, confirmationCode });

  it('signs up, signs in by SRP, sends, confirms, changes the address, refreshes, and signs out', async () => {
    const userAttributes = { email: OLD, phone_number: PHONE };
    const signedUp = await signUp({ username: 'zoe', password: PASSWORD, options: { userAttributes } });
    expect(signedUp.nextStep).toMatchObject({
      signUpStep: 'CONFIRM_SIGN_UP',
      codeDeliveryDetails: { attributeName: 'phone_number', deliveryMedium: 'SMS', destination: '+********8920' },
    });
    const early = await signIn({ username: 'zoe', password: PASSWORD });
    expect(early.nextStep.signInStep).toBe('CONFIRM_SIGN_UP');
    await resendSignUpCode({ username: 'zoe' });
    await confirmSignUp({ username: 'zoe', confirmationCode: codeTo(PHONE) });
    expect(await signIn({ username: 'zoe', password: PASSWORD })).toMatchObject({ isSignedIn: true });

    const sent = await sendUserAttributeVerificationCode({ userAttributeKey: 'email' });
    expect(sent).toEqual({ attributeName: 'email', deliveryMedium: 'EMAIL', destination: 'z***@b***' });
    await expect(submit('email', 'wrong')).rejects.toMatchObject({ name: 'CodeMismatchException' });
    await submit('email', codeTo(OLD));
    expect(await fetchUserAttributes()).toMatchObject({ email: OLD, email_verified: 'true' });

    const { nextStep } = await updateUserAttribute({ userAttribute: { attributeKey: 'email', value: NEW } });
    expect(nextStep.updateAttributeStep).toBe('CONFIRM_ATTRIBUTE_WITH_CODE');
    expect(await fetchUserAttributes()).toMatchObject({ email: OLD, email_verified: 'true' });
    await submit('email', codeTo(NEW));
    expect(await fetchUserAttributes()).toMatchObject({ email: NEW, email_verified: 'true' });

    const tokens = [await accessToken(), await accessToken({ forceRefresh: true })];
    expect(new Set(tokens).size).toBe(2);
    tokens.push(await sandbox.issueAccessToken(zoe()));
    await signOut({ global: true });
    for (const token of tokens) expect(await getUser(token)).toContain('Access Token has been revoked');
    expect(operations()).toEqual([
      'SignUp ok',
      'InitiateAuth UserNotConfirmedException',
      'ResendConfirmationCode ok',
      'ConfirmSignUp ok',
      'InitiateAuth ok',
      'RespondToAuthChallenge ok',
      'GetUserAttributeVerificationCode ok',
      'VerifyUserAttribute CodeMismatchException',
      'VerifyUserAttribute ok',
      'GetUser ok',
      'UpdateUserAttributes ok',
      'GetUser ok',
      'VerifyUserAttribute ok',
      'GetUser ok',
      'GetTokensFromRefreshToken ok',
      'GlobalSignOut ok',
      ...tokens.map(() => 'GetUser NotAuthorizedException'),
    ]);
  });

  it('signs out of one device, which revokes its tokens', async () => {
    await sandbox.createUser({ poolId: pool.userPoolId, username: 'zoe', password: PASSWORD });
    const wrong = signIn({
      username: 'zoe',
      password: 'Wrong-horse-7',
      options: { authFlowType: 'USER_PASSWORD_AUTH' },
    });
    await expect(wrong).rejects.toThrow('Incorrect username or password.');
    await signIn({ username: 'zoe', password: PASSWORD, options: { authFlowType: 'USER_PASSWORD_AUTH' } });
    const [here, elsewhere] = [await accessToken(), await sandbox.issueAccessToken(zoe())];
    await signOut();
    expect(operations().at(-1)).toBe('RevokeToken ok');
    expect((await fetchAuthSession()).tokens).toBeUndefined();
    expect(await getUser(here)).toContain('Access Token has been revoked');
    expect(await getUser(elsewhere)).toContain('"Username":"zoe"');
  });
});

describe('amazon-cognito-identity-js', () => {
  const userPool = () =>
    new CognitoUserPool({ UserPoolId: pool.userPoolId, ClientId: pool.clientId, endpoint: sandbox.url });
  const cognitoUser = () => new CognitoUser({ Username: 'zoe', Pool: userPool() });
  const attribute = (Name: string, Value: string) => new CognitoUserAttribute({ Name, Value });

  function authenticate(user: CognitoUser): Promise<CognitoUserSession> {
    const details = new AuthenticationDetails({ Username: 'zoe', Password: PASSWORD });
    return new Promise((onSuccess, onFailure) => user.authenticateUser(details, { onSuccess, onFailure }));
  }

  it('signs up, signs in by SRP, sends, confirms, changes the address, refreshes, and signs out', async () => {
    const email = [attribute('email', OLD), attribute('phone_number', PHONE)];
    const { userConfirmed } = await called<ISignUpResult>((done) =>
      userPool().signUp('zoe', PASSWORD, email, [], done),
    );
    expect(userConfirmed).toBe(false);
    await called((done) => cognitoUser().confirmRegistration(codeTo(PHONE), false, done));

    const user = cognitoUser();
    const session = await authenticate(user);
    expect(session.getIdToken().payload).toMatchObject({ email: OLD, email_verified: false });
    expect(operations().slice(-2)).toEqual(['InitiateAuth ok', 'RespondToAuthChallenge ok']);

    await new Promise<unknown>((resolve, reject) =>
      user.getAttributeVerificationCode('email', {
        onSuccess: resolve,
        onFailure: reject,
        inputVerificationCode: resolve,
      }),
    );
    await verify(user, codeTo(OLD));
    await called((done) => user.updateAttributes([attribute('email', NEW)], done));
    expect(sandbox.attribute(zoe(), 'email')).toEqual({ value: OLD, verified: true, pendingValue: NEW });
    await verify(user, codeTo(NEW));
    expect(sandbox.attribute(zoe(), 'email')).toMatchObject({ value: NEW, verified: true });

    const renewed = await called<CognitoUserSession>((done) => user.refreshSession(session.getRefreshToken(), done));
    expect(renewed.getIdToken().payload).toMatchObject({ email: NEW, email_verified: true });
    await new Promise<void>((resolve) => user.signOut(resolve));
    expect(operations().at(-1)).toBe('RevokeToken ok');
    expect(await getUser(renewed.getAccessToken().getJwtToken())).toContain('Access Token has been revoked');
  });

  const verify = (user: CognitoUser, code: string) =>
    new Promise<string>((onSuccess, onFailure) => user.verifyAttribute('email', code, { onSuccess, onFailure }));
});

/** The result of a function that takes a callback. */
function called<Result>(call: (done: NodeCallback<Error, Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) =>
    call((error, result) =>
      error || result === undefined ? reject(error ?? new Error('no result')) : resolve(result),
    ),
  );
}

/** The body of the answer to `GetUser`. */
async function getUser(AccessToken: string): Promise<string> {
  const answer = await fetch(sandbox.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.GetUser' },
    body: JSON.stringify({ AccessToken }),
  });
  return await answer.text();
}
