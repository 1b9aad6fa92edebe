/**
 * The demo user of a Cognito sandbox. The stack makes it through Cognito's own API, keeps it in its folder and finds it
 * again at the next start. This code never runs against a real user pool: a local stack must not make users there.
 */
import { randomBytes, randomInt } from 'node:crypto';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  type CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  GetUserCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import * as v from 'valibot';
import { parseJson } from './files.js';
import type { StackFolder } from './stack-folder.js';

/** The facts that a sign-in needs. The password protects nothing but a user of the sandbox. */
const DemoUser = v.object({ userPoolId: v.string(), clientId: v.string(), username: v.string(), password: v.string() });
type DemoUser = v.InferOutput<typeof DemoUser>;

/** A user pool, and the app client by which its users sign in. */
export type DemoPool = Pick<DemoUser, 'userPoolId' | 'clientId'>;

/** A demo user who has signed in. */
export interface SignedInUser extends DemoUser {
  readonly accessToken: string;
}

const USER_FILE = 'demo-user';
/** Without a role Cognito sends no SMS. The sandbox does not check it. */
const SMS_ROLE = 'arn:aws:iam::000000000000:role/cognito-sandbox-sms';
const SES_IDENTITY = 'arn:aws:ses:us-east-1:000000000000:identity/example.com';

/** Signs in the user of the last start. Undefined when there is none, or the sandbox no longer knows it. */
export async function findDemoUser(
  cognito: CognitoIdentityProviderClient,
  folder: StackFolder,
): Promise<SignedInUser | undefined> {
  const user = parseJson(DemoUser, await folder.readText(USER_FILE));
  if (user === undefined) return undefined;
  try {
    const signedIn = await signIn(cognito, user);
    await unverify(cognito, signedIn);
    return signedIn;
  } catch {
    // It is another sandbox, or its state was deleted. A new user costs nothing.
    return undefined;
  }
}

/** Makes a user in the pool, keeps it for the next start, and signs it in. */
export async function makeDemoUser(
  cognito: CognitoIdentityProviderClient,
  folder: StackFolder,
  { userPoolId, clientId }: DemoPool,
): Promise<SignedInUser> {
  const username = `zoe-${randomBytes(2).toString('hex')}`;
  const password = `Aa1!${randomBytes(12).toString('base64url')}`;
  await cognito.send(
    new AdminCreateUserCommand({
      UserPoolId: userPoolId,
      Username: username,
      MessageAction: 'SUPPRESS',
      UserAttributes: [
        { Name: 'email', Value: `${username}@example.com` },
        // 555-0100 to 555-0199 are set aside for fiction.
        { Name: 'phone_number', Value: `+120255501${randomInt(10, 100)}` },
      ],
    }),
  );
  const credentials = { UserPoolId: userPoolId, Username: username, Password: password };
  await cognito.send(new AdminSetUserPasswordCommand({ ...credentials, Permanent: true }));
  const user = { userPoolId, clientId, username, password };
  await folder.writePrivate(USER_FILE, `${JSON.stringify(user, null, 2)}\n`);
  return await signIn(cognito, user);
}

/** Signs the user in. The access token lives an hour. */
export async function signIn(cognito: CognitoIdentityProviderClient, user: DemoUser): Promise<SignedInUser> {
  const { AuthenticationResult: result } = await cognito.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: user.clientId,
      AuthParameters: { USERNAME: user.username, PASSWORD: user.password },
    }),
  );
  if (result?.AccessToken === undefined) throw new Error(`${user.username} got no access token`);
  return { ...user, accessToken: result.AccessToken };
}

/** Makes the user pool of the demo users, and its app client. */
export async function makePool(cognito: CognitoIdentityProviderClient): Promise<DemoPool> {
  const { UserPool: pool } = await cognito.send(
    new CreateUserPoolCommand({
      PoolName: 'local-stack',
      SmsConfiguration: { SnsCallerArn: SMS_ROLE, ExternalId: 'local-stack' },
      // With Cognito's own sender the pool would have 50 e-mails a day.
      EmailConfiguration: { EmailSendingAccount: 'DEVELOPER', SourceArn: SES_IDENTITY },
    }),
  );
  const { UserPoolClient: client } = await cognito.send(
    new CreateUserPoolClientCommand({
      UserPoolId: pool?.Id,
      ClientName: 'onboarding',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    }),
  );
  if (pool?.Id === undefined || client?.ClientId === undefined) throw new Error('the sandbox made no user pool');
  return { userPoolId: pool.Id, clientId: client.ClientId };
}

/**
 * Sets a verified address again, which removes its verified flag, so that there is something to verify. It leaves an
 * address alone that is not verified: a change would end a code that is on its way.
 */
async function unverify(cognito: CognitoIdentityProviderClient, user: SignedInUser): Promise<void> {
  const { UserAttributes = [] } = await cognito.send(new GetUserCommand({ AccessToken: user.accessToken }));
  const valueOf = (name: string) => UserAttributes.find(({ Name }) => Name === name)?.Value;
  const email = valueOf('email');
  if (valueOf('email_verified') !== 'true' || email === undefined) return;
  await cognito.send(
    new AdminUpdateUserAttributesCommand({
      UserPoolId: user.userPoolId,
      Username: user.username,
      UserAttributes: [{ Name: 'email', Value: email }],
    }),
  );
}
