/** The spans that workflows tell of, on the main thread. */
import { spanOfRun } from '@cognito-verification/contract';
import { SpanKind } from '@opentelemetry/api';
import type { InjectedSinks } from '@temporalio/worker';
import { LRUCache } from 'lru-cache';
import type { TracingSinks } from '../workflows/interceptors/tracing.js';
import { fail, type Spans } from './spans.js';

/** A workflow task that fails is made again within seconds, and tells of the same spans. */
const REMEMBERED = 2_000;

/** Where the interceptors of workflows tell of spans that have ended. Each is exported once, also where a workflow task is made again. */
export function workflowSpans(spans: Spans): InjectedSinks<TracingSinks> {
  const exported = new LRUCache<string, true>({ max: REMEMBERED });
  return {
    tracing: {
      ended: {
        fn: ({ workflowId, runId }, { name, kind, spanId, parent, run, startedAtMs, updateId, errorType }) => {
          if (exported.has(spanId)) return;
          exported.set(spanId, true);
          const own = spanOfRun(runId);
          const ofRun = spanId === own.spanId ? undefined : (run ?? spans.rootOf(runId));
          const above = parent ?? ofRun;
          const span = spans.start(name, {
            kind: KINDS[kind],
            parent: above,
            // The trace id is for a span without a parent.
            ids: { spanId, traceId: own.traceId },
            startedAtMs,
            link: above?.traceId === ofRun?.traceId ? undefined : ofRun,
            attributes: {
              temporalWorkflowId: workflowId,
              run_id: runId,
              ...(updateId !== undefined && { temporalUpdateId: updateId }),
            },
          });
          if (errorType !== undefined) fail(span, errorType);
          // The server's clock, by which it began, and this one may differ.
          span.end(Math.max(startedAtMs, Date.now()));
        },
        callDuringReplay: false,
      },
    },
  };
}

/** A signal has no answer. */
const KINDS = { run: SpanKind.INTERNAL, update: SpanKind.SERVER, signal: SpanKind.CONSUMER } as const;
