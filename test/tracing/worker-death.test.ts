/**
 * A worker is killed while it checks a code, and another one goes on: one trace, in which nothing is there twice and nothing has
 * lost its parent. The second worker keeps nothing in memory, so that each of its tasks replays all that the first has told of.
 */
import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { startWorkerProcess, useRig } from '../rig.js';
import { pathOf, startCollector } from './collector.js';
import { startTracedService } from './service.js';

const rig = useRig('local');

it('another worker ends the spans that a killed one has begun', { timeout: 120_000 }, async () => {
  const taskQueue = `killed-${randomUUID()}`;
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const service = startTracedService(rig, collector, taskQueue);
  onTestFinished(() => service.close());
  const start = async (name: string, settings: NodeJS.ProcessEnv = {}) =>
    await startWorkerProcess(rig, taskQueue, {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      OTEL_SERVICE_NAME: name,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      VERIFICATION_STICKY_TIMEOUT: '1 second',
      ...settings,
    });
  const user = await rig.user();
  const { sandbox } = rig;
  const first = await start('first');
  const { traceId } = await service.request('onboarding', async () => {
    const input = { accessToken: user.accessToken, attributeName: 'email' } as const;
    const { workflowId } = await service.client.start(input);
    await collector.arrived('HandleUpdate:awaitDelivery');
    const held = { operation: 'VerifyUserAttribute', username: user.username, latencyMs: 20_000, times: 1 } as const;
    sandbox.setFault({ ...held, afterEffect: true });
    const code = sandbox.codeFor(user, 'email');
    const answer = service.client.submitCode(workflowId, { code }, { timeout: '1 minute' });
    // Cognito has taken the code, and its answer is on the way to the worker.
    await expect.poll(() => sandbox.attribute(user, 'email').verified).toBe(true);
    await first.end('SIGKILL');
    const second = await start('second', { VERIFICATION_MAX_CACHED_WORKFLOWS: '0' });
    onTestFinished(() => second.end('SIGTERM'));
    expect((await answer).result).toBe('verified');
  });
  await collector.arrived('RunWorkflow:attributeVerification');
  await service.flush();

  const { spans } = collector;
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  for (const span of spans) expect(pathOf(collector, span).at(-1), span.name).toBe('onboarding');
  const by = (name: string) => spans.filter((span) => span.name === name).map(({ service: of }) => of);
  expect(by('HandleUpdate:awaitDelivery')).toEqual(['first']);
  expect(by('RunActivity:sendCode')).toEqual(['first']);
  expect(by('HandleUpdate:submitCode')).toEqual(['second']);
  expect(by('RunWorkflow:attributeVerification')).toEqual(['second']);
  const call = spans.find(({ name }) => name === 'CognitoIdentityProvider.VerifyUserAttribute');
  expect(pathOf(collector, call)).toEqual([
    'CognitoIdentityProvider.VerifyUserAttribute',
    'RunActivity:verifyCode',
    'HandleUpdate:submitCode',
    'StartWorkflowUpdate:submitCode',
    'onboarding',
  ]);
  const [update, run] = ['HandleUpdate:submitCode', 'RunWorkflow:attributeVerification'].map((name) =>
    spans.find((span) => span.name === name),
  );
  // The update began with the worker that died.
  expect(update?.startMs).toBeLessThan(call?.startMs ?? 0);
  expect(run?.startMs).toBeLessThanOrEqual(update?.startMs ?? 0);
});
