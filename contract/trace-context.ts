/**
 * How a trace crosses a process border: in the header of Temporal's own tracing interceptors, in every language, with the
 * `traceparent` of W3C's Trace Context and nothing else. Baggage would be written into histories in plain text.
 */
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { isRecord } from './values.js';

/** The header of Temporal's interceptors. Headers are never sealed. */
const TRACE_HEADER = '_tracer-data';

/** A span that another one may have as its parent. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the service that began the trace records it. */
  readonly isSampled: boolean;
}

/** W3C's Trace Context, 3.2: ids of zeros are invalid, and a later version may have more fields. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/;
/** A `traceparent` has 55; other interceptors add what their propagators add. */
const MAX_BYTES = 2_000;

/** The headers with the span as the parent of whatever they lead to. */
export function withTrace(headers: Headers, { traceId, spanId, isSampled }: TraceContext): Headers {
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) };
}

/** The span that headers name as the parent. Undefined where they name none in this form: anybody may have written them. */
export function traceOf(headers: Headers): TraceContext | undefined {
  const payload = headers[TRACE_HEADER];
  if (!payload?.data || payload.data.length > MAX_BYTES) return undefined;
  try {
    const carrier: unknown = defaultPayloadConverter.fromPayload(payload);
    const traceparent = isRecord(carrier) ? carrier['traceparent'] : undefined;
    const [, traceId, spanId, flags] = TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '') ?? [];
    if (!traceId || !spanId || !flags) return undefined;
    return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
  } catch {
    return undefined;
  }
}

const FNV_PRIME = 0x100000001b3n;
const FNV_OFFSET = 0xcbf29ce484222325n;

/**
 * The id of a span of a workflow: the same on every worker and in every replay, and made without a random number, since those of
 * the workflow must stay what they are without tracing. The 64 bits of FNV-1a.
 * @param of what the span is of, such as an update with its id
 */
export function spanIdOf(runId: string, of: string): string {
  let hash = FNV_OFFSET;
  for (const character of `${runId} ${of}`) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}

/**
 * The span of a run, and the trace that it begins where its caller has begun none: the run's id without the hyphens. Every worker
 * knows both.
 * @param runId a UUID, as Temporal makes it
 */
export function spanOfRun(runId: string): Omit<TraceContext, 'isSampled'> {
  return { traceId: runId.replaceAll('-', '').toLowerCase(), spanId: spanIdOf(runId, 'run') };
}
