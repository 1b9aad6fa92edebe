/** One verification in each state, for tests that inspect them from outside: on pages, in files, in logs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type VerificationClient, VerificationFailedError } from '@cognito-verification/client';
import type { AttributeName, VerificationPolicy, VerificationState } from '@cognito-verification/contract';
import type { Sandbox, SandboxUser } from '../sandbox/index.js';

const SEND = 'GetUserAttributeVerificationCode';
/** Enough for a deadline of one minute on a busy machine. */
const STATE_LIMIT_MS = 150_000;

/** The users' data and input. */
export interface EveryStateOptions {
  /** The domain of their e-mail addresses. */
  domain?: string;
  phoneNumber?: string;
  /** Accompanies every start. */
  clientMetadata?: Record<string, string>;
  /** Has the right form, and the sandbox never generates it. */
  wrongCode?: string;
  policy?: VerificationPolicy;
}

/** Users of one application, with one verification in each state. */
export class EveryState {
  readonly tokens: string[] = [];
  readonly wrongCode: string;
  /** The first pool of the sandbox if there is one: a worker that was told of it serves no other. */
  private poolId: string | undefined;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly client: VerificationClient,
    private readonly options: EveryStateOptions = {},
  ) {
    this.poolId = sandbox.userPoolIds()[0];
    this.wrongCode = options.wrongCode ?? '918273';
  }

  async reach(): Promise<{ userPoolId: string; workflowIds: Record<VerificationState, string> }> {
    // This one starts first, since it takes a minute.
    const expired = await this.start(await this.user('ada'), { deadline: '1 minute' });
    const [sending, rateLimited, awaitingToken, awaitingCode, verified, alreadyVerified, failed, cancelled] =
      await Promise.all([
        this.refused('bob', 'TooManyRequestsException'),
        this.refused('cleo', 'LimitExceededException'),
        this.signedOut('dan'),
        this.mistyped('eve'),
        this.verified('finn'),
        this.user('jo', { emailVerified: true }).then((user) => this.start(user)),
        this.refused('gus', 'InvalidSmsRoleAccessPolicyException', 'phone_number'),
        this.cancelled('hana'),
      ]);
    const ended = { expired, verified, alreadyVerified, failed, cancelled };
    const workflowIds = { ...ended, sending, rateLimited, awaitingToken, awaitingCode };
    await Promise.all(Object.entries(workflowIds).map(([state, workflowId]) => this.until(workflowId, state)));
    return { userPoolId: this.poolId ?? '', workflowIds };
  }

  /** A verification whose user pool quotes in its refusal everything that it received and everything that it knows. */
  async quoted(): Promise<string> {
    const user = await this.user('ines');
    const quotation = [user.accessToken, `ines@${this.options.domain}`, this.options.phoneNumber].join(', ');
    const exception = { name: 'UserLambdaValidationException', message: `CustomMessage failed with: ${quotation}` };
    this.sandbox.setFault({ operation: SEND, username: 'ines', exception });
    return await this.startRefused(user);
  }

  /** Creates a user in the one pool, as in one application. */
  private async user(username: string, flags: { emailVerified?: true } = {}): Promise<SandboxUser> {
    const { domain = 'example.com', phoneNumber = '+12025550123' } = this.options;
    const attributes = { email: `${username}@${domain}`, phone_number: phoneNumber };
    const user = await this.sandbox.createUser({
      username,
      attributes,
      poolId: this.poolId,
      ...flags,
    });
    this.poolId ??= user.userPoolId;
    this.tokens.push(user.accessToken);
    return user;
  }

  private async start(
    { accessToken }: SandboxUser,
    policy: VerificationPolicy = {},
    attributeName: AttributeName = 'email',
  ): Promise<string> {
    const { clientMetadata } = this.options;
    const { workflowId } = await this.client.start({
      accessToken,
      attributeName,
      policy: { ...this.options.policy, ...policy },
      ...(clientMetadata ? { clientMetadata } : {}),
    });
    return workflowId;
  }

  private async refused(username: string, exception: string, attributeName?: AttributeName): Promise<string> {
    const user = await this.user(username);
    this.sandbox.setFault({ operation: SEND, username, exception: { name: exception } });
    return await this.startRefused(user, attributeName);
  }

  private async startRefused(user: SandboxUser, attributeName?: AttributeName): Promise<string> {
    return await this.start(user, {}, attributeName).catch((error: unknown) => {
      // A verification that fails at once answers its start with the failure.
      if (error instanceof VerificationFailedError) return error.workflowId;
      throw error;
    });
  }

  private async signedOut(username: string): Promise<string> {
    const user = await this.user(username);
    this.sandbox.revokeTokens(user);
    return await this.start(user);
  }

  private async mistyped(username: string): Promise<string> {
    const workflowId = await this.start(await this.user(username));
    await this.client.submitCode(workflowId, { code: this.wrongCode });
    return workflowId;
  }

  private async verified(username: string): Promise<string> {
    const user = await this.user(username);
    const workflowId = await this.start(user);
    await this.client.submitCode(workflowId, { code: this.wrongCode });
    await this.client.submitCode(workflowId, { code: this.sandbox.codeFor(user, 'email') });
    return workflowId;
  }

  private async cancelled(username: string): Promise<string> {
    const workflowId = await this.start(await this.user(username));
    await this.client.cancel(workflowId);
    return workflowId;
  }

  private async until(workflowId: string, state: string): Promise<void> {
    const deadline = Date.now() + STATE_LIMIT_MS;
    for (;;) {
      const status = await this.client.status(workflowId);
      if (status.state === state) return;
      if (Date.now() > deadline) throw new Error(`${workflowId} is ${status.state} and should be ${state}`);
      await sleep(250);
    }
  }
}
