/** What a service sets up to trace: OpenTelemetry's SDK, and the client's interceptor. Only a caller that traces loads it. */
import { tracingInterceptor } from '@cognito-verification/client';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ClientInterceptors } from '@temporalio/client';

/** @param url of the collector */
export function tracedInterceptors(url: string): ClientInterceptors {
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }));
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  return { workflow: [tracingInterceptor({ trace })] };
}
