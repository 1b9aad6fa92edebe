import { LACKS_A_KEY, printable } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
// The SDK has no public functions that open one payload or failure of a history.
import { decode, decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { SealingError, type VerificationError, WorkerUnavailableError } from './errors.js';
import { type CallTarget, isOfCodec } from './service-errors.js';

/** The end of the newest workflow task is among so many events, unless a flood of messages has come since. */
const NEWEST_EVENTS = 50;

/** One run of a verification. */
interface AskedRun extends CallTarget {
  readonly runId: string;
}

/**
 * Why no worker can go on with an open verification: its newest workflow task has failed, so Temporal tries it again and again.
 * Undefined where that is not so. Throws Temporal's own errors.
 */
export async function whyStalled(client: Client, run: AskedRun): Promise<VerificationError | undefined> {
  const failure = await newestTaskFailure(client, run);
  if (!failure) return undefined;
  const { workflowId, namespace } = run;
  const remove = `To remove it: temporal workflow terminate --namespace ${namespace} --workflow-id ${workflowId} (the next start may then have to wait for an hour, because nobody can read what this one has sent).`;
  const sealed = (await startOf(client, run))?.input?.payloads?.[0];
  const goesOn = `It was started with the key ${keyIdOf(sealed)}: if that is a wrong key, correct it in the process that started it. Only once the workers have the key that they lack, the verification goes on and what it was asked takes effect, a cancellation too. ${remove}`;
  try {
    const { message = '' } = (await decodeOptionalFailureToOptionalError(converterOf(client), failure)) ?? {};
    return new WorkerUnavailableError(
      message.startsWith(LACKS_A_KEY)
        ? `A worker has tried, and cannot open "${workflowId}". ${printable(message)} ${goesOn}`
        : `A worker has tried, and cannot go on with "${workflowId}": its workflow task fails, and Temporal tries it again and again. The worker's log says why. Before it succeeds nothing takes effect, not even a cancellation. ${remove}`,
    );
  } catch (cause) {
    if (!isOfCodec(cause)) throw cause;
    return new SealingError(
      `A worker has tried, and cannot go on with "${workflowId}". What it says cannot be opened in this process: ${cause.message} Check the keys of this process first. ${goesOn}`,
      { cause },
    );
  }
}

/**
 * Whether this process lacks the key that sealed the request of a verification that does not answer. Undefined where it has it.
 * Throws Temporal's own errors.
 */
export async function whyUnopened(client: Client, run: AskedRun): Promise<SealingError | undefined> {
  const payloads = (await startOf(client, run))?.input?.payloads ?? [];
  try {
    await decode(converterOf(client).payloadCodecs, payloads);
    return undefined;
  } catch (cause) {
    if (!isOfCodec(cause)) throw cause;
    // One that was changed on its way says nothing about the keys of this process.
    if (cause.code !== 'UnknownKey') return undefined;
    return new SealingError(
      `This process lacks the key of the request of "${run.workflowId}". ${cause.message} No worker answered either.`,
      { cause },
    );
  }
}

/** What a worker said when it failed the newest workflow task that has ended. What the server fails by itself is no stall. */
async function newestTaskFailure(client: Client, { namespace, workflowId, runId }: AskedRun) {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution: { workflowId, runId },
    maximumPageSize: NEWEST_EVENTS,
  });
  const end = history?.events?.find(
    (event) => event.workflowTaskCompletedEventAttributes || event.workflowTaskFailedEventAttributes,
  );
  const failure = end?.workflowTaskFailedEventAttributes?.failure;
  return failure?.serverFailureInfo || failure?.resetWorkflowFailureInfo ? undefined : failure;
}

async function startOf(client: Client, { namespace, workflowId, runId }: AskedRun) {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes;
}

function converterOf(client: Client) {
  return client.options.loadedDataConverter;
}

/** The id that a sealed payload names, as in Temporal's samples of codecs. Nothing proves that it is true. */
function keyIdOf(payload: { metadata?: Record<string, Uint8Array> | null } | undefined): string {
  const id = payload?.metadata?.['encryption-key-id'];
  return id ? JSON.stringify(printable(Buffer.from(id).toString().slice(0, 200))) : 'of an unsealed payload';
}
