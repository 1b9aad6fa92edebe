/** What a worker's tracing exports of what workflows tell, by OpenTelemetry's environment. */
import { spanIdOf, spanOfRun } from '@cognito-verification/contract';
import type { Logger } from '@temporalio/common';
import type { WorkflowInfo } from '@temporalio/workflow';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTracing, type WorkerTracing } from '../../tracing/worker-tracing.js';
import type { WorkflowSpan } from '../../workflows/interceptors/tracing.js';
import { type Collector, startCollector } from './collector.js';

const RUN_ID = '01a22213-fc82-7816-9f0e-f25c2be572cb';
const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', isSampled: true };
const UPDATE: WorkflowSpan = {
  name: 'HandleUpdate:submitCode',
  kind: 'update',
  spanId: spanIdOf(RUN_ID, 'update 1'),
  startedAtMs: Date.now() - 1_000,
  updateId: '1',
};
const RUN: WorkflowSpan = { ...UPDATE, name: 'RunWorkflow:attributeVerification', kind: 'run', ...spanOfRun(RUN_ID) };

let collector: Collector;
let said: string[];

beforeEach(async () => {
  collector = await startCollector();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  said = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await collector.close();
});

/** Starts to trace and tells of spans. */
async function told(...spans: WorkflowSpan[]): Promise<WorkerTracing> {
  const say = (message: string) => void said.push(message);
  const logger: Logger = { log: say, trace: say, debug: say, info: say, warn: say, error: say };
  const tracing = startTracing(logger);
  const info = { workflowId: 'verify/eu-west-1_pool/2f0e/email', runId: RUN_ID } as WorkflowInfo;
  for (const span of spans) await tracing.sinks.tracing.ended.fn(info, span);
  return tracing;
}

it('a span that is told of again, because its workflow task was made again, is exported once', async () => {
  const tracing = await told({ ...UPDATE, parent: CALLER }, { ...UPDATE, parent: CALLER });
  await tracing.close();
  const { traceId } = spanOfRun(RUN_ID);
  expect(collector.spans).toMatchObject([
    { traceId: CALLER.traceId, parentSpanId: CALLER.spanId, spanId: UPDATE.spanId, links: [spanOfRun(RUN_ID).spanId] },
  ]);
  expect(traceId).not.toBe(CALLER.traceId);
});

it('without a caller that traces, the run begins the trace and an update is under it', async () => {
  vi.stubEnv('OTEL_SERVICE_NAME', 'ours');
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test,service.name=theirs');
  const tracing = await told(UPDATE, { ...RUN, errorType: 'AttributeChanged' });
  await tracing.close();
  const { traceId, spanId } = spanOfRun(RUN_ID);
  expect(collector.spans).toMatchObject([
    { service: 'ours', traceId, parentSpanId: spanId, links: [], code: 0 },
    { traceId, spanId, parentSpanId: '', code: 2, attributes: { 'error.type': 'AttributeChanged' } },
  ]);
});

it.each<[string, string, boolean, number]>([
  ['the caller keeps nothing', 'parentbased_always_on', false, 0],
  ['a trace that begins here is not kept', 'parentbased_always_off', true, 1],
  ['nothing is kept', 'always_off', true, 0],
])('where %s, %s exports %j', async (_what, sampler, isSampled, count) => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
  const tracing = await told({ ...UPDATE, parent: { ...CALLER, isSampled } }, ...(isSampled ? [RUN] : []));
  await tracing.close();
  expect(collector.spans).toHaveLength(count);
});

it('says once that no collector is there, and keeps nobody waiting', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'api-key=a-secret');
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '300');
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '10');
  const tracing = await told(RUN);
  await expect.poll(() => said).toEqual(['Spans cannot be exported, and are dropped']);
  const beganAt = performance.now();
  await tracing.close();
  expect(performance.now() - beganAt).toBeLessThan(3_500);
});
