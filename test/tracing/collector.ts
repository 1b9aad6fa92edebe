/** Stands for an OpenTelemetry Collector: takes OTLP over HTTP in protobuf, as the specification has it, and keeps what it gets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import protobuf from 'protobufjs';
import { expect } from 'vitest';

/** The fields of `opentelemetry/proto/collector/trace/v1/trace_service.proto` that are looked at. */
const { root } = protobuf.parse(`syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13; Status status = 15;
}
message Event { string name = 2; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const REQUEST = root.lookupType('Request');

/** A span as it arrived. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where it begins a trace. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  /** Of the status: 2 is an error. */
  readonly code: number;
  readonly message: string;
  readonly traceState: string;
  readonly events: number;
}

export interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The bodies of all requests. */
  readonly bytes: readonly Uint8Array[];
  /** Waits until a span of this name has arrived so many times. Default: once. */
  arrived(name: string, count?: number): Promise<void>;
  close(): Promise<void>;
}

/** The names from a span up to the one that began the trace. */
export function pathOf(collector: Pick<Collector, 'spans'>, span: ReceivedSpan | undefined): string[] {
  if (!span) return [];
  const parent = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [span.name, ...pathOf(collector, parent)];
}

export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const bytes: Uint8Array[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const isRight = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf';
      if (isRight) {
        const body = Buffer.concat(parts);
        bytes.push(body);
        spans.push(...spansIn(body));
      }
      response.writeHead(isRight ? 200 : 415, { 'Content-Type': 'application/x-protobuf' }).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    spans,
    bytes,
    arrived: async (name, count = 1) => {
      await expect.poll(() => spans.filter((span) => span.name === name).length, { message: name }).toBe(count);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

function spansIn(body: Uint8Array): ReceivedSpan[] {
  const hex = (id: unknown) => Buffer.from(id as Uint8Array).toString('hex');
  const attributesOf = (list: KeyValue[]) =>
    Object.fromEntries(list.map(({ key, value }) => [key, String(Object.values(value)[0])]));
  const { resourceSpans } = REQUEST.toObject(REQUEST.decode(body), { longs: Number, arrays: true });
  return resourceSpans.flatMap(({ resource, scopeSpans }: Record<string, any>) =>
    scopeSpans.flatMap(({ spans }: Record<string, any>) =>
      spans.map((span: Record<string, any>) => ({
        service: attributesOf(resource.attributes)['service.name'],
        name: span['name'],
        traceId: hex(span['traceId']),
        spanId: hex(span['spanId']),
        parentSpanId: hex(span['parentSpanId'] ?? []),
        attributes: attributesOf(span['attributes']),
        links: span['links'].map((link: Record<string, unknown>) => hex(link['spanId'])),
        startMs: span['startTimeUnixNano'] / 1e6,
        endMs: span['endTimeUnixNano'] / 1e6,
        code: span['status']?.code ?? 0,
        message: span['status']?.message ?? '',
        traceState: span['traceState'] ?? '',
        events: span['events'].length,
      })),
    ),
  );
}
