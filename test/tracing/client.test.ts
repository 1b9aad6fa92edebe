/** What the client hands on of a trace, and what of it a worker takes. */
import { type OpenTelemetryApi, tracingInterceptor } from '@cognito-verification/client';
import { spanIdOf, spanOfRun, traceOf, withTrace } from '@cognito-verification/contract';
import * as openTelemetry from '@opentelemetry/api';
import { type WorkflowSignalInput, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Headers } from '@temporalio/common';
import { describe, expect, it } from 'vitest';

const CONTEXT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', isSampled: true };
const SIGNAL: WorkflowSignalInput = {
  signalName: 'codeConfirmed',
  args: [{ accessToken: 'a secret' }],
  workflowExecution: { workflowId: 'verify/eu-west-1_pool/2f0e/email' },
  headers: {},
};

/** An API with an SDK that keeps what is said of its one span. */
function recording(said: unknown[]): OpenTelemetryApi {
  const { traceId, spanId } = CONTEXT;
  return {
    trace: {
      getTracer: () => ({
        startActiveSpan: (name, options, work) => {
          said.push(name, options);
          return work({
            spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
            setAttribute: (...attribute) => said.push(attribute),
            setStatus: (status) => said.push(status),
            end: () => said.push('end'),
          });
        },
      }),
    },
  };
}

async function signalled(api: OpenTelemetryApi, end: () => Promise<void> = async () => undefined): Promise<Headers> {
  let sent: Headers = {};
  await tracingInterceptor(api).signal?.(SIGNAL, async ({ headers }) => {
    sent = headers;
    await end();
  });
  return sent;
}

describe('the interceptor', () => {
  it('hands the span of the call on, which holds ids and nothing else', async () => {
    const said: unknown[] = [];
    expect(traceOf(await signalled(recording(said)))).toEqual(CONTEXT);
    const { workflowId } = SIGNAL.workflowExecution;
    expect(said).toEqual([
      'SignalWorkflow:codeConfirmed',
      { kind: openTelemetry.SpanKind.PRODUCER, attributes: { temporalWorkflowId: workflowId } },
      'end',
    ]);
  });

  it('names an error, and repeats nothing of its text', async () => {
    const said: unknown[] = [];
    const cause = ApplicationFailure.nonRetryable('no 135790', 'ResendNotAllowed');
    const error = new WorkflowUpdateFailedError('it failed', cause);
    await expect(signalled(recording(said), () => Promise.reject(error))).rejects.toBe(error);
    expect(said.slice(2)).toEqual([
      ['error.type', 'ResendNotAllowed'],
      { code: openTelemetry.SpanStatusCode.ERROR },
      'end',
    ]);
  });

  it('sends no header where the process has no SDK of OpenTelemetry', async () => {
    expect(await signalled(openTelemetry)).toEqual({});
  });
});

describe('the header', () => {
  it('is that of the interceptors of Temporal: W3C traceparent in JSON', () => {
    const { _tracer_data: none, '_tracer-data': payload } = withTrace({}, CONTEXT);
    expect(none).toBeUndefined();
    expect(payload && defaultPayloadConverter.fromPayload(payload)).toEqual({
      traceparent: `00-${CONTEXT.traceId}-${CONTEXT.spanId}-01`,
    });
    expect(traceOf(withTrace({}, { ...CONTEXT, isSampled: false }))).toEqual({ ...CONTEXT, isSampled: false });
  });

  const { traceId, spanId } = CONTEXT;
  it.each<[string, unknown]>([
    ['no record', 'traceparent'],
    ['nothing of ours', { uber: `${traceId}:${spanId}:0:1` }],
    ['no text', { traceparent: 7 }],
    ['zeros', { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` }],
    ['capitals', { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01` }],
    ['too much', { traceparent: `00-${traceId}-${spanId}-01`, baggage: 'x'.repeat(3_000) }],
    ['a version that is none', { traceparent: `ff-${traceId}-${spanId}-01` }],
  ])('with %s is ignored', (_what, carrier) => {
    expect(traceOf({ '_tracer-data': defaultPayloadConverter.toPayload(carrier) })).toBeUndefined();
  });

  it('in another encoding, such as sealed by a codec, is ignored', () => {
    const metadata = { encoding: Buffer.from('binary/encrypted') };
    expect(traceOf({ '_tracer-data': { metadata, data: Buffer.from('{}') } })).toBeUndefined();
    expect(traceOf({})).toBeUndefined();
  });
});

it('ids are those of FNV-1a, and the trace of a run is its id', () => {
  // Computed by another implementation.
  expect(spanIdOf('', '')).toBe('af639d4c8601817f');
  const runId = '01a22213-fc82-7816-9f0e-f25c2be572cb';
  expect(spanOfRun(runId)).toEqual({ traceId: runId.replaceAll('-', ''), spanId: spanIdOf(runId, 'run') });
  expect(spanIdOf(runId, 'update a')).not.toBe(spanIdOf(runId, 'update b'));
});
