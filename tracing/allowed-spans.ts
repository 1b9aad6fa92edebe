/**
 * The wall between this process and whoever keeps its spans: nothing leaves but what is listed here. Whatever makes a span, such as
 * a library that comes with a later version, can put neither an error's text nor an input into it.
 */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { printable } from '../log/printable.js';
import { redactTokens } from '../log/redact-text.js';

/** Ids, of which callers choose some: written as in the log, unchanged but for tokens. */
const IDS = ['temporalWorkflowId', 'run_id', 'temporalActivityId', 'temporalUpdateId', 'aws.request_id'] as const;
/** Names that our code, Cognito's API or AWS gives. */
const WORDS = ['rpc.system', 'rpc.service', 'rpc.method', 'cloud.region', 'error.type'] as const;
const NUMBERS = ['http.response.status_code', 'temporalActivityAttempt'] as const;

/** The attributes that a span may have. */
export const ALLOWED_ATTRIBUTES: readonly string[] = [...IDS, ...WORDS, ...NUMBERS];

/** A longer id helps no reader, and a caller could choose one. */
const MAX_ID = 500;
/** Without four digits in a row, which a code has. */
const WORD = /^(?!.*\d{4})[\w. -]{1,64}$/;
/** `RunActivity:sendCode`, `CognitoIdentityProvider.GetUser`. */
const NAME = /^[A-Za-z]{1,40}(?:[:.][A-Za-z]{1,60})?$/;

/** An exporter that hands on the listed parts of each span: no other attribute, no event, no text of a status. */
export function onlyAllowed(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(allowed), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
}

function allowed(span: ReadableSpan): ReadableSpan {
  const { attributes, status, links } = span;
  const kept: ReadableSpan['attributes'] = {};
  for (const name of IDS) {
    const id = attributes[name];
    if (typeof id === 'string') kept[name] = printable(redactTokens(id).slice(0, MAX_ID));
  }
  for (const name of WORDS) {
    const word = attributes[name];
    if (typeof word === 'string') kept[name] = WORD.test(word) ? word : OTHER;
  }
  for (const name of NUMBERS) {
    const number = attributes[name];
    if (typeof number === 'number') kept[name] = number;
  }
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    name: NAME.test(span.name) ? span.name : OTHER,
    kind: span.kind,
    // Without the trace state, in which a caller may have put anything.
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: { code: status.code },
    attributes: kept,
    links: links.map(({ context }) => ({ context })),
    events: [],
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** OpenTelemetry's word for what is not on a list. */
const OTHER = '_OTHER';
