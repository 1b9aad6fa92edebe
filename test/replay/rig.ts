/** Where the histories of the corpus are recorded: the real server, the sandbox, and workers that can be taken away. */
import { randomUUID } from 'node:crypto';
import { VerificationClient, VerificationError } from '@cognito-verification/client';
import { type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import { cognitoTaskQueue, type MessageKind, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { Client, type WorkflowUpdateHandle } from '@temporalio/client';
import type { Payload, SerializationContext } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { AccessTokenSource } from '../../activities/access-token-source.js';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { createActivities } from '../../activities/create-activities.js';
import { createWorker } from '../../worker/worker.js';
import { type Opened, type Opening, SEND, TimeTravel } from '../lifecycle/time-travel.js';
import { enough, type Rig, type SandboxUser, startRig } from '../rig.js';
import { stampOf } from '../stamping.js';
import type { Provocation } from './answers.js';

/**
 * Histories are sealed, so that they replay like those of production. Their keys are not secret: everybody needs them, and
 * they only seal tokens and codes of the sandbox. The first key seals; the second belongs to a worker that lacks the first.
 */
export const PUBLIC_TEST_KEYS = [
  `public-test-key:${Buffer.from('public test key; hides nothing!!').toString('base64')}`,
  `public-test-key-2:${Buffer.from('another test key; hides nothing!').toString('base64')}`,
].join();

/** Replaces process id and host name. */
export const IDENTITY = 'recorder';

export function publicTestKeyRing(): KeyRing {
  return keyRingOf(...parseKeys(PUBLIC_TEST_KEYS, 'the public test keys'));
}

/** The key ring of a worker that lacks the sealing key. */
export function lackingKeyRing(): KeyRing {
  const [, second = ''] = PUBLIC_TEST_KEYS.split(',');
  return keyRingOf(...parseKeys(second, 'the second public test key'));
}

/** A worker on a task queue of its own. */
export interface Apart {
  taskQueue: string;
  client: VerificationClient;
  /** Stops the worker after it has finished its work. */
  leave: () => Promise<void>;
  /** Starts it again. */
  comeBack: () => Promise<void>;
}

export interface ApartOptions {
  endpoint?: string;
  accessTokenSource?: AccessTokenSource;
  /** Default: one of its own. */
  taskQueue?: string;
  /** Runs no activities. */
  workflowsOnly?: true;
  /** Runs only activities, with these keys. */
  callsWith?: KeyRing;
  /** Does not run from the beginning. */
  away?: true;
}

export class CorpusRig extends TimeTravel {
  private readonly apartOnes = new Set<Apart>();

  /** @param worker how many workflows the workers keep in memory; default: that of the SDK */
  static async begin(worker: { maxCachedWorkflows?: number } = {}): Promise<CorpusRig> {
    const rig = await startRig('local', { keyRing: publicTestKeyRing(), identity: IDENTITY, ...worker });
    return new CorpusRig(rig, worker);
  }

  private constructor(
    rig: Rig,
    private readonly worker: { maxCachedWorkflows?: number },
  ) {
    super(rig);
  }

  async close(): Promise<void> {
    await Promise.all([...this.apartOnes].map((one) => one.leave()));
    await this.base.close();
  }

  fault({ username }: SandboxUser, operation: string, provocation: Provocation): string {
    return this.base.sandbox.setFault({ operation, username, ...provocation });
  }

  /** Opens a verification whose re-sends are allowed after a moment. */
  async openResendable(opening: Opening = {}): Promise<Opened> {
    const opened = await this.open({ ...opening, policy: { resendCooldown: '1 second', ...opening.policy } });
    await this.until(opened, () => Date.now() > Date.parse(opened.started.resendAllowedAt ?? ''));
    return opened;
  }

  /** Starts a verification with any outcome; the start throws if the first send is refused for good. */
  async openAnyhow(opening: Opening): Promise<Opened> {
    const user = opening.user ?? (await this.user());
    const attributeName = opening.attributeName ?? 'email';
    await tolerated(this.open({ ...opening, user }));
    const id = workflowIdFor({ ...user, attributeName });
    return { user, attributeName, id, started: await this.status({ id } as Opened) };
  }

  /** An update that the workflow has accepted, answered or not. */
  async taken({ id }: Pick<Opened, 'id'>, name: string, message: object): Promise<WorkflowUpdateHandle<unknown>> {
    const handle = this.base.env.client.workflow.getHandle(id);
    return await handle.startUpdate<unknown, [object]>(name, { args: [message], waitForStage: 'ACCEPTED' });
  }

  /**
   * An update whose sender says that it has checked the token's signature. The answer, or the refusal, is for the history.
   * @param message with an access token
   */
  async checkedUpdate({ id }: Pick<Opened, 'id'>, name: MessageKind, message: object): Promise<void> {
    const updateId = `${name}/${randomUUID()}`;
    const args: [object] = [{ ...message, stamp: stampOf(name, { id: updateId, proven: true }) }];
    const handle = this.base.env.client.workflow.getHandle(id);
    await Promise.allSettled([handle.executeUpdate<unknown, [object]>(name, { args, updateId })]);
  }

  /** A re-send that Cognito throttles until the faults of the user are cleared. */
  async throttledResend(opened: Opened): Promise<{ answer: Promise<unknown>; fault: string }> {
    const fault = this.refuse(opened.user, SEND, 'TooManyRequestsException');
    const answer = tolerated(this.resend(opened));
    await this.until(opened, ({ state }) => state === 'sending');
    return { answer, fault };
  }

  /** Starts a verification on a worker of its own, and does not wait for its first send. */
  async openApart(apart: Apart, user: SandboxUser, request: object = {}): Promise<Opened> {
    const id = workflowIdFor({ ...user, attributeName: 'email' });
    await this.base.env.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: id,
      taskQueue: apart.taskQueue,
      args: [{ accessToken: user.accessToken, attributeName: 'email', ...request }],
    });
    return { user, attributeName: 'email', id } as Opened;
  }

  /** Seals as a client does or, with the id of an activity, as a worker does. */
  async sealed(value: unknown, place: { workflowId: string; activityId?: string }): Promise<Payload[]> {
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
    const { activityId, workflowId } = place;
    const context: SerializationContext =
      activityId === undefined
        ? { type: 'workflow', namespace: 'default', workflowId }
        : { type: 'activity', namespace: 'default', workflowId, activityId, isLocal: false };
    return (await this.base.dataConverter.payloadCodecs?.[0]?.encode([payload], context)) ?? [];
  }

  async apart(options: ApartOptions = {}): Promise<Apart> {
    const { env, dataConverter, userPools } = this.base;
    const taskQueue = options.taskQueue ?? `apart-${randomUUID()}`;
    const temporal = new Client({ connection: env.connection, dataConverter, identity: IDENTITY });
    let stop: (() => Promise<void>) | undefined;
    const comeBack = async () => {
      const worker = await this.workerApart(taskQueue, options);
      const run = worker.run();
      stop = async () => {
        worker.shutdown();
        await run;
      };
    };
    const leave = async () => {
      await stop?.();
      stop = undefined;
    };
    const client = new VerificationClient({ client: temporal, userPools, taskQueue, uncheckedTokens: true });
    const apart: Apart = { taskQueue, client, leave, comeBack };
    this.apartOnes.add(apart);
    if (!options.away) await comeBack();
    return apart;
  }

  private async workerApart(
    taskQueue: string,
    { endpoint, accessTokenSource, workflowsOnly, callsWith }: ApartOptions,
  ) {
    const { env, keyRing, sandbox, userPools } = this.base;
    const common = {
      connection: env.nativeConnection,
      namespace: 'default',
      taskQueue,
      identity: IDENTITY,
      allowance: enough(),
      ...this.worker,
    };
    const cognito = createCognitoClients({ endpoint: endpoint ?? sandbox.url });
    if (workflowsOnly) {
      return await createWorker({ ...common, keys: keyRing, userPools, cognito, only: 'workflows' });
    }
    if (callsWith) {
      return await Worker.create({
        ...common,
        taskQueue: cognitoTaskQueue(taskQueue),
        dataConverter: workerDataConverter(callsWith),
        activities: createActivities(cognito, { userPools }),
      });
    }
    return await createWorker({ ...common, keys: keyRing, userPools, cognito, accessTokenSource });
  }
}

/** Waits for an answer and tolerates a refusal, which the history shows. */
export async function tolerated<Answer>(answer: Promise<Answer>): Promise<Answer | VerificationError> {
  return await answer.catch((error: unknown) => {
    if (error instanceof VerificationError) return error;
    throw error;
  });
}
