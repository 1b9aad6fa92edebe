/** Tracing of a worker process. It loads OpenTelemetry, so it is imported where tracing is on. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '@temporalio/common';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { CognitoClients } from '../activities/cognito-clients.js';
import type { TracingSinks } from '../workflows/interceptors/tracing.js';
import { activitySpans } from './activity-spans.js';
import { onlyAllowed } from './allowed-spans.js';
import { cognitoSpans } from './cognito-spans.js';
import { Spans } from './spans.js';
import { workflowSpans } from './workflow-spans.js';

/** What a worker is given to trace. */
export interface WorkerTracing {
  readonly activities: ActivityInterceptorsFactory;
  readonly sinks: InjectedSinks<TracingSinks>;
  /** The same clients, with a span for each call. */
  readonly cognito: (clients: CognitoClients) => CognitoClients;
  /** Exports what has ended, for at most three seconds. */
  readonly close: () => Promise<void>;
}

/** A collector that is away must not keep a process from ending. */
const CLOSE_MS = 3_000;

/** OpenTelemetry's name for it unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says another. */
const SERVICE_NAME = 'cognito-verification-worker';

/**
 * Starts to trace, as the `OTEL_*` variables of the environment say; `isTracingOn` has checked them.
 * @param logger is told when spans cannot be exported, and when they can again
 */
export function startTracing(logger: Logger): WorkerTracing {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': SERVICE_NAME }))
    .merge(detectResources({ detectors: [envDetector] }));
  const exporter = telling(logger, onlyAllowed(new OTLPTraceExporter()));
  const spans = new Spans(resource, new BatchSpanProcessor(exporter));
  return {
    activities: activitySpans(spans),
    sinks: workflowSpans(spans),
    cognito: (clients) => cognitoSpans(clients, spans),
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([spans.close().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

/** `ExportResultCode.SUCCESS` of `@opentelemetry/core`. */
const EXPORTED = 0;

/** OpenTelemetry's SDK drops what it cannot export, and says so to nobody. */
function telling(logger: Logger, exporter: SpanExporter): SpanExporter {
  let isAway = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const code: number = result.code;
        const failed = code !== EXPORTED;
        if (failed && !isAway) logger.warn('Spans cannot be exported, and are dropped', { error: result.error });
        if (!failed && isAway) logger.info('Spans are exported again');
        isAway = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
}
