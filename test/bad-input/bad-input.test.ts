/**
 * Every place where something comes in, and some hundred values that are none of what it takes: each is refused in words,
 * nothing crashes, no workflow task is stuck, and memory stays flat.
 */
import { readFile } from 'node:fs/promises';
import { VerificationClient, VerificationError } from '@cognito-verification/client';
import {
  awaitDelivery,
  codeConfirmed,
  renewAccessToken,
  resendCode,
  submitCode,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CodecServer, startCodecServer } from '../../temporal/codec-server.js';
import { createLogger } from '../../worker/logger.js';
import { type Rig, startRig, startWorkerProcess } from '../harness.js';
import { GENERATED, VALUES } from './corpus.js';

let rig: Rig;
let taskQueue: string;
let worker: Awaited<ReturnType<typeof startWorkerProcess>>;
let client: VerificationClient;
let codecServer: CodecServer;
let refusals = 0;

const ALL = [...VALUES, ...GENERATED];

beforeAll(async () => {
  rig = await startRig('local');
  taskQueue = `${rig.taskQueue}-bad-input`;
  worker = await startWorkerProcess(rig, taskQueue);
  client = new VerificationClient({ client: rig.env.client, taskQueue });
  codecServer = await startCodecServer({ keys: rig.keyRing, origins: [], port: 0, log: createLogger('error') });
});

afterAll(async () => {
  await codecServer?.close();
  await worker?.end('SIGTERM');
  await rig?.close();
});

/** Ten at a time: the server is one process, and so is the worker. */
async function each(visit: (name: string, value: unknown) => Promise<void>): Promise<void> {
  for (let at = 0; at < ALL.length; at += 10) {
    await Promise.all(ALL.slice(at, at + 10).map(([name, value]) => visit(name, value)));
  }
}

it('the client refuses them before anything is sent', async () => {
  const { workflowId } = await rig.start(await rig.user());
  await each(async (name, value) => {
    for (const call of [
      () => client.start(value as never),
      () => client.submitCode(workflowId, value as never),
      () => client.renewAccessToken(workflowId, value as never),
      () => client.submitCode(value as never, { code: '123456' }),
    ]) {
      const refusal = await call().catch((error: unknown) => error);
      expect(refusal, name).toBeInstanceOf(VerificationError);
      expect((refusal as VerificationError).message.length, name).toBeLessThan(1_000);
      refusals += 1;
    }
  });
});

it('as requests: each workflow fails with words, at once', async () => {
  await each(async (name, value) => {
    const failed = await rig.env.client.workflow
      .execute(WORKFLOW_TYPE, {
        taskQueue,
        workflowId: `bad request ${name}`,
        args: [value],
        workflowExecutionTimeout: '30 seconds',
      })
      .catch((error: unknown) => error);
    expect(failed, name).toBeInstanceOf(WorkflowFailedError);
    expect((failed as WorkflowFailedError).cause, name).toMatchObject({
      type: expect.stringMatching(/^(InvalidRequest|AccessTokenRefused)$/),
    });
    refusals += 1;
  });
});

it('as updates and signals: each is refused or left out, and the verification goes on', async () => {
  const user = await rig.user();
  const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  const handle = rig.env.client.workflow.getHandle(workflowId);
  const isMessage = (value: unknown, fields: readonly string[]) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((key) => fields.includes(key));
  await each(async (name, value) => {
    for (const { name: update } of [submitCode, resendCode, renewAccessToken, awaitDelivery]) {
      // An object without fields is a good one for two of them, and no corpus of bad input.
      if ((update === 'resendCode' || update === 'awaitDelivery') && isMessage(value, [])) continue;
      const refusal = await handle.executeUpdate(update, { args: [value] }).catch((error: unknown) => error);
      expect(refusal, `${update}: ${name}`).toMatchObject({
        cause: { type: expect.stringMatching(/^(InvalidRequest|AccessTokenRefused|ResendNotAllowed)$/) },
      });
      refusals += 1;
    }
    if (isMessage(value, ['reference'])) return;
    await handle.signal(codeConfirmed.name, value);
    refusals += 1;
  });
  expect(await client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10 });
  expect(await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })).toMatchObject({
    result: 'verified',
  });
});

it('as bodies: the codec server and the sandbox answer each with an error of the caller, and in JSON', async () => {
  await each(async (name, value) => {
    const body = JSON.stringify(value);
    const headers = { 'Content-Type': 'application/json', 'X-Namespace': 'default' };
    // Without payloads there is nothing to refuse.
    const empty = body === '{}';
    for (const path of empty ? [] : ['/decode', '/encode', '/download?preserveStorageRefs=true']) {
      const response = await fetch(`${codecServer.url}${path}`, { method: 'POST', headers, body });
      expect([400, 413], `${path}: ${name}`).toContain(response.status);
      expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
      refusals += 1;
    }
    for (const operation of ['GetUserAttributeVerificationCode', 'VerifyUserAttribute']) {
      const response = await fetch(rig.sandbox.url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-amz-json-1.1',
          'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
        },
        body,
      });
      expect(response.status, `${operation}: ${name}`).toBe(400);
      expect(await response.json()).toMatchObject({ __type: expect.any(String) });
      refusals += 1;
    }
  });
});

it('was at least 200 inputs, no workflow task failed for one, and memory is flat', async () => {
  expect(refusals).toBeGreaterThanOrEqual(200);
  console.log(`bad input: ${refusals} refused`);
  expect(worker.output.join('')).not.toMatch(/Failing workflow task|Failed to process Workflow Activation/);
  const before = await residentMb(worker.pid);
  for (let round = 0; round < 3; round++) {
    await each(async (name, value) => {
      await rig.env.client.workflow
        .execute(WORKFLOW_TYPE, {
          taskQueue,
          workflowId: `bad request ${name}`,
          args: [value],
          workflowExecutionTimeout: '30 seconds',
        })
        .catch(() => undefined);
    });
  }
  // Three times as much again, and not a quarter more memory: what was refused is not kept.
  expect(await residentMb(worker.pid)).toBeLessThan(before * 1.25 + 32);
});

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
