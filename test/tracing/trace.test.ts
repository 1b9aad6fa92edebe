/** One verification as a trace, from the service's request to the calls to Cognito, on a real server and with a real worker process. */
import { randomUUID } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALLOWED_ATTRIBUTES } from '../../tracing/allowed-spans.js';
import { startWorkerProcess, useRig } from '../rig.js';
import { type Collector, pathOf, startCollector } from './collector.js';
import { startTracedService, type TracedService } from './service.js';

const rig = useRig('local');
const taskQueue = `traced-${randomUUID()}`;
let collector: Collector;
let service: TracedService;
let worker: Awaited<ReturnType<typeof startWorkerProcess>>;

beforeAll(async () => {
  collector = await startCollector();
  service = startTracedService(rig, collector, taskQueue);
  worker = await startWorkerProcess(rig, taskQueue, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
    VERIFICATION_LOG_LEVEL: 'debug',
  });
});

afterAll(async () => {
  await worker?.end('SIGTERM');
  await service?.close();
  await collector?.close();
});

const named = (traceId: string, name: string) =>
  collector.spans.find((span) => span.traceId === traceId && span.name === name);

/** The lines of the worker's log that are whole. */
const logged = () =>
  worker.output
    .join('')
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line): Record<string, unknown> => JSON.parse(line));

it('one verification in two requests: each is a trace down to the calls to Cognito, and the second links to the first', async () => {
  const user = await rig.user();
  const begun = await service.request('POST /verification', () =>
    service.client.start({ accessToken: user.accessToken, attributeName: 'email' }),
  );
  const { workflowId } = begun.result;
  const ended = await service.request('POST /code', () =>
    service.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') }),
  );
  expect(ended.result.result).toBe('verified');
  await service.flush();
  await collector.arrived('RunWorkflow:attributeVerification');
  await collector.arrived('HandleUpdate:submitCode');

  const start = ['UpdateWithStartWorkflow:awaitDelivery', 'POST /verification'];
  const send = ['RunActivity:sendCode', 'HandleUpdate:awaitDelivery', ...start];
  const called = (traceId: string, operation: string) =>
    pathOf(collector, named(traceId, `CognitoIdentityProvider.${operation}`));
  expect(pathOf(collector, named(begun.traceId, 'RunWorkflow:attributeVerification')).slice(1)).toEqual(start);
  expect(called(begun.traceId, 'GetUserAttributeVerificationCode').slice(1)).toEqual(send);
  expect(called(begun.traceId, 'GetUser').slice(1)).toEqual(send);
  const attempt = ['RunActivity:verifyCode', 'HandleUpdate:submitCode', 'StartWorkflowUpdate:submitCode', 'POST /code'];
  expect(called(ended.traceId, 'VerifyUserAttribute').slice(1)).toEqual(attempt);
  const run = named(begun.traceId, 'RunWorkflow:attributeVerification');
  expect(named(ended.traceId, 'HandleUpdate:submitCode')?.links).toEqual([run?.spanId]);

  const ids = collector.spans.map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { name, startMs, endMs, code, service: of } of collector.spans) {
    expect(endMs, name).toBeGreaterThanOrEqual(startMs);
    // A call of the service may take longer than one try of the client.
    if (of !== 'onboarding') expect(code, name).not.toBe(2);
  }
  const call = named(ended.traceId, 'CognitoIdentityProvider.VerifyUserAttribute');
  expect(call).toMatchObject({
    service: 'cognito-verification-worker',
    attributes: {
      'rpc.system': 'aws-api',
      'rpc.service': 'CognitoIdentityProvider',
      'rpc.method': 'VerifyUserAttribute',
      'http.response.status_code': '200',
      'aws.request_id': expect.stringMatching(/./),
      'cloud.region': user.userPoolId.split('_')[0],
    },
  });
  // The lines of an activity and of a workflow lead to their spans. The SDK holds lines back for a moment, to sort them.
  const activity = named(ended.traceId, 'RunActivity:verifyCode');
  await expect
    .poll(logged)
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ activityType: 'verifyCode', trace_id: ended.traceId, span_id: activity?.spanId }),
        expect.objectContaining({ sdkComponent: 'worker', workflowId, trace_id: begun.traceId, span_id: run?.spanId }),
      ]),
    );
});

it('a service that traces nothing: the run begins the trace, and each activity is under it', async () => {
  const user = await rig.user();
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const { workflowId, run } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  const wrong = rig.sandbox.codeFor(user, 'email') === '111111' ? '222222' : '111111';
  expect((await client.submitCode(workflowId, { code: wrong })).result).toBe('mismatch');
  await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  const traceId = run.replaceAll('-', '');
  const ours = () => collector.spans.filter((span) => span.traceId === traceId);
  await expect.poll(() => ours().some(({ name }) => name === 'RunWorkflow:attributeVerification')).toBe(true);

  const ofRun = collector.spans.filter(({ attributes }) => attributes['run_id'] === run);
  expect(new Set(ofRun.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(
    ours()
      .filter(({ parentSpanId }) => parentSpanId === '')
      .map(({ name }) => name),
  ).toEqual(['RunWorkflow:attributeVerification']);
  for (const span of ours())
    expect(pathOf(collector, span).at(-1), span.name).toBe('RunWorkflow:attributeVerification');
  const refused = ours().find(({ code, name }) => code === 2 && name.startsWith('Cognito'));
  expect(refused).toMatchObject({
    attributes: { 'error.type': 'CodeMismatchException', 'http.response.status_code': '400' },
    message: '',
    events: 0,
  });
});

it('a span of a worker has listed attributes only, and no text of an error', () => {
  const ofWorker = collector.spans.filter(({ service: name }) => name === 'cognito-verification-worker');
  expect(ofWorker.length).toBeGreaterThan(15);
  for (const { name, attributes, message, events, traceState } of ofWorker) {
    expect(
      Object.keys(attributes).filter((key) => !ALLOWED_ATTRIBUTES.includes(key)),
      name,
    ).toEqual([]);
    expect({ message, events, traceState }, name).toEqual({ message: '', events: 0, traceState: '' });
  }
});

it('costs no event: the header is part of events that are there anyway', async () => {
  const count = async (client: TracedService['client']) => {
    const user = await rig.user();
    const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
    await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
    return events?.map(({ eventType }) => String(eventType));
  };
  const traced = (await service.request('POST /both', () => count(service.client))).result;
  expect(traced?.length).toBeGreaterThan(10);
  expect(traced).toEqual(await count(rig.client));
});
