import { type TraceContext, withTrace } from '@cognito-verification/contract';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { ApplicationFailure, type Headers } from '@temporalio/common';

/** `@opentelemetry/api` of a service's own process, as far as this package uses it. It is no dependency of this package. */
export interface OpenTelemetryApi {
  readonly trace: { getTracer(name: string): OpenTelemetryTracer };
}

interface OpenTelemetryTracer {
  startActiveSpan<T>(
    name: string,
    options: { kind: number; attributes: Record<string, string> },
    work: (span: OpenTelemetrySpan) => T,
  ): T;
}

interface OpenTelemetrySpan {
  spanContext(): { traceId: string; spanId: string; traceFlags: number };
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}

/** `SpanKind` and `SpanStatusCode` of OpenTelemetry. */
const [CLIENT, PRODUCER, ERROR] = [2, 3, 2] as const;
const SAMPLED = 1;

/**
 * An interceptor for a Temporal `Client` of your own: a start, update, signal, query and cancellation of a verification is a span
 * each, under the span that is active in your process, and the worker's spans, where it traces, are under that one. A span holds ids
 * and the name of an error, and no input, answer or text. `VerificationClient.fromSettings({ openTelemetry })` does the same.
 * @param openTelemetry the module `@opentelemetry/api`. Without an SDK registered there, nothing happens.
 * @example
 * ```ts
 * import { tracingInterceptor } from '@cognito-verification/client';
 * import { clientDataConverter, keyRingFromSettings } from '@cognito-verification/client/codec';
 * import * as openTelemetry from '@opentelemetry/api';
 * import { Client, Connection } from '@temporalio/client';
 *
 * const client = new Client({
 *   connection: await Connection.connect({ address: 'localhost:7233' }),
 *   dataConverter: clientDataConverter(keyRingFromSettings()),
 *   interceptors: { workflow: [tracingInterceptor(openTelemetry)] },
 * });
 * ```
 */
export function tracingInterceptor(openTelemetry: OpenTelemetryApi): WorkflowClientInterceptor {
  const tracer = openTelemetry.trace.getTracer('cognito-verification');
  const traced = async <T>(
    name: string,
    { workflowId, updateId, kind = CLIENT }: { workflowId: string; updateId?: string | undefined; kind?: number },
    call: (add: (headers: Headers) => Headers) => Promise<T>,
  ): Promise<T> => {
    const attributes = {
      temporalWorkflowId: workflowId,
      ...(updateId !== undefined && { temporalUpdateId: updateId }),
    };
    return await tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
      const context = contextOf(span);
      try {
        return await call((headers) => (context ? withTrace(headers, context) : headers));
      } catch (error) {
        span.setAttribute('error.type', errorTypeOf(error));
        span.setStatus({ code: ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  };
  return {
    startUpdateWithStart: (input, next) => {
      const { workflowStartHeaders, updateHeaders, workflowStartOptions, updateOptions } = input;
      const ids = { workflowId: workflowStartOptions.workflowId, updateId: updateOptions.updateId };
      return traced(`UpdateWithStartWorkflow:${input.updateName}`, ids, (add) =>
        next({ ...input, workflowStartHeaders: add(workflowStartHeaders), updateHeaders: add(updateHeaders) }),
      );
    },
    startUpdate: (input, next) => {
      const ids = { workflowId: input.workflowExecution.workflowId, updateId: input.options.updateId };
      return traced(`StartWorkflowUpdate:${input.updateName}`, ids, (add) =>
        next({ ...input, headers: add(input.headers) }),
      );
    },
    signal: (input, next) =>
      traced(
        `SignalWorkflow:${input.signalName}`,
        { workflowId: input.workflowExecution.workflowId, kind: PRODUCER },
        (add) => next({ ...input, headers: add(input.headers) }),
      ),
    query: (input, next) =>
      traced(`QueryWorkflow:${input.queryType}`, { workflowId: input.workflowExecution.workflowId }, () => next(input)),
    cancel: (input, next) =>
      traced('CancelWorkflow', { workflowId: input.workflowExecution.workflowId }, () => next(input)),
  };
}

/** Undefined where no SDK makes spans: their ids are zeros then. */
function contextOf(span: OpenTelemetrySpan): TraceContext | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return /^0*$/.test(spanId) ? undefined : { traceId, spanId, isSampled: (traceFlags & SAMPLED) !== 0 };
}

/** The type of the workflow's failure, else the class of the error; a worker's key is not needed to write the former. */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const type = error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
  return type && /^[A-Z][A-Za-z]{1,63}$/.test(type) ? type : error.name;
}
