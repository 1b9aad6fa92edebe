/** A span for each try of an activity, and its ids in the lines that the activity logs. */
import { traceOf } from '@cognito-verification/contract';
import { SpanKind } from '@opentelemetry/api';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Spans } from './spans.js';

/** Interceptors of a worker's activities. The parent is the span that the workflow names in the headers, else its run. */
export function activitySpans(spans: Spans): ActivityInterceptorsFactory {
  return ({ info }) => {
    // Also of the lines that the SDK logs of its end.
    let ids: { trace_id: string; span_id: string } | undefined;
    const inbound: ActivityInboundCallsInterceptor = {
      execute: async (input, next) => {
        const { workflowId, runId } = info.workflowExecution ?? {};
        const span = spans.start(`RunActivity:${info.activityType}`, {
          kind: SpanKind.INTERNAL,
          parent: traceOf(input.headers) ?? (runId === undefined ? undefined : spans.rootOf(runId)),
          attributes: {
            ...(workflowId !== undefined && { temporalWorkflowId: workflowId }),
            ...(runId !== undefined && { run_id: runId }),
            temporalActivityId: info.activityId,
            temporalActivityAttempt: info.attempt,
          },
        });
        const { traceId, spanId } = span.spanContext();
        ids = { trace_id: traceId, span_id: spanId };
        return await spans.within(span, () => next(input), isUnexpected);
      },
    };
    return { inbound, outbound: { getLogAttributes: (input, next) => next({ ...input, ...ids }) } };
  };
}

/** A failure that Temporal calls benign is an answer of Cognito which the workflow expects, such as a throttle. */
function isUnexpected(error: unknown): boolean {
  return !(error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN);
}
