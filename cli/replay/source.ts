/** Where `replay` takes histories from: files, or a namespace. */
import { NotSetUpError, TemporalUnavailableError } from '@cognito-verification/client';
import { GRPC_STATUS } from '@cognito-verification/contract';
import { isGrpcServiceError } from '@temporalio/client';
import { listHistoryFiles, readHistoryFiles, type UnreadableFile } from '../../replay/history-files.js';
import { fetchHistories, type LiveSelection, queryOf, sampleRuns } from '../../replay/live-histories.js';
import type { RecordedHistory } from '../../replay/recorded-history.js';
import type { TemporalConfig } from '../../temporal/config.js';
import { connectClient } from '../../temporal/connect-client.js';
import { explainMissingNamespace } from '../../temporal/connect-error.js';
import { UsageError } from '../usage-error.js';
import type { ReplayCommandOptions } from './options.js';

/** A history, and the file that it is from. */
export interface SourcedHistory extends RecordedHistory {
  file?: string;
}

export interface ReplaySource {
  histories: AsyncIterable<SourcedHistory | UnreadableFile>;
  /** How many there are. */
  count: () => number;
  /** For the report. */
  about: SourceFacts;
  /** The sentence for when there are none. */
  nothing: string;
  close: () => Promise<void>;
}

export type SourceFacts =
  | { files: number }
  | {
      namespace: string;
      query: string;
      /** How many there were to take from. */
      matched: number;
      /** There are more, which nobody has looked at. */
      truncated: boolean;
      taken: number;
      /** Taken, and forgotten by the namespace before they were fetched. */
      gone: number;
    };

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_LIMIT = 500;
/** For each replay worker: it takes 20 ms for one history, and the way to a namespace in another region several times that. */
const FETCHED_AHEAD = 4;

/**
 * @param temporal where the namespace is; undefined for paths
 * @throws UsageError, TemporalConnectError, and VerificationError where the namespace does not do it
 */
export async function openSource(
  paths: readonly string[],
  options: ReplayCommandOptions,
  { workers, temporal }: { workers: number; temporal: TemporalConfig | undefined },
): Promise<ReplaySource> {
  if (temporal) return await openNamespace(options, temporal, workers);
  const files = await listHistoryFiles(paths);
  if (options.workflowId !== undefined && files.length !== 1) throw new UsageError('--workflow-id is for one file.');
  return {
    histories: readHistoryFiles(files, options.workflowId),
    count: () => files.length,
    about: { files: files.length },
    nothing: `There is no history in ${paths.join(', ')}.`,
    close: () => Promise.resolve(),
  };
}

async function openNamespace(
  { query, since, limit }: ReplayCommandOptions,
  temporal: TemporalConfig,
  workers: number,
): Promise<ReplaySource> {
  const { namespace } = temporal;
  const selection: LiveSelection = {
    query,
    since: new Date(Date.now() - (since ?? DAY_MS)),
    limit: limit ?? DEFAULT_LIMIT,
  };
  const { client, close } = await connectClient(temporal);
  try {
    const { runs, matched, truncated } = await sampleRuns(client, selection);
    const about = { namespace, query: queryOf(selection), matched, truncated, taken: runs.length, gone: 0 };
    const fetched = fetchHistories(client, runs, {
      concurrency: workers * FETCHED_AHEAD,
      onGone: () => {
        about.gone += 1;
      },
    });
    return {
      histories: explaining(fetched, namespace),
      count: () => about.taken - about.gone,
      about,
      nothing: `Namespace "${namespace}" has no verification with: ${about.query}.`,
      close,
    };
  } catch (error) {
    await close();
    throw await explained(error, namespace);
  }
}

async function* explaining<T>(items: AsyncIterable<T>, namespace: string): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw await explained(error, namespace);
  }
}

const { INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED } = GRPC_STATUS;

async function explained(error: unknown, namespace: string): Promise<unknown> {
  const known = explainMissingNamespace(error, namespace);
  const service = serviceErrorIn(known);
  if (known !== error || !service) return known;
  const said = service.details.replace(/\.$/, '');
  if (service.code === INVALID_ARGUMENT && /VerificationState/.test(said)) {
    return new NotSetUpError(
      `The namespace "${namespace}" lacks the search attributes of a verification (${said}). Register them: cognito-verification setup`,
      { cause: error },
    );
  }
  if (service.code === INVALID_ARGUMENT) return new UsageError(`--query: Temporal does not take it: ${said}.`);
  const refused = service.code === PERMISSION_DENIED || service.code === UNAUTHENTICATED;
  return new TemporalUnavailableError(
    refused
      ? `The Temporal Service refuses this client (${said}). Check TEMPORAL_API_KEY, the TLS certificate, and whether they may read namespace "${namespace}".`
      : `The Temporal Service did not do it: ${said}.`,
    { cause: error },
  );
}

function serviceErrorIn(error: unknown): { code: number; details: string } | undefined {
  if (isGrpcServiceError(error)) return error;
  return error instanceof Error ? serviceErrorIn(error.cause) : undefined;
}
