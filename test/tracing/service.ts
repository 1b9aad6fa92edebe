/** Stands for a service that traces: OpenTelemetry's SDK as services set it up, and the client that hands its context on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type OpenTelemetryApi, tracingInterceptor, VerificationClient } from '@cognito-verification/client';
import * as openTelemetry from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Client } from '@temporalio/client';
import type { Rig } from '../rig.js';
import type { Collector } from './collector.js';

export interface TracedService {
  readonly client: VerificationClient;
  /** Handles a request: everything in it is under one span, whose trace id it returns. */
  request<T>(name: string, work: () => Promise<T>): Promise<{ result: T; traceId: string }>;
  /** Sends the spans of the service. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** OpenTelemetry's context manager for Node.js is a package of its own; a service has it. */
function contextManager(): openTelemetry.ContextManager {
  const storage = new AsyncLocalStorage<openTelemetry.Context>();
  const manager: openTelemetry.ContextManager = {
    active: () => storage.getStore() ?? openTelemetry.ROOT_CONTEXT,
    with: (context, work, self, ...args) => storage.run(context, () => work.apply(self as never, args)),
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

/** Interceptors for a Temporal client, with an SDK of OpenTelemetry behind them that is this process's own. */
export function tracedInterceptors(collector: Collector) {
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${collector.url}/v1/traces` }));
  const resource = resourceFromAttributes({ 'service.name': 'onboarding' });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  openTelemetry.context.setGlobalContextManager(contextManager());
  openTelemetry.trace.setGlobalTracerProvider(provider);
  // As a service passes it, so that the compiler compares the whole module.
  const api: OpenTelemetryApi = openTelemetry;
  return {
    interceptors: { workflow: [tracingInterceptor(api)] },
    flush: () => provider.forceFlush(),
    close: async () => {
      await provider.shutdown();
      openTelemetry.trace.disable();
      openTelemetry.context.disable();
    },
  };
}

export function startTracedService(rig: Rig, collector: Collector, taskQueue: string): TracedService {
  const { env, dataConverter, userPools } = rig;
  const { interceptors, flush, close } = tracedInterceptors(collector);
  const client = new Client({ connection: env.connection, dataConverter, interceptors });
  const tracer = openTelemetry.trace.getTracer('onboarding');
  return {
    client: new VerificationClient({ client, userPools, taskQueue }),
    request: async (name, work) =>
      await tracer.startActiveSpan(name, async (span) => {
        try {
          return { result: await work(), traceId: span.spanContext().traceId };
        } finally {
          span.end();
        }
      }),
    flush,
    close,
  };
}
