/** Where stories are played: the time-skipping server, the worker, the sandbox, and ways for each call to go wrong. */
import {
  AdminUpdateUserAttributesCommand,
  type CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { VerificationClient } from '@cognito-verification/client';
import type { AttributeName } from '@cognito-verification/contract';
import { activityInfo } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import type { Sandbox } from '../../sandbox/index.js';
import { type Rig, startRig } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';
import { ATTEMPT_TROUBLES, READ_TROUBLES, SEND_TROUBLES, type Trouble, type Troubles } from './faults.js';
import { type Described, ServerTime } from './server-time.js';

export const OPERATIONS = {
  send: 'GetUserAttributeVerificationCode',
  update: 'UpdateUserAttributes',
  attempt: 'VerifyUserAttribute',
  read: 'GetUser',
} as const;

const TABLES = { send: SEND_TROUBLES, attempt: ATTEMPT_TROUBLES, read: READ_TROUBLES };

/** Has the right form. The sandbox never generates it: its codes count up from 100001. */
export const WRONG_CODE = '000007';

/** What happens by itself happens within seconds, even on a busy machine. */
const PATIENCE_MS = 15_000;

/** More than a batch has, also of `test/attacks`. */
const LOOKED_AT = 150;

interface TestUser {
  userPoolId: string;
  username: string;
}

export class ModelRig {
  readonly client: VerificationClient;
  /** It checks the tokens, as a start with a new value needs. */
  readonly checking: VerificationClient;
  /** Every verification that was started here, for a replay. */
  readonly started: string[] = [];
  readonly serverTime: ServerTime;
  private readonly faults = new Map<string, string[]>();
  private readonly admin: CognitoIdentityProviderClient;

  private constructor(
    readonly base: Rig,
    private readonly unreachable: Map<string, number>,
    /** The limit in real time for what must happen by itself. */
    readonly patienceMs: number,
  ) {
    const client = new Client({ connection: base.env.connection, dataConverter: base.dataConverter });
    this.admin = sdkFor(base.sandbox);
    this.serverTime = new ServerTime(base.env, (id) => this.describe(id));
    // A caller that waits for a send that is being retried needs time to pass, which takes a while, and others act meanwhile.
    const options = {
      client,
      userPools: base.userPools,
      taskQueue: base.taskQueue,
      now: base.now,
      timeout: '30 minutes' as const,
    };
    // Callers in these stories bring forged and expired tokens, which our own client would keep from the workflow.
    this.client = new VerificationClient({ ...options, uncheckedTokens: true });
    this.checking = new VerificationClient(options);
  }

  /** @param workflowBundlePath a bundle other than that of the build */
  static async open({
    workflowBundlePath,
    patienceMs = PATIENCE_MS,
  }: {
    workflowBundlePath?: string;
    patienceMs?: number;
  } = {}): Promise<ModelRig> {
    const unreachable = new Map<string, number>();
    let codes = 100_000;
    const rig = await startRig('timeSkipping', {
      sandbox: { generateCode: () => String(++codes) },
      cognito: (sandbox) => new TroubledClients(sandbox, unreachable),
      ...(workflowBundlePath === undefined ? {} : { workflowBundlePath }),
    });
    return new ModelRig(rig, unreachable, patienceMs);
  }

  async close(): Promise<void> {
    this.admin.destroy();
    await this.base.close();
  }

  /** The server's time, with the sandbox's clock moved up to it. */
  async now(): Promise<number> {
    const now = await this.base.env.currentTimeMs();
    catchUp(this.base.sandbox, now);
    return now;
  }

  /** Lets time pass on the server and in the sandbox. */
  async pass(ms: number): Promise<number> {
    await this.serverTime.pass(ms, this.started.slice(-LOOKED_AT));
    return await this.now();
  }

  /**
   * Sets what goes wrong for the user from now on, in place of earlier troubles.
   * @param sends the operation that meets what goes wrong with a send
   */
  trouble({ userPoolId, username }: TestUser, troubles: Troubles, sends: 'send' | 'update' = 'send'): void {
    const { sandbox } = this.base;
    for (const id of this.faults.get(username) ?? []) sandbox.clearFaults(id);
    const set: string[] = [];
    for (const call of ['send', 'attempt', 'read'] as const) {
      const operation = OPERATIONS[call === 'send' ? sends : call];
      const place = `${userPoolId} ${operation}`;
      this.unreachable.delete(place);
      const trouble = troubles[call];
      if (!trouble) continue;
      const { fault } = (TABLES[call] as Record<string, Trouble<string>>)[trouble.name] ?? {};
      // Cognito always says what it has sent for a change, in a pool that verifies the attribute.
      if (fault && 'emptyAnswer' in fault && operation === OPERATIONS.update) continue;
      if (fault) {
        const times = trouble.once ? { times: 1 } : {};
        set.push(sandbox.setFault({ operation, username, ...fault, ...times }));
      } else this.unreachable.set(place, trouble.once ? 1 : Number.POSITIVE_INFINITY);
    }
    this.faults.set(username, set);
  }

  /** A verification as the server shows it; undefined before its start. */
  async describe(workflowId: string): Promise<Described | undefined> {
    const { env } = this.base;
    const request = { namespace: 'default', execution: { workflowId } };
    const response = await env.connection.workflowService.describeWorkflowExecution(request).catch(() => undefined);
    if (!response) return undefined;
    const { pendingActivities, workflowExecutionInfo } = response;
    const ms = (time?: { seconds?: unknown; nanos?: number | null } | null) =>
      time ? Number(time.seconds) * 1000 + (time.nanos ?? 0) / 1e6 : 0;
    // This server shows an activity that waits for its retry as one that runs.
    const retrying = (pendingActivities ?? []).filter(
      ({ lastFailure, lastStartedTime, lastAttemptCompleteTime }) =>
        lastFailure && ms(lastAttemptCompleteTime) >= ms(lastStartedTime),
    ).length;
    const closeTime = workflowExecutionInfo?.closeTime;
    return {
      events: Number(workflowExecutionInfo?.historyLength),
      running: (pendingActivities?.length ?? 0) - retrying,
      retrying,
      ...(closeTime ? { closedAt: ms(closeTime) } : {}),
    };
  }

  /** Verifies the attribute without a message to the verification. */
  async verify({ userPoolId, username }: TestUser, attributeName: AttributeName): Promise<void> {
    const UserAttributes = [{ Name: `${attributeName}_verified`, Value: 'true' }];
    await this.admin.send(
      new AdminUpdateUserAttributesCommand({ UserPoolId: userPoolId, Username: username, UserAttributes }),
    );
  }

  /** Changes the address, upon which Cognito sends a code by itself. By an operation that meets no trouble of the story. */
  async change({ userPoolId, username }: TestUser, attributeName: AttributeName, value: string): Promise<void> {
    const UserAttributes = [{ Name: attributeName, Value: value }];
    await this.admin.send(
      new AdminUpdateUserAttributesCommand({ UserPoolId: userPoolId, Username: username, UserAttributes }),
    );
  }

  /** Makes another app client in the user's pool, which may read only these attributes. */
  async clientThatReads({ userPoolId }: TestUser, ReadAttributes: string[]): Promise<string> {
    const command = new CreateUserPoolClientCommand({ UserPoolId: userPoolId, ClientName: 'reads', ReadAttributes });
    const { UserPoolClient } = await this.admin.send(command);
    return UserPoolClient?.ClientId ?? '';
  }

  /** Between batches: finished verifications need not be searched any more. */
  forget(): void {
    this.base.sandbox.clearFaults();
    this.base.sandbox.clearCalls();
    this.base.sandbox.clearInbox();
    this.faults.clear();
    this.unreachable.clear();
  }
}

function catchUp(sandbox: Sandbox, now: number): void {
  const behind = now - sandbox.now().getTime();
  if (behind > 0) sandbox.advanceClock(behind);
}

/**
 * Clients that reach no server for calls that must not reach one. An activity asks for them, so at that moment they know the
 * server's time, which may have skipped hours: they move the sandbox's clock up to it before the call.
 */
class TroubledClients implements CognitoClients {
  private readonly real: CognitoClients;
  private readonly nobody = createCognitoClients({ endpoint: 'http://127.0.0.1:9' });

  constructor(
    private readonly sandbox: Sandbox,
    private readonly unreachable: Map<string, number>,
  ) {
    this.real = createCognitoClients({ endpoint: sandbox.url });
  }

  forUserPool(userPoolId: string): CognitoIdentityProviderClient {
    catchUp(this.sandbox, activityInfo().currentAttemptScheduledTimestampMs);
    const real = this.real.forUserPool(userPoolId);
    const nobody = this.nobody.forUserPool(userPoolId);
    const send: CognitoIdentityProviderClient['send'] = (...args: unknown[]) => {
      const [command] = args as [object];
      const place = `${userPoolId} ${command.constructor.name.replace(/Command$/, '')}`;
      const times = this.unreachable.get(place) ?? 0;
      if (times > 0) this.unreachable.set(place, times - 1);
      const client = times > 0 ? nobody : real;
      return (client.send as (...given: unknown[]) => never)(...args);
    };
    return { send } as CognitoIdentityProviderClient;
  }

  destroy(): void {
    this.real.destroy();
    this.nobody.destroy();
  }
}
