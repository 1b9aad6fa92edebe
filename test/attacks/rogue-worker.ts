/** A process that may write to the namespace and has no key: it takes workflow tasks, and answers with what it has seen. */
import { randomUUID } from 'node:crypto';
import type { WorkflowClient } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';

const { update } = proto.temporal.api;
const { CommandType, QueryResultType } = proto.temporal.api.enums.v1;

/** What is written in a history, by the one who may read it. */
type Event = proto.temporal.api.history.v1.IHistoryEvent;
type Payloads = readonly Payload[];

/** What it answers with. */
export interface Loot {
  /** To every update. */
  updates?: Payloads | undefined;
  /** To every update, as a failure. */
  refusals?: proto.temporal.api.failure.v1.IFailure | undefined;
  /** To every query. */
  queries?: Payloads | undefined;
  /** Ends the workflow with it. */
  outcome?: Payloads | undefined;
}

export class RogueWorker {
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;

  constructor(
    private readonly client: WorkflowClient,
    private readonly taskQueue: string,
    private readonly loot: Loot,
  ) {
    this.done = this.work();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async work(): Promise<void> {
    const { workflowService: service, connection } = this.client;
    while (!this.stopping.signal.aborted) {
      const poll = () =>
        service.pollWorkflowTaskQueue({ namespace: 'default', taskQueue: { name: this.taskQueue }, identity: 'rogue' });
      const listening = () => connection.withAbortSignal(this.stopping.signal, poll);
      const task = await connection.withDeadline(Date.now() + 60_000, listening).catch(() => undefined);
      if (!task?.taskToken?.length) continue;
      if (task.query) {
        const payloads = [...(this.loot.queries ?? [])];
        await service.respondQueryTaskCompleted({
          namespace: 'default',
          taskToken: task.taskToken,
          completedType: QueryResultType.QUERY_RESULT_TYPE_ANSWERED,
          queryResult: { payloads },
        });
        continue;
      }
      const asked = this.loot.updates || this.loot.refusals ? (task.messages ?? []) : [];
      const messages = asked.flatMap((message) => this.answersTo(message));
      await service
        .respondWorkflowTaskCompleted({
          namespace: 'default',
          taskToken: task.taskToken,
          identity: 'rogue',
          messages,
          commands: [
            ...messages.map(({ id }) => ({
              commandType: CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE,
              protocolMessageCommandAttributes: { messageId: id ?? '' },
            })),
            ...(this.loot.outcome
              ? [
                  {
                    commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
                    completeWorkflowExecutionCommandAttributes: { result: { payloads: [...this.loot.outcome] } },
                  },
                ]
              : []),
          ],
        })
        .catch(() => undefined);
    }
  }

  private answersTo(message: proto.temporal.api.protocol.v1.IMessage): proto.temporal.api.protocol.v1.IMessage[] {
    const request = update.v1.Request.decode(message.body?.value ?? new Uint8Array());
    const { protocolInstanceId = '' } = message;
    const of = (name: string, value: Uint8Array) => ({
      id: `${protocolInstanceId}/${randomUUID()}`,
      protocolInstanceId,
      body: { type_url: `type.googleapis.com/temporal.api.update.v1.${name}`, value },
    });
    const { updates, refusals: failure } = this.loot;
    const outcome = failure ? { failure } : { success: { payloads: [...(updates ?? [])] } };
    const accepted = {
      acceptedRequestMessageId: message.id ?? '',
      acceptedRequestSequencingEventId: message.eventId ?? null,
      acceptedRequest: request,
    };
    return [
      of('Acceptance', update.v1.Acceptance.encode(accepted).finish()),
      of('Response', update.v1.Response.encode({ meta: request.meta ?? null, outcome }).finish()),
    ];
  }
}

/** Every event of a run. */
export async function eventsOf(client: WorkflowClient, workflowId: string, runId?: string): Promise<Event[]> {
  return (await client.getHandle(workflowId, runId).fetchHistory()).events ?? [];
}

/** The payloads of the newest message or answer of this name. */
export const lootOf = {
  message: (events: Event[], update: string): Payload[] =>
    events.findLast(
      (event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name === update,
    )?.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.args?.payloads ?? [],
  signal: (events: Event[]): Payload[] =>
    events.findLast((event) => event.workflowExecutionSignaledEventAttributes)?.workflowExecutionSignaledEventAttributes
      ?.input?.payloads ?? [],
  answer: (events: Event[], update: string): Payload[] =>
    events.findLast((event) =>
      event.workflowExecutionUpdateCompletedEventAttributes?.meta?.updateId?.startsWith(`${update}/`),
    )?.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success?.payloads ?? [],
  outcome: (events: Event[]): Payload[] =>
    events.findLast((event) => event.workflowExecutionCompletedEventAttributes)
      ?.workflowExecutionCompletedEventAttributes?.result?.payloads ?? [],
};
