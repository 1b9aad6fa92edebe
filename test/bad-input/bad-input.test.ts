/**
 * Every place that takes input gets some hundred invalid values, and more that are generated from a seed. It refuses each with
 * a message; nothing crashes, no workflow task fails, and memory stays flat. `VERIFICATION_SEED` generates other values. The
 * fields of messages have their invalid values in `bad-fields.test.ts`.
 */
import { once } from 'node:events';
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
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CodecServer, startCodecServer } from '../../codec-server/codec-server.js';
import { createLogger } from '../../log/logger.js';
import { killRunning, startCli } from '../cli/run-cli.js';
import { type Rig, type SandboxUser, startRig, startWorkerProcess } from '../rig.js';
import { BAD_MESSAGES, isTypedCode } from './bad-fields.js';
import { MALFORMED, malformed, NO_JSON, noJson } from './corpus.js';

const SEED = Number(process.env['VERIFICATION_SEED'] ?? 20_261_123);
/** Generated values for each place. */
const DRAWN = 100;
const NOBODY_IS_LIMITED = 1_000_000;

let rig: Rig;
let taskQueue: string;
let worker: Awaited<ReturnType<typeof startWorkerProcess>>;
let client: VerificationClient;
let codecServer: CodecServer;
/** The verification of this user receives all the input. */
let user: SandboxUser;
let workflowId: string;

beforeAll(async () => {
  rig = await startRig('local');
  taskQueue = `${rig.taskQueue}-bad-input`;
  worker = await startWorkerProcess(rig, taskQueue);
  client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const limits = { requests: NOBODY_IS_LIMITED };
  codecServer = await startCodecServer({ keys: rig.keyRing, origins: [], port: 0, log: createLogger('error'), limits });
  user = await rig.user();
  ({ workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' }));
});

afterAll(async () => {
  await killRunning();
  await codecServer?.close();
  await worker?.end('SIGTERM');
  await rig?.close();
});

/** Sends the value to the place, and compares the refusal with the promised one. */
type Place = (value: unknown) => Promise<void>;

const VALUES_GO_TO: Record<string, Place> = {
  'the client': async (value) => {
    if (isTypedCode(value)) return;
    for (const call of [
      () => client.start(value as never),
      () => client.submitCode(workflowId, value as never),
      () => client.renewAccessToken(workflowId, value as never),
      () => client.submitCode(value as never, { code: '123456' }),
    ]) {
      const refusal = await call().catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(VerificationError);
      expect((refusal as VerificationError).message.length).toBeLessThan(1_000);
    }
  },
  'a workflow that is started without the client': async (value) => {
    const failed = await start(value).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    expect((failed as WorkflowFailedError).cause).toMatchObject({ type: expect.stringMatching(REFUSED) });
  },
  'the updates of a verification': async (value) => {
    const handle = rig.env.client.workflow.getHandle(workflowId);
    for (const { name: update } of [submitCode, resendCode, renewAccessToken, awaitDelivery]) {
      const refusal = await handle.executeUpdate(update, { args: [value] }).catch((error: unknown) => error);
      expect(refusal, update).toMatchObject({ cause: { type: expect.stringMatching(REFUSED) } });
    }
  },
  'the codec server': async (value) => await refusedByCodecServer(JSON.stringify(value)),
  'the sandbox': async (value) => await refusedBySandbox(JSON.stringify(value)),
};

/** A signal has no answer, so the test queries the verification. */
async function signalLeftOut(value: unknown): Promise<void> {
  await rig.env.client.workflow.getHandle(workflowId).signal(codeConfirmed.name, value);
  expect(await client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10 });
}

const BODIES_GO_TO: Record<string, (body: Uint8Array) => Promise<void>> = {
  'the codec server': async (body) => await refusedByCodecServer(body),
  'the sandbox': async (body) => await refusedBySandbox(body),
};

const REFUSED = /^(InvalidRequest|AccessTokenRefused|ResendNotAllowed)$/;

async function start(value: unknown): Promise<unknown> {
  return await rig.env.client.workflow.execute(WORKFLOW_TYPE, {
    taskQueue,
    workflowId: `bad request ${++requests}`,
    args: [value],
    workflowExecutionTimeout: '30 seconds',
  });
}
let requests = 0;

async function refusedByCodecServer(body: string | Uint8Array, { url } = codecServer): Promise<void> {
  for (const path of ['/decode', '/encode', '/download?preserveStorageRefs=true']) {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Namespace': 'default' },
      body,
    });
    expect([400, 413], path).toContain(response.status);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
  }
}

const OPERATIONS = ['GetUserAttributeVerificationCode', 'VerifyUserAttribute', 'GetUser', 'UpdateUserAttributes'];

async function refusedBySandbox(body: string | Uint8Array): Promise<void> {
  for (const operation of OPERATIONS) {
    const response = await fetch(rig.sandbox.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
      },
      body,
    });
    expect(response.status, operation).toBe(400);
    expect(await response.json()).toMatchObject({ __type: expect.any(String) });
  }
}

/** Ten at a time: the server and the worker are one process each. */
async function eachOf<Value>(
  named: readonly (readonly [string, Value])[],
  send: (value: Value) => Promise<void>,
  atOnce = 10,
): Promise<void> {
  for (let at = 0; at < named.length; at += atOnce) {
    await Promise.all(
      named.slice(at, at + atOnce).map(async ([name, value]) => {
        await send(value).catch((error: unknown) => {
          throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        });
      }),
    );
  }
}

/** Sends generated values. If one is not refused, they are sent one after another, to show its smallest form and the seed. */
async function drawn<Value>(
  values: fc.Arbitrary<Value>,
  send: (value: Value) => Promise<void>,
  atOnce?: number,
): Promise<void> {
  const settings = { seed: SEED, numRuns: DRAWN };
  const sample = fc.sample(values, settings).map((value, at) => [`drawn value ${at}`, value] as const);
  try {
    await eachOf(sample, send, atOnce);
  } catch (error) {
    await fc.assert(fc.asyncProperty(values, send), settings);
    throw error;
  }
}

const OPTIONS = { timeout: 180_000, retry: 0 };

it('the corpus holds at least 200 distinct values', () => {
  const texts = MALFORMED.map(([, value]) => JSON.stringify(value));
  expect(texts.filter((text, at) => texts.indexOf(text) !== at)).toEqual([]);
  const messages = new Set(BAD_MESSAGES.map(({ message, input }) => `${message} ${JSON.stringify(input)}`));
  expect(messages.size).toBe(BAD_MESSAGES.length);
  expect(texts.length + messages.size).toBeGreaterThanOrEqual(200);
  console.log(
    `bad input: ${texts.length} values, ${messages.size} messages with a bad field and ${NO_JSON.length} bodies, and ${DRAWN} values and bodies drawn with VERIFICATION_SEED=${SEED}`,
  );
});

describe('invalid values are refused by', OPTIONS, () => {
  it.each(Object.entries(VALUES_GO_TO))('%s', async (_place, send) => {
    await eachOf(MALFORMED, send);
    await drawn(malformed, send);
  });
});

describe('bodies that are not JSON are refused by', OPTIONS, () => {
  it.each(Object.entries(BODIES_GO_TO))('%s', async (_place, send) => {
    await eachOf(NO_JSON, send);
    await drawn(noJson, send);
  });
});

it('unknown signals are ignored, one after another', OPTIONS, async () => {
  await eachOf(MALFORMED, signalLeftOut, 1);
  await drawn(malformed, signalLeftOut, 1);
});

it('no workflow task has failed, and the verification still accepts its code', OPTIONS, async () => {
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  expect(events?.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
  expect(worker.output.join('')).not.toMatch(/Failing workflow task|Failed to process Workflow Activation/);
  expect(await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })).toMatchObject({
    result: 'verified',
  });
});

describe('memory', OPTIONS, () => {
  /** Large enough that a process that retains half of it stands out within a round. */
  const LARGE = 'x'.repeat(500_000);
  /** All rounds together stay within what a caller may send to the codec server in ten seconds. */
  const IN_A_ROUND = 20;
  const SENT_MB = (LARGE.length * IN_A_ROUND) / 2 ** 20;
  /** By then caches are full and the compiler has finished. */
  const WARM_UP = 6;
  const ROUNDS = 10;

  /** What a process retains per round, in MB: the slope of its memory over the rounds. */
  async function keptOfRound(pid: number, send: () => Promise<void>): Promise<number> {
    const round = Array.from({ length: IN_A_ROUND }, (_, index) => [`large ${index}`, undefined] as const);
    const resident: number[] = [];
    for (let played = 0; played < WARM_UP + ROUNDS; played++) {
      await eachOf(round, send);
      if (played >= WARM_UP) resident.push(await residentMb(pid));
    }
    const slope = slopeOf(resident);
    const after = resident.map((mb) => mb.toFixed(0)).join(', ');
    console.log(`${slope.toFixed(1)} MB kept of ${SENT_MB.toFixed(1)} MB sent in a round; after each: ${after}`);
    return slope;
  }

  it('of the worker does not grow with the input that it refuses', async () => {
    const kept = await keptOfRound(worker.pid, async () => {
      await expect(start({ accessToken: `${LARGE}.b.c`, attributeName: 'email' })).rejects.toThrow(WorkflowFailedError);
    });
    expect(kept).toBeLessThan(SENT_MB / 2);
  });

  it('of the codec server does not grow with the input that it refuses', async () => {
    const server = startCli(['codec-server', '--port', '0', '--json'], {
      env: { VERIFICATION_ENCRYPTION_KEYS: rig.keys },
    });
    const { url } = JSON.parse(await server.firstLine) as { url: string };
    const body = JSON.stringify({ payloads: LARGE });
    const kept = await keptOfRound(server.child.pid ?? 0, async () => {
      const response = await fetch(`${url}/decode`, { method: 'POST', body });
      expect(response.status).toBe(400);
      await response.text();
    });
    expect(kept).toBeLessThan(SENT_MB / 2);
    server.child.kill('SIGTERM');
    await once(server.child, 'close');
  });
});

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** The slope, by least squares. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const across = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  return across / values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
}
