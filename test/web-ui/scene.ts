/** What the Web UI is looked at with: a server that has it, and one verification in each state. */
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient, VerificationFailedError } from '@cognito-verification/client';
import { clientDataConverter, encryptionKey, KEY_BYTES, keyRingOf } from '@cognito-verification/codec';
import {
  type AttributeName,
  SEARCH_ATTRIBUTES,
  type VerificationPolicy,
  type VerificationState,
} from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';
import { createWorker } from '../../worker/worker.js';

/** One execution, as the Web UI's addresses name it. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

/** Everything that runs, and what is to be seen. */
export interface Scene {
  readonly uiUrl: string;
  readonly namespace: string;
  readonly userPoolId: string;
  readonly verifications: Readonly<Record<VerificationState, Run>>;
  /** Every token and code that there is: none of them may be on a page. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

const TASK_QUEUE = 'web-ui';
const SEND = 'GetUserAttributeVerificationCode';
/** A deadline of one minute, on a machine that does other things too. */
const STATE_LIMIT_MS = 150_000;

/** Starts everything and brings each verification where it is wanted; takes a little over a minute. */
export async function setScene(): Promise<Scene> {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    // Refusals are what is to be seen here, and no news.
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const server = await startTemporalServer({
      cli: await temporalCli(),
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    closing.push(() => server.close());
    const { address, namespace, uiUrl } = server;
    if (uiUrl === undefined) throw new Error('the server was started without the Web UI');
    const sandbox = await startSandbox({ generateCode: () => String(randomInt(100_000, 900_000)) });
    closing.push(() => sandbox.close());
    const native = await NativeConnection.connect({ address });
    closing.push(() => native.close());
    const cognito = createCognitoClients({ endpoint: sandbox.url });
    closing.push(() => cognito.destroy());
    const keys = keyRingOf(encryptionKey('scene', randomBytes(KEY_BYTES)));
    const worker = await createWorker({ connection: native, namespace, keys, cognito, taskQueue: TASK_QUEUE });
    const running = worker.run();
    closing.push(async () => {
      worker.shutdown();
      await running;
    });
    const connection = await Connection.connect({ address });
    closing.push(() => connection.close());
    const temporal = new Client({ connection, namespace, dataConverter: clientDataConverter(keys) });
    const client = new VerificationClient({
      client: temporal,
      taskQueue: TASK_QUEUE,
      // The throttled one never comes to an answer.
      waitForDelivery: '10 seconds',
    });
    const cast = new Cast(sandbox, client);
    const { userPoolId, workflowIds } = await cast.bringOn();
    const runOf = async (workflowId: string): Promise<Run> => {
      const { runId } = await temporal.workflow.getHandle(workflowId).describe();
      return { workflowId, runId };
    };
    const { expired, sending, rateLimited, awaitingToken, awaitingCode, verified, failed, cancelled } = workflowIds;
    const verifications = {
      sending: await runOf(sending),
      awaitingCode: await runOf(awaitingCode),
      rateLimited: await runOf(rateLimited),
      awaitingToken: await runOf(awaitingToken),
      verified: await runOf(verified),
      expired: await runOf(expired),
      failed: await runOf(failed),
      cancelled: await runOf(cancelled),
    };
    const secrets = [...cast.tokens, ...sandbox.inbox().map(({ code }) => code), WRONG_CODE];
    return { uiUrl, namespace, userPoolId, verifications, secrets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of the right form, and none that this sandbox draws. */
const WRONG_CODE = '918273';

class Cast {
  readonly tokens: string[] = [];
  private poolId: string | undefined;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly client: VerificationClient,
  ) {}

  async bringOn(): Promise<{ userPoolId: string; workflowIds: Record<VerificationState, string> }> {
    // The first to start, for nothing shortens its minute.
    const expired = await this.start(await this.user('ada'), { deadline: '1 minute' });
    const [sending, rateLimited, awaitingToken, awaitingCode, verified, failed, cancelled] = await Promise.all([
      this.refused('bob', 'TooManyRequestsException'),
      this.refused('cleo', 'LimitExceededException'),
      this.signedOut('dan'),
      this.mistyped('eve'),
      this.verified('finn'),
      this.refused('gus', 'InvalidSmsRoleAccessPolicyException', 'phone_number'),
      this.cancelled('hana'),
    ]);
    const workflowIds = { expired, sending, rateLimited, awaitingToken, awaitingCode, verified, failed, cancelled };
    await Promise.all(Object.entries(workflowIds).map(([state, workflowId]) => this.until(workflowId, state)));
    return { userPoolId: this.poolId ?? '', workflowIds };
  }

  /** In one pool, as the users of one application are. */
  private async user(username: string): Promise<SandboxUser> {
    const attributes = { email: `${username}@example.com`, phone_number: '+12025550123' };
    const user = await this.sandbox.createUser({
      username,
      attributes,
      ...(this.poolId === undefined ? {} : { poolId: this.poolId }),
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
    const { workflowId } = await this.client.start({ accessToken, attributeName, policy });
    return workflowId;
  }

  private async refused(username: string, exception: string, attributeName?: AttributeName): Promise<string> {
    const user = await this.user(username);
    this.sandbox.setFault({ operation: SEND, username, exception: { name: exception } });
    return await this.start(user, {}, attributeName).catch((error: unknown) => {
      // A verification that fails at once answers its start with that.
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
    await this.client.submitCode(workflowId, { code: WRONG_CODE });
    return workflowId;
  }

  private async verified(username: string): Promise<string> {
    const user = await this.user(username);
    const workflowId = await this.start(user);
    await this.client.submitCode(workflowId, { code: WRONG_CODE });
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
