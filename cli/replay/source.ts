/** Where `replay` takes histories from: files, or a namespace. */
import { explainServiceError, readServiceError } from '@cognito-verification/client';
import { GRPC_STATUS, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { listHistoryFiles, readHistoryFiles, type UnreadableFile } from '../../replay/history-files.js';
import {
  fetchHistories,
  type LiveSelection,
  queryOf,
  sampleRuns,
  type UnfetchedRun,
} from '../../replay/live-histories.js';
import type { RecordedHistory } from '../../replay/recorded-history.js';
import type { TemporalConfig } from '../../temporal/config.js';
import { connectClient } from '../../temporal/connect-client.js';
import { explainMissingNamespace } from '../../temporal/missing-namespace.js';
import { UsageError } from '../usage-error.js';
import type { ReplayCommandOptions } from './options.js';

/** A history, and the file that holds it. */
export interface SourcedHistory extends RecordedHistory {
  file?: string | undefined;
}

export interface ReplaySource {
  histories: AsyncIterable<SourcedHistory | UnreadableFile | UnfetchedRun>;
  /** How many histories there are. */
  count: () => number;
  /** For the report. */
  about: SourceFacts;
  /** The sentence for a source without histories. */
  nothing: string;
  close: () => Promise<void>;
}

export type SourceFacts =
  | { files: number }
  | {
      namespace: string;
      query: string;
      /** How many verifications the query found. */
      matched: number;
      /** The query finds more, which were not looked at. */
      truncated: boolean;
      /** How many were chosen. */
      taken: number;
      /** How many of them the namespace had removed before they were fetched. */
      gone: number;
    };

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_LIMIT = 500;
/** For each replay worker: it needs 20 ms for a history, and a request to another region takes several times that. */
const FETCHED_AHEAD = 4;

/**
 * @param temporal where the namespace is; undefined for paths
 * @throws UsageError, VerificationError for an error of the namespace
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
      histories: withErrorsExplained(fetched, namespace),
      count: () => about.taken - about.gone,
      about,
      nothing: `Namespace "${namespace}" has no verification with: ${about.query}.`,
      close,
    };
  } catch (error) {
    await close();
    throw explain(error, namespace);
  }
}

async function* withErrorsExplained<T>(items: AsyncIterable<T>, namespace: string): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw explain(error, namespace);
  }
}

function explain(error: unknown, namespace: string): unknown {
  const known = explainMissingNamespace(error, namespace);
  if (known !== error) return known;
  const service = readServiceError(error);
  if (service?.code === GRPC_STATUS.INVALID_ARGUMENT && !service.words.includes(SEARCH_ATTRIBUTES.state)) {
    return new UsageError(`--query: Temporal does not accept it: ${service.words}.`);
  }
  return explainServiceError(error, namespace) ?? error;
}
