/** Temporal as the checks ask it. What several checks need is asked for once. */
import { explainServiceError, readServiceError } from '@cognito-verification/client';
import { clientOf, type SettingsClient, unreachable } from '@cognito-verification/client/connection';
import { cognitoTaskQueue, GRPC_STATUS } from '@cognito-verification/contract';
import type { Connection } from '@temporalio/client';
import type { TemporalConfig } from '../temporal/config.js';
import { type Half, type Poller, readPollers } from '../temporal/pollers.js';
import { type QueueLimits, type QueueLoad, readQueueLimits } from '../temporal/queue-limits.js';
import { CouldNotAskError } from './could-not-ask.js';
import { once } from './once.js';

/** A call that takes longer has no answer. */
const CALL_LIMIT_MS = 3_000;

const REFUSALS: readonly number[] = [GRPC_STATUS.PERMISSION_DENIED, GRPC_STATUS.UNAUTHENTICATED];

type WorkflowService = Connection['workflowService'];
export type SystemInfo = Awaited<ReturnType<WorkflowService['getSystemInfo']>>;
export type DescribedNamespace = Awaited<ReturnType<WorkflowService['describeNamespace']>>;

export class TemporalService {
  private made: SettingsClient | undefined;

  /** @param readConfig throws a SettingError where settings are wrong */
  constructor(private readonly readConfig: () => TemporalConfig) {}

  /** @throws SettingError */
  readonly config = once(() => this.readConfig());

  /**
   * Connects, and asks the service who it is.
   * @throws SettingError, TemporalUnavailableError
   */
  readonly reach = once(async (): Promise<SystemInfo> => {
    const config = this.config();
    this.made = clientOf(config);
    const { connection, settled } = this.made;
    await settled();
    try {
      return await connection.withDeadline(Date.now() + CALL_LIMIT_MS, () =>
        connection.workflowService.getSystemInfo({}),
      );
    } catch (cause) {
      throw unreachable(config, cause);
    }
  });

  /**
   * The namespace as the service describes it.
   * @throws CouldNotAskError without a connection; the service's error if it has none of this name
   */
  readonly describeNamespace = once(
    async (): Promise<DescribedNamespace> =>
      await this.call((service, namespace) => service.describeNamespace({ namespace })),
  );

  /**
   * Who polls the task queue of a half.
   * @throws CouldNotAskError without a connection or a namespace; the service's error
   */
  pollers(half: Half): Promise<readonly Poller[]> {
    return this.pollersOf[half]();
  }

  /**
   * The limits of the task queue of calls, and what waits there; undefined if the server keeps no limits.
   * @throws CouldNotAskError without a connection or a namespace; the service's error
   */
  readonly callsQueue = once(async (): Promise<(QueueLimits & QueueLoad) | undefined> => {
    await this.inNamespace();
    const { namespace } = this.config();
    return await readQueueLimits({ connection: await this.connected(), namespace, taskQueue: this.taskQueue('calls') });
  });

  /** @throws SettingError */
  taskQueue(half: Half): string {
    const { taskQueue } = this.config();
    return half === 'calls' ? cognitoTaskQueue(taskQueue) : taskQueue;
  }

  /**
   * Asks the service one thing of the namespace, once it is known to be there.
   * @throws CouldNotAskError without a connection or without the namespace; the service's error, after three seconds at most
   */
  async callInNamespace<Answer>(
    ask: (service: WorkflowService, namespace: string) => Promise<Answer>,
  ): Promise<Answer> {
    await this.inNamespace();
    return await this.call(ask).catch((cause: unknown) => {
      const code = readServiceError(cause)?.code;
      if (code === undefined || !REFUSALS.includes(code)) throw cause;
      throw new CouldNotAskError(
        explainServiceError(cause, this.config().namespace)?.message ?? 'The Temporal Service refuses the question.',
        { text: 'Give this process a permission to read in the namespace, and run doctor again.' },
        {},
        { cause },
      );
    });
  }

  /** @throws CouldNotAskError if the connection is not there, which the check `connection` reports */
  async connected(): Promise<Connection> {
    try {
      await this.reach();
      if (this.made) return this.made.connection;
    } catch (cause) {
      throw notAsked('there is no connection to Temporal', 'connection', cause);
    }
    throw notAsked('there is no connection to Temporal', 'connection');
  }

  /** @throws CouldNotAskError if the namespace is not there, which the check `namespace` reports */
  async inNamespace(): Promise<void> {
    await this.describeNamespace().catch((cause: unknown) => {
      throw cause instanceof CouldNotAskError
        ? cause
        : notAsked('the namespace could not be described', 'namespace', cause);
    });
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    await this.made?.close();
  }

  private readonly pollersOf: Readonly<Record<Half, () => Promise<readonly Poller[]>>> = {
    workflows: once(() => this.askForPollers('workflows')),
    calls: once(() => this.askForPollers('calls')),
  };

  private async askForPollers(half: Half): Promise<readonly Poller[]> {
    return await this.callInNamespace((service, namespace) =>
      readPollers(service, { namespace, taskQueue: this.taskQueue(half), half }),
    );
  }

  private async call<Answer>(ask: (service: WorkflowService, namespace: string) => Promise<Answer>): Promise<Answer> {
    const connection = await this.connected();
    const { namespace } = this.config();
    return await connection.withDeadline(Date.now() + CALL_LIMIT_MS, () => ask(connection.workflowService, namespace));
  }
}

function notAsked(why: string, reportedBy: string, cause?: unknown): CouldNotAskError {
  return new CouldNotAskError(
    `Not asked, because ${why}.`,
    { text: `Do what the check ${reportedBy} says, and run doctor again.` },
    {},
    { cause },
  );
}
