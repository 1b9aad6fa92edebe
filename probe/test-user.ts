/** A user of the probe's own, and everything that the probe does as that user. */
import { randomBytes } from 'node:crypto';
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminSetUserPasswordCommand,
  type AttributeType,
  GetUserAttributeVerificationCodeCommand,
  GetUserCommand,
  UpdateUserAttributesCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { ACCEPTED, type Answer, type CognitoCalls } from './cognito-calls.js';
import { ProbeError } from './probe-error.js';

/** Every test user's name begins with it, and the probe deletes no other user. */
export const USER_PREFIX = 'cognito-verification-probe-';

/** Cognito's answer to a send, or to a change that sends. */
export interface Sent {
  readonly answer: Answer;
  /** The masked destination. It is not kept. */
  readonly destination?: string | undefined;
}

/** A token is renewed so long before it ends. */
const RENEW_MS = 60_000;

/** One test user. Its password and its tokens are in memory only: another process gives it another password. */
export class TestUser {
  private signedIn: { password: string; token: string; untilMs: number } | undefined;

  constructor(
    private readonly calls: CognitoCalls,
    readonly name: string,
  ) {
    if (!name.startsWith(USER_PREFIX)) throw new RangeError(`${name} is no test user`);
  }

  /** Makes the user, who gets no message. */
  async create(attributes: Readonly<Record<string, string>>): Promise<void> {
    const { client, userPoolId: UserPoolId } = this.calls;
    const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
    await this.calls.require(
      'AdminCreateUser',
      () =>
        client.send(
          new AdminCreateUserCommand({
            UserPoolId,
            Username: this.name,
            UserAttributes,
            MessageAction: 'SUPPRESS',
            TemporaryPassword: newPassword(),
          }),
        ),
      {
        AliasExistsException:
          'Another user of the pool has the address of --email or --other-email. Give addresses that no user of the pool has.',
        UsernameExistsException: 'Run it again.',
        ResourceNotFoundException: 'Check --user-pool and the region of the AWS credentials.',
      },
    );
  }

  /** Deletes the user. It may be gone already. */
  async delete(): Promise<void> {
    const { client, userPoolId: UserPoolId } = this.calls;
    const { answer } = await this.calls.make('AdminDeleteUser', () =>
      client.send(new AdminDeleteUserCommand({ UserPoolId, Username: this.name })),
    );
    if (answer !== ACCEPTED && answer !== 'UserNotFoundException') {
      throw new ProbeError('UnexpectedAnswer', `Cognito did not delete the test user ${this.name}: ${answer}.`);
    }
  }

  /** Asks for a code for the attribute. */
  async send(AttributeName: string): Promise<Sent> {
    const AccessToken = await this.token();
    const { answer, output } = await this.calls.make('GetUserAttributeVerificationCode', () =>
      this.calls.client.send(new GetUserAttributeVerificationCodeCommand({ AccessToken, AttributeName })),
    );
    return { answer, destination: output?.CodeDeliveryDetails?.Destination };
  }

  /** Submits a code. */
  async verify(AttributeName: string, Code: string): Promise<Answer> {
    const AccessToken = await this.token();
    const { answer } = await this.calls.make('VerifyUserAttribute', () =>
      this.calls.client.send(new VerifyUserAttributeCommand({ AccessToken, AttributeName, Code })),
    );
    return answer;
  }

  /** Changes the user's e-mail; an empty one removes it. */
  async changeEmail(Value: string): Promise<Sent> {
    const AccessToken = await this.token();
    const UserAttributes = [{ Name: 'email', Value }];
    const { answer, output } = await this.calls.make('UpdateUserAttributes', () =>
      this.calls.client.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes })),
    );
    return { answer, destination: output?.CodeDeliveryDetailsList?.[0]?.Destination };
  }

  /** What the user sees of the account; undefined if that was refused. */
  async attributes(): Promise<ReadonlyMap<string, string> | undefined> {
    const AccessToken = await this.token();
    const { output } = await this.calls.make('GetUser', () =>
      this.calls.client.send(new GetUserCommand({ AccessToken })),
    );
    return output && byName(output.UserAttributes);
  }

  /** What the pool has of the account. */
  async truth(): Promise<ReadonlyMap<string, string>> {
    const { client, userPoolId: UserPoolId } = this.calls;
    const output = await this.calls.require('AdminGetUser', () =>
      client.send(new AdminGetUserCommand({ UserPoolId, Username: this.name })),
    );
    return byName(output.UserAttributes);
  }

  private async token(): Promise<string> {
    const { clock } = this.calls;
    if (this.signedIn !== undefined && clock.now() < this.signedIn.untilMs - RENEW_MS) return this.signedIn.token;
    const password = this.signedIn?.password ?? (await this.setPassword());
    const { token, seconds } = await this.signIn(password);
    this.signedIn = { password, token, untilMs: clock.now() + seconds * 1_000 };
    return token;
  }

  private async setPassword(): Promise<string> {
    const { client, userPoolId: UserPoolId } = this.calls;
    const Password = newPassword();
    await this.calls.require('AdminSetUserPassword', () =>
      client.send(new AdminSetUserPasswordCommand({ UserPoolId, Username: this.name, Password, Permanent: true })),
    );
    return Password;
  }

  private async signIn(PASSWORD: string): Promise<{ token: string; seconds: number }> {
    const { client, userPoolId: UserPoolId, clientId: ClientId } = this.calls;
    const { AuthenticationResult: result, ChallengeName } = await this.calls.require(
      'AdminInitiateAuth',
      () =>
        client.send(
          new AdminInitiateAuthCommand({
            UserPoolId,
            ClientId,
            AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
            AuthParameters: { USERNAME: this.name, PASSWORD },
          }),
        ),
      {
        InvalidParameterException:
          'The app client must allow ALLOW_ADMIN_USER_PASSWORD_AUTH (ExplicitAuthFlows). docs/probe.md has a command that makes such a client.',
        NotAuthorizedException:
          'The app client must have no secret. docs/probe.md has a command that makes such a client.',
        ResourceNotFoundException: 'Check --client: the pool has no such app client.',
      },
    );
    if (result?.AccessToken === undefined) {
      throw new ProbeError(
        'Configuration',
        `The pool asks the test user for ${ChallengeName ?? 'something'} after the password. Take a test pool without a second factor.`,
      );
    }
    return { token: result.AccessToken, seconds: result.ExpiresIn ?? 300 };
  }
}

/** A password that every policy allows: Cognito's shortest may have 99 characters, its longest 256. */
function newPassword(): string {
  return `Aa1!${randomBytes(75).toString('base64url')}`;
}

function byName(attributes: readonly AttributeType[] = []): ReadonlyMap<string, string> {
  return new Map(attributes.map(({ Name, Value }) => [Name ?? '', Value ?? '']));
}
