/** An attacker without the key changes, truncates, moves or repeats payloads: they are refused, and nothing gets stuck. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, encryptionKey, KEY_BYTES, keyRingOf } from '@cognito-verification/codec';
import {
  awaitDelivery,
  codeConfirmed,
  type SubmitCodeAnswer,
  submitCode,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { Client, WithStartWorkflowOperation, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, type SandboxUser, startRig, startWorkerProcess } from '../rig.js';
import { stamping } from '../stamping.js';

let rig: Rig;
let taskQueue: string;
let worker: Awaited<ReturnType<typeof startWorkerProcess>>;
let client: VerificationClient;

beforeAll(async () => {
  rig = await startRig('local');
  taskQueue = `${rig.taskQueue}-damaged`;
  worker = await startWorkerProcess(rig, taskQueue);
  client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
});

afterAll(async () => {
  await worker?.end('SIGTERM');
  await rig?.close();
});

/** What happens to a sealed payload between its sender and the server. */
type Damage = (sealed: Payload) => Payload;

/** An attacker between client and server, without the key. */
function inTheMiddle(damage: Damage): Client {
  const [codec] = rig.dataConverter.payloadCodecs ?? [];
  const damaging: PayloadCodec = {
    encode: async (payloads, place) => ((await codec?.encode(payloads, place)) ?? []).map(damage),
    decode: async (payloads, place) => (await codec?.decode(payloads, place)) ?? [],
  };
  const { connection } = rig.env;
  const dataConverter = { ...rig.dataConverter, payloadCodecs: [damaging] };
  return new Client({ connection, dataConverter, interceptors: { workflow: [stamping()] } });
}

const withData = (payload: Payload, data: Uint8Array): Payload => ({ ...payload, data });
const dataOf = ({ data }: Payload) => Buffer.from(data ?? []);
const flipped = (data: Buffer, at: number) => data.map((byte, index) => (index === at ? byte ^ 1 : byte));

const DAMAGES: [name: string, damage: Damage, reason: RegExp][] = [
  ['changed in its ciphertext', (sealed) => withData(sealed, flipped(dataOf(sealed), 20)), /was changed on its way/],
  [
    'changed in its tag',
    (sealed) => withData(sealed, flipped(dataOf(sealed), dataOf(sealed).length - 1)),
    /was changed/,
  ],
  ['cut short', (sealed) => withData(sealed, dataOf(sealed).subarray(0, 40)), /was changed on its way/],
  ['cut to nothing', (sealed) => withData(sealed, new Uint8Array()), /too short to be one/],
  [
    'without the id of its key',
    ({ metadata, ...sealed }) => ({ ...sealed, metadata: { encoding: metadata?.['encoding'] ?? new Uint8Array() } }),
    /does not name its key/,
  ],
  [
    'in plain text',
    () => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"code":"123456"}') }),
    /came in plain text/,
  ],
];

/** Expects the log to name the workflow and the reason. */
async function expectLogged(workflowId: string, reason: RegExp): Promise<void> {
  const lines = () =>
    worker.output
      .join('')
      .split('\n')
      .filter((line) => line.includes('Cannot open a payload') && line.includes(JSON.stringify(workflowId)));
  await expect.poll(() => lines().some((line) => reason.test(line))).toBe(true);
}

type History = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** Acts as an attacker who may write to the namespace and has no key. */
async function signalRaw(workflowId: string, payloads: Payload[]): Promise<void> {
  await rig.env.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName: 'codeConfirmed',
    input: { payloads },
  });
}

/** What is taken of a message shows at once. */
const policy = { confirmation: 'trust', resendCooldown: '1 second' } as const;
const start = ({ accessToken }: SandboxUser) =>
  client.start({ accessToken, attributeName: 'email', policy, reverify: true });

/** What the list says has failed. */
async function failed(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId, state } of client.list({ state: 'failed' })) {
    expect(state).toBe('failed');
    ids.push(workflowId);
  }
  return ids;
}

describe.each(DAMAGES)('a payload %s', (_name, damage, reason) => {
  it('as a request: the workflow fails at once, and says why', async () => {
    const user = await rig.user();
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    const started = inTheMiddle(damage).workflow.execute(WORKFLOW_TYPE, {
      workflowId,
      taskQueue,
      args: [{ accessToken: user.accessToken, attributeName: 'email' }],
      workflowExecutionTimeout: '30 seconds',
    });
    const error = await started.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringMatching(reason),
    });
    await expectLogged(workflowId, reason);
    expect(rig.sandbox.calls({ username: user.username })).toEqual([]);
    await expect.poll(async () => await failed(), { timeout: 10_000 }).toContain(workflowId);
  });

  it('as a code: refused without a trace, counts no attempt, and the right one still verifies', async () => {
    const user = await rig.user();
    const { workflowId } = await start(user);
    const handle = inTheMiddle(damage).workflow.getHandle(workflowId);
    const error = await handle
      .executeUpdate(submitCode.name, { args: [{ code: rig.sandbox.codeFor(user, 'email') }] })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ cause: { type: 'InvalidRequest', message: expect.stringMatching(reason) } });
    await expectLogged(workflowId, reason);
    const { result, status } = await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect([result, status.attemptsLeft]).toEqual(['verified', 9]);
  });

  it('as a confirmation: confirms nothing', async () => {
    const user = await rig.user();
    const { workflowId } = await start(user);
    await inTheMiddle(damage).workflow.getHandle(workflowId).signal(codeConfirmed.name, { reference: 'order 17' });
    await expectLogged(workflowId, reason);
    expect(await client.status(workflowId)).toMatchObject({ state: 'awaitingCode' });
    await client.confirm(workflowId);
    expect(await client.wait(workflowId, { timeout: '20 seconds' })).toMatchObject({ outcome: 'verified' });
  });
});

it('a code sealed with a key that the worker lacks: refused, and the verification continues', async () => {
  const user = await rig.user();
  const { workflowId } = await start(user);
  const keys = keyRingOf(encryptionKey('2031', randomBytes(KEY_BYTES)));
  const otherClient = new Client({ connection: rig.env.connection, dataConverter: clientDataConverter(keys) });
  const code = rig.sandbox.codeFor(user, 'email');
  // The refusal is sealed with the worker's key, which this client lacks.
  await expect(
    new VerificationClient({ client: otherClient, userPools: rig.userPools, taskQueue }).submitCode(workflowId, {
      code,
    }),
  ).rejects.toMatchObject({ code: 'Sealing' });
  await expectLogged(workflowId, /"keyId":"2031"/);
  expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
});

describe('a sealed payload of one verification', () => {
  /** Keeps the payloads of one call, and puts them in place of later ones. */
  function recorder(): { record: Client; replay: Client } {
    let recorded: Payload | undefined;
    return {
      record: inTheMiddle((sealed) => {
        recorded = sealed;
        return sealed;
      }),
      replay: inTheMiddle((sealed) => recorded ?? sealed),
    };
  }

  it('in another verification: refused, and the log names it', async () => {
    const [ada, bob] = [await rig.user(), await rig.user()];
    const [mine, theirs] = [await start(ada), await start(bob)];
    const { record, replay } = recorder();
    await record.workflow.getHandle(mine.workflowId).executeUpdate(submitCode.name, { args: [{ code: '000000' }] });
    const error = await replay.workflow
      .getHandle(theirs.workflowId)
      .executeUpdate(submitCode.name, { args: [{ code: '111111' }] })
      .catch((thrown: unknown) => thrown);
    const reason = /sealed for another workflow or activity/;
    expect(error).toMatchObject({ cause: { type: 'InvalidRequest', message: expect.stringMatching(reason) } });
    await expectLogged(theirs.workflowId, reason);
    expect(await client.status(theirs.workflowId)).toMatchObject({ attemptsLeft: 10 });
  });

  it('as the request of another verification: that workflow fails at once', async () => {
    const [ada, bob] = [await rig.user(), await rig.user()];
    const { record, replay } = recorder();
    const startWith = async (temporal: Client, user: SandboxUser) => {
      const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
        workflowId: workflowIdFor({ ...user, attributeName: 'email' }),
        taskQueue,
        args: [{ accessToken: user.accessToken, attributeName: 'email' }],
        workflowIdConflictPolicy: 'FAIL',
        workflowExecutionTimeout: '30 seconds',
      });
      return await temporal.workflow.executeUpdateWithStart(awaitDelivery.name, {
        startWorkflowOperation,
        args: [{}],
        updateId: randomUUID(),
      });
    };
    await startWith(record, ada);
    await expect(startWith(replay, bob)).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/sealed for another workflow/) },
    });
    expect(rig.sandbox.calls({ username: bob.username })).toEqual([]);
  });

  it('in the same verification again: refused as a copy, and counts no attempt', async () => {
    const user = await rig.user();
    const { workflowId } = await start(user);
    const { record, replay } = recorder();
    const wrong = { args: [{ code: '000000' }] as [{ code: string }] };
    await record.workflow.getHandle(workflowId).executeUpdate(submitCode.name, wrong);
    const error = await replay.workflow
      .getHandle(workflowId)
      .executeUpdate(submitCode.name, wrong)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      cause: { type: 'InvalidRequest', message: expect.stringMatching(/^stamp\.id is of another update/) },
    });
    expect(await client.status(workflowId)).toMatchObject({ attemptsLeft: 9 });
    await expect.poll(() => worker.output.join('')).toMatch(/Refused a message: .*is of another update/);
  });

  it.each([
    ['its own request', (events: History) => events[0]?.workflowExecutionStartedEventAttributes?.input],
    [
      'one of its own answers',
      (events: History) =>
        events.find((event) => event.workflowExecutionUpdateCompletedEventAttributes)
          ?.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success,
    ],
    ['nothing', () => undefined],
  ])('as a confirmation, %s: confirms nothing', async (_name, find) => {
    const { workflowId } = await start(await rig.user());
    const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
    const payloads = find(events ?? [])?.payloads ?? [];
    await signalRaw(workflowId, payloads);
    expect(await client.status(workflowId)).toMatchObject({ state: 'awaitingCode' });
  });

  it('as a confirmation, in a later verification of the same user: confirms nothing', async () => {
    const user = await rig.user();
    // Moves the clock back, so that the test need not wait two minutes.
    const before = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      taskQueue,
      now: () => Date.now() - 3 * 60_000,
    });
    const { workflowId } = await before.start({ accessToken: user.accessToken, attributeName: 'email', policy });
    await before.confirm(workflowId);
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
    const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
    const confirmation = events?.find((event) => event.workflowExecutionSignaledEventAttributes);
    await start(user);
    await signalRaw(workflowId, confirmation?.workflowExecutionSignaledEventAttributes?.input?.payloads ?? []);
    await expect.poll(() => worker.output.join('')).toMatch(/A confirmation was left out: stamp.runId names another/);
    await expect.poll(async () => (await client.status(workflowId)).state).toBe('awaitingCode');
  });

  it('as a request, long after it was sent: refused as a copy', async () => {
    const user = await rig.user();
    const at = new Date(Date.now() - 16 * 60_000).toISOString();
    const error = await rig.env.client.workflow
      .execute(WORKFLOW_TYPE, {
        workflowId: workflowIdFor({ ...user, attributeName: 'email' }),
        taskQueue,
        args: [{ accessToken: user.accessToken, attributeName: 'email', stamp: { kind: WORKFLOW_TYPE, at } }],
        workflowExecutionTimeout: '30 seconds',
      })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ cause: { message: expect.stringMatching(/is 16 minutes before the time/) } });
    expect(rig.sandbox.calls({ username: user.username })).toEqual([]);
  });
});

describe('an activity that is completed by somebody without a key', () => {
  /** Answers in place of the worker while Cognito takes its time over a wrong code. */
  async function answerAttempt(user: SandboxUser, payloads: Payload[]): Promise<SubmitCodeAnswer> {
    const { workflowId } = await start(user);
    rig.sandbox.setFault({ operation: 'VerifyUserAttribute', username: user.username, latencyMs: 4_000, times: 1 });
    const answer = client.submitCode(workflowId, { code: '000000' });
    const handle = rig.env.client.workflow.getHandle(workflowId);
    const pending = async () => (await handle.describe()).raw.pendingActivities?.[0];
    await expect.poll(async () => (await pending())?.activityType?.name).toBe('verifyCode');
    await rig.env.client.workflowService.respondActivityTaskCompletedById({
      namespace: 'default',
      workflowId,
      activityId: (await pending())?.activityId ?? '',
      ...(payloads.length > 0 ? { result: { payloads } } : {}),
    });
    return await answer;
  }

  it('with no answer: verifies nothing', async () => {
    const { userPoolId: poolId } = await rig.user();
    // Nobody can complete a local activity, which one of a value that was not verified before would be.
    const user = await rig.sandbox.createUser({
      poolId,
      attributes: { email: 'zoe@example.com' },
      emailVerified: true,
    });
    expect(await answerAttempt(user, [])).toMatchObject({ result: 'mismatch' });
  });

  it('with the sealed answer of an earlier verification of the same user: verifies nothing', async () => {
    const user = await rig.user();
    const { workflowId } = await start(user);
    await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
    const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
    const verified = events?.findLast((event) => event.activityTaskCompletedEventAttributes);
    const payloads = verified?.activityTaskCompletedEventAttributes?.result?.payloads ?? [];
    expect(payloads).toHaveLength(1);
    // The cool-down of its message.
    await sleep(2_000);
    const { result } = await answerAttempt(user, payloads);
    expect(result).toBe('mismatch');
  });
});
