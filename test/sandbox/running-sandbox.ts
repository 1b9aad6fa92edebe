import {
  CognitoIdentityProviderClient,
  CognitoIdentityProviderServiceException,
  GetUserAttributeVerificationCodeCommand,
  UpdateUserAttributesCommand,
  VerifyUserAttributeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Sandbox, type SandboxUser, type Switches, startSandbox } from '../../sandbox/index.js';

/** A fixed time, at half past the hour, so that tests can reach windows and lifetimes to the millisecond. */
export const NOON = Date.UTC(2026, 0, 5, 12, 30, 0);
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

type Attribute = 'email' | 'phone_number';

/** One sandbox for a test file, with the real SDK; switches, faults and triggers are reset after each test. */
export class RunningSandbox {
  #sandbox: Sandbox | undefined;
  #client: CognitoIdentityProviderClient | undefined;
  #switches: Switches | undefined;

  constructor() {
    beforeAll(async () => {
      this.#sandbox = await startSandbox({ clock: () => NOON });
      this.#switches = this.#sandbox.switches();
      this.#client = sdkFor(this.#sandbox);
    });
    afterEach(() => {
      this.sandbox.clearFaults();
      this.sandbox.setCustomMessage(undefined);
      if (this.#switches !== undefined) this.sandbox.setSwitches(this.#switches);
    });
    afterAll(async () => {
      this.#client?.destroy();
      await this.#sandbox?.close();
    });
  }

  get sandbox(): Sandbox {
    if (this.#sandbox === undefined) throw new Error('The sandbox has not been started');
    return this.#sandbox;
  }

  get client(): CognitoIdentityProviderClient {
    if (this.#client === undefined) throw new Error('The sandbox has not been started');
    return this.#client;
  }

  /** Requests a code as the user, with a valid token. */
  async send(user: SandboxUser, attribute: string = 'email', metadata?: Record<string, string>) {
    const command = new GetUserAttributeVerificationCodeCommand({
      AccessToken: await this.sandbox.issueAccessToken(user),
      AttributeName: attribute,
      ...(metadata !== undefined && { ClientMetadata: metadata }),
    });
    return (await this.client.send(command)).CodeDeliveryDetails;
  }

  /** Requests a code and takes it from the inbox. */
  async sendAndRead(user: SandboxUser, attribute: Attribute = 'email'): Promise<string> {
    await this.send(user, attribute);
    return this.sandbox.codeFor(user, attribute);
  }

  /** Changes the user's e-mail address, as the user. */
  async changeEmail(user: SandboxUser, email: string) {
    return this.client.send(
      new UpdateUserAttributesCommand({
        AccessToken: await this.sandbox.issueAccessToken(user),
        UserAttributes: [{ Name: 'email', Value: email }],
      }),
    );
  }

  /** Submits a code as the user, with a valid token. */
  async verify(user: SandboxUser, code: string, attribute: string = 'email') {
    const AccessToken = await this.sandbox.issueAccessToken(user);
    return this.client.send(new VerifyUserAttributeCommand({ AccessToken, AttributeName: attribute, Code: code }));
  }
}

/** The SDK as the worker uses it: no retries of its own. */
export function sdkFor(sandbox: Sandbox): CognitoIdentityProviderClient {
  return new CognitoIdentityProviderClient({
    region: 'eu-central-1',
    endpoint: sandbox.url,
    maxAttempts: 1,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
}

/** The exception of a call; throws if the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string; status: number }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof CognitoIdentityProviderServiceException)) throw error;
    return { name: error.name, message: error.message, status: error.$metadata.httpStatusCode ?? 0 };
  }
  throw new Error('The call was expected to be refused, and was not');
}

/** A code of the right form that differs from these. */
export function otherThan(...codes: string[]): string {
  for (let candidate = 0; ; candidate += 1) {
    const code = candidate.toString().padStart(6, '0');
    if (!codes.includes(code)) return code;
  }
}
