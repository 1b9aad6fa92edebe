/** Makes the spans of a worker process, with ids that are computed where several workers must agree on them. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { spanOfRun, type TraceContext } from '@cognito-verification/contract';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  type IdGenerator,
  RandomIdGenerator,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** What a span begins with. */
export interface SpanStart {
  readonly kind: SpanKind;
  /** Default: none, the span begins a trace. */
  readonly parent?: TraceContext | undefined;
  /** Default: random. */
  readonly ids?: { readonly spanId?: string; readonly traceId?: string };
  /** In milliseconds since the epoch. Default: now. */
  readonly startedAtMs?: number;
  /** Another span that it has to do with. */
  readonly link?: TraceContext | undefined;
  readonly attributes: Attributes;
}

/** Hands out the ids of the next span, which is made at once. */
class GivenIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  given: SpanStart['ids'] = undefined;

  generateTraceId(): string {
    return this.given?.traceId ?? this.random.generateTraceId();
  }

  generateSpanId(): string {
    return this.given?.spanId ?? this.random.generateSpanId();
  }
}

/** The spans of one process. OpenTelemetry's SDK samples, limits and exports them as its environment says. */
export class Spans {
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;
  private readonly ids = new GivenIds();
  private readonly running = new AsyncLocalStorage<Span>();

  constructor(resource: Resource, processor: SpanProcessor) {
    // Not the global one: no library of this process adds spans of its own.
    this.provider = new BasicTracerProvider({ resource, spanProcessors: [processor], idGenerator: this.ids });
    this.tracer = this.provider.getTracer('cognito-verification');
  }

  start(name: string, { kind, parent, ids, startedAtMs, link, attributes }: SpanStart): Span {
    this.ids.given = ids;
    try {
      return this.tracer.startSpan(
        name,
        {
          kind,
          attributes,
          ...(startedAtMs !== undefined && { startTime: startedAtMs }),
          ...(link && { links: [{ context: spanContextOf(link) }] }),
        },
        contextOf(parent),
      );
    } finally {
      this.ids.given = undefined;
    }
  }

  /** Runs work within a span, which ends with it. What fails is named, and no more. */
  async within<T>(span: Span, work: () => Promise<T>, isError: (error: unknown) => boolean = () => true): Promise<T> {
    try {
      return await this.running.run(span, work);
    } catch (error) {
      fail(span, errorTypeOf(error), isError(error));
      throw error;
    } finally {
      span.end();
    }
  }

  /** The span that runs now; undefined outside of any. */
  current(): TraceContext | undefined {
    const span = this.running.getStore()?.spanContext();
    return span && { traceId: span.traceId, spanId: span.spanId, isSampled: isSampled(span.traceFlags) };
  }

  /**
   * The span of a run whose caller has begun no trace. Each worker computes it, and whether it is recorded: samplers decide by the
   * trace id.
   */
  rootOf(runId: string): TraceContext {
    const { traceId, spanId } = spanOfRun(runId);
    // A span that never ends is never exported.
    const { traceFlags } = this.start('RunWorkflow', {
      kind: SpanKind.INTERNAL,
      ids: { traceId, spanId },
      attributes: {},
    }).spanContext();
    return { traceId, spanId, isSampled: isSampled(traceFlags) };
  }

  /** Exports what has ended. */
  async close(): Promise<void> {
    await this.provider.shutdown();
  }
}

/** Marks a span: OpenTelemetry's `recordException` would write the text and the stack of an error, which may hold a secret. */
export function fail(span: Span, errorType: string, isError = true): void {
  span.setAttribute('error.type', errorType);
  if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The name of an error: of a failure its type. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  return 'type' in error && typeof error.type === 'string' ? error.type : error.name;
}

function isSampled(flags: number): boolean {
  return (flags & TraceFlags.SAMPLED) !== 0;
}

function spanContextOf({ traceId, spanId, isSampled: sampled }: TraceContext) {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

function contextOf(parent: TraceContext | undefined): Context {
  return parent ? trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent)) : ROOT_CONTEXT;
}
