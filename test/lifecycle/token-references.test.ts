/**
 * Verifications whose tokens never enter Temporal: the request carries a reference, and the worker asks a token source
 * over HTTP. Nothing is sealed here, so that the search would find a token in a history.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient, type VerificationRequest, type VerificationStatus } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { createHttpAccessTokenSource } from '../../activities/http-access-token-source.js';
import { createWorker } from '../../worker/worker.js';
import { runJson } from '../cli/run-cli.js';
import { accessToken as unsignedToken } from '../client/fixtures.js';
import { replayAll } from '../replay-all.js';
import { cacheSize, type Rig, type SandboxUser, startRig, startWorkerProcess } from '../rig.js';
import { ATTEMPT, SEND } from './time-travel.js';
import { startTokenSource, type TokenSource } from './token-source.js';

/** A user, and the reference to their token. */
interface Person extends SandboxUser {
  reference: string;
  id: string;
}

/** Leaves payloads as they are. */
const UNSEALED: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads),
  decode: (payloads) => Promise.resolve(payloads),
};

const BEARER = 'worker-secret-4711';
const SOURCE_TIMEOUT_MS = 500;

let rig: Rig;
let tokenSource: TokenSource;
let client: VerificationClient;
let stop: () => Promise<void>;
/** Every token that a test used. No history may contain any of them. */
const tokens = new Set<string>();
const started = new Set<string>();

beforeAll(async () => {
  rig = await startRig('local');
  tokenSource = await startTokenSource();
  const taskQueue = `${rig.taskQueue}-references`;
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const cached = cacheSize();
  const worker = await createWorker({
    connection: rig.env.nativeConnection,
    namespace: 'default',
    keys: undefined,
    userPools: rig.userPools,
    cognito,
    accessTokenSource: createHttpAccessTokenSource({
      url: tokenSource.url,
      authorization: () => `Bearer ${BEARER}`,
      timeoutMs: SOURCE_TIMEOUT_MS,
    }),
    taskQueue,
    ...(cached === undefined ? {} : { maxCachedWorkflows: cached }),
  });
  const running = worker.run();
  stop = async () => {
    worker.shutdown();
    await running;
    cognito.destroy();
  };
  const { connection } = rig.env;
  const temporal = new Client({ connection, dataConverter: { payloadCodecs: [UNSEALED] } });
  client = new VerificationClient({ client: temporal, userPools: rig.userPools, taskQueue });
});

afterAll(async () => {
  await stop?.();
  await tokenSource?.close();
  await rig?.close();
});

/** Creates a user whose reference leads, by default, to their token. */
async function person(accessToken?: string): Promise<Person> {
  const user = await rig.user();
  const reference = `session-${user.sub}`;
  const answered = accessToken ?? user.accessToken;
  for (const secret of [user.accessToken, answered]) tokens.add(secret);
  tokenSource.answer(reference, { token: answered });
  return { ...user, reference, id: workflowIdFor({ ...user, attributeName: 'email' }) };
}

async function token(user: SandboxUser, options?: { expiresInSeconds?: number; forged?: boolean }): Promise<string> {
  const issued = await rig.sandbox.issueAccessToken(user, options);
  tokens.add(issued);
  return issued;
}

function requestOf(user: Person, reference = user.reference): VerificationRequest {
  const { userPoolId, sub } = user;
  return { accessTokenReference: reference, userPoolId, sub, attributeName: 'email' };
}

async function start(user: Person, reference?: string): Promise<VerificationStatus> {
  started.add(user.id);
  return (await client.start(requestOf(user, reference))).status;
}

const submitRight = async (user: Person) =>
  await client.submitCode(user.id, { code: rig.sandbox.codeFor(user, 'email') });
const renew = async (user: Person, reference = user.reference) =>
  await client.renewAccessToken(user.id, { accessTokenReference: reference });
const callsOf = ({ username }: SandboxUser, operation?: string) =>
  rig.sandbox.calls({ username, ...(operation ? { operation } : {}) }).length;
const askedFor = ({ reference }: Person) =>
  tokenSource.asked.filter(({ body }) => (body as { reference: string }).reference === reference);
const untilState = async (user: Person, state: string) => {
  await expect.poll(async () => (await client.status(user.id)).state).toBe(state);
  return await client.status(user.id);
};

/** The server's failure message of the call that is being retried. */
async function pendingFailure({ id }: Person): Promise<string> {
  const { raw } = await rig.env.client.workflow.getHandle(id).describe();
  const { data } = raw.pendingActivities?.[0]?.lastFailure?.encodedAttributes ?? {};
  return data ? (JSON.parse(Buffer.from(data).toString()) as { message: string }).message : '';
}

describe('a reference that leads to a token', () => {
  test('a verification is started, sent, re-sent, attempted and verified with it', async () => {
    const user = await person();
    const { userPoolId, sub } = user;
    started.add(user.id);
    const opened = await client.start({ ...requestOf(user), policy: { resendCooldown: '1 second' } });
    expect(opened).toMatchObject({ workflowId: user.id, status: { state: 'awaitingCode', sendsLeft: 4 } });
    await sleep(1_100);
    expect(await client.resendCode(user.id)).toMatchObject({ state: 'awaitingCode', sendsLeft: 3 });
    const code = rig.sandbox.codeFor(user, 'email');
    const wrong = code === '000000' ? '111111' : '000000';
    expect(await client.submitCode(user.id, { code: wrong })).toMatchObject({ result: 'mismatch' });
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
    // Once for each activity, including the send that looks at the attribute first.
    const body = { reference: user.reference, userPoolId, sub, attributeName: 'email' };
    expect(askedFor(user)).toEqual(
      Array.from({ length: 4 }, () => ({
        authorization: `Bearer ${BEARER}`,
        contentType: 'application/json',
        body,
      })),
    );
    // Before the first send, and after the right code.
    expect(callsOf(user, 'GetUser')).toBe(2);
  });

  test('a fresh token is found under it once the first has expired, without a renewal', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { token: await token(user, { expiresInSeconds: 2 }) });
    expect(await start(user)).toMatchObject({ state: 'awaitingCode' });
    await sleep(2_100);
    tokenSource.answer(user.reference, { token: await token(user) });
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
  });

  test('a reference that comes with a code is used for that code', async () => {
    const user = await person();
    await start(user);
    tokenSource.answer('other-session', { token: await token(user) });
    const code = rig.sandbox.codeFor(user, 'email');
    const answer = await client.submitCode(user.id, { code, accessTokenReference: 'other-session' });
    expect(answer).toMatchObject({ result: 'verified' });
    expect(askedFor({ ...user, reference: 'other-session' })).toHaveLength(1);
  });
});

describe('a source that is unavailable', () => {
  test('that is down is asked again until it is up: one code is sent', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { status: 503 });
    const opening = start(user);
    await expect.poll(() => askedFor(user).length).toBeGreaterThan(1);
    await expect.poll(() => pendingFailure(user)).toBe('The access token source answered HTTP 503.');
    expect(callsOf(user)).toBe(0);
    tokenSource.answer(user.reference, { token: user.accessToken });
    expect(await opening).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(callsOf(user, SEND)).toBe(1);
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
  });

  test('that does not accept the worker is asked again, and the failure says what to check', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { status: 401 });
    const opening = start(user);
    await expect.poll(() => pendingFailure(user)).toMatch(/answered HTTP 401: it does not accept the worker, see its/);
    tokenSource.answer(user.reference, { token: user.accessToken });
    expect(await opening).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
  });

  test('that is too slow is not waited for, and is asked again', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { token: user.accessToken }, 4 * SOURCE_TIMEOUT_MS);
    const opening = start(user);
    await expect.poll(() => pendingFailure(user)).toBe('The access token source gave no answer within 500 ms.');
    expect(callsOf(user)).toBe(0);
    tokenSource.answer(user.reference, { token: user.accessToken });
    expect(await opening).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });
});

describe('a reference without a usable token', () => {
  test('without a token it waits for one, and continues when the same reference is renewed', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { status: 404 });
    expect(await start(user)).toMatchObject({
      state: 'awaitingToken',
      sendsLeft: 5,
      sends: [{ outcome: 'accessTokenRejected', reason: 'AccessTokenNotFound' }],
    });
    expect(callsOf(user)).toBe(0);
    // After an early renewal it waits again, and asks once.
    await renew(user);
    await expect.poll(() => askedFor(user).length).toBe(2);
    await untilState(user, 'awaitingToken');
    tokenSource.answer(user.reference, { token: user.accessToken });
    await renew(user);
    expect(await untilState(user, 'awaitingCode')).toMatchObject({ sendsLeft: 4 });
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
  });

  test('a reference that is renewed during its lookup is looked up once more', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { status: 404 }, SOURCE_TIMEOUT_MS / 2);
    const opening = start(user);
    await expect.poll(() => askedFor(user).length).toBe(1);
    tokenSource.answer(user.reference, { token: user.accessToken });
    await renew(user);
    expect(await opening).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(askedFor(user)).toHaveLength(2);
  });

  test('a token of another user or pool is refused, and never sent to Cognito', async () => {
    const max = await rig.user();
    for (const wrong of [max.accessToken, unsignedToken(), 'no token at all']) {
      const user = await person(wrong);
      const status = await start(user);
      expect(status).toMatchObject({
        state: 'awaitingToken',
        sends: [{ outcome: 'accessTokenRejected', reason: 'AccessTokenRefused' }],
      });
      expect(askedFor(user)).toHaveLength(1);
      expect(callsOf(user)).toBe(0);
    }
    expect(callsOf(max)).toBe(0);
  });

  test('a token of another user is refused for a code too: the attempt does not count', async () => {
    const [user, max] = [await person(), await person()];
    await start(user);
    tokenSource.answer(user.reference, { token: max.accessToken });
    const calls = callsOf(user);
    expect(await submitRight(user)).toMatchObject({
      result: 'accessTokenRejected',
      status: { state: 'awaitingToken', attemptsLeft: 10 },
    });
    expect([callsOf(user), callsOf(max)]).toEqual([calls, 0]);
  });

  test('a token that has expired is not sent to Cognito', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { token: await token(user, { expiresInSeconds: 1 }) });
    await sleep(1_100);
    expect(await start(user)).toMatchObject({ state: 'awaitingToken', sends: [{ reason: 'AccessTokenRefused' }] });
    expect(callsOf(user)).toBe(0);
  });

  test('a token that Cognito refuses is dropped with its reference until the reference is renewed', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { token: await token(user, { forged: true }) });
    expect(await start(user)).toMatchObject({ state: 'awaitingToken', sends: [{ reason: 'NotAuthorizedException' }] });
    tokenSource.answer(user.reference, { token: user.accessToken });
    await renew(user);
    await untilState(user, 'awaitingCode');
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
  });
});

describe('a start that joins', () => {
  test('brings its reference along, and the waiting send continues with it', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { status: 410 });
    expect(await start(user)).toMatchObject({ state: 'awaitingToken' });
    const fresh = `${user.reference}-fresh`;
    tokenSource.answer(fresh, { token: user.accessToken });
    expect(await start(user, fresh)).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
  });

  test('with a reference to nothing does not replace a good one', async () => {
    const user = await person();
    await start(user);
    expect(await start(user, `${user.reference}-gone`)).toMatchObject({ state: 'awaitingCode' });
    expect(await submitRight(user)).toMatchObject({ result: 'verified' });
  });

  test('with another reference opens the next verification where no attempts are left', async () => {
    const user = await person();
    started.add(user.id);
    await client.start({ ...requestOf(user), policy: { maxAttempts: 1 } });
    const code = rig.sandbox.codeFor(user, 'email');
    await client.submitCode(user.id, { code: code === '000000' ? '111111' : '000000' });
    const fresh = `${user.reference}-fresh`;
    tokenSource.answer(fresh, { token: user.accessToken });
    const { status } = await client.start(requestOf(user, fresh));
    expect(status).toMatchObject({ state: 'rateLimited', attemptsLeft: 9, sends: [] });
  });

  test('with a token serves a verification that began with a reference', async () => {
    const user = await person();
    tokenSource.answer(user.reference, { status: 404 });
    await start(user);
    // Not in `tokens`: this token is in the history, since the caller sent it.
    const sealed = await rig.sandbox.issueAccessToken(user);
    const { status } = await client.start({ accessToken: sealed, attributeName: 'email' });
    expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
  });
});

describe('a worker without a source', () => {
  test('is retried, because another worker may have one, and says what to configure', async () => {
    const user = await person();
    const impatient = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      taskQueue: rig.taskQueue,
      timeout: '6 seconds',
    });
    const { workflowId, status } = await impatient.start(requestOf(user));
    expect(status).toMatchObject({ state: 'sending' });
    const { raw } = await rig.env.client.workflow.getHandle(workflowId).describe();
    const [call] = raw.pendingActivities ?? [];
    expect(call?.attempt).toBeGreaterThan(1);
    expect(call?.lastFailure?.applicationFailureInfo?.type).toBe('AccessTokenSourceMissing');
    expect(callsOf(user)).toBe(0);
    await rig.client.cancel(workflowId);
  });

  test('also retries a code that comes with a reference, and sends nothing to Cognito', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const code = rig.sandbox.codeFor(user, 'email');
    const answer = rig.client.submitCode(workflowId, { code, accessTokenReference: 'session' });
    const handle = rig.env.client.workflow.getHandle(workflowId);
    const call = async () => (await handle.describe()).raw.pendingActivities?.[0];
    await expect.poll(async () => (await call())?.attempt).toBeGreaterThan(1);
    expect((await call())?.lastFailure?.applicationFailureInfo?.type).toBe('AccessTokenSourceMissing');
    expect(callsOf(user, ATTEMPT)).toBe(0);
    await rig.client.cancel(workflowId);
    await expect(answer).rejects.toMatchObject({ code: 'VerificationEnded' });
  });
});

test('the deployed commands: a worker with its settings, a start and a code, and no token in the output', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'token-references-'));
  await writeFile(join(folder, 'bearer'), `${BEARER}\n`);
  const taskQueue = `${rig.taskQueue}-settings`;
  const worker = await startWorkerProcess(rig, taskQueue, {
    VERIFICATION_ACCESS_TOKEN_SOURCE_URL: tokenSource.url,
    VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE: join(folder, 'bearer'),
  });
  try {
    const user = await person();
    const env = {
      TEMPORAL_ADDRESS: rig.env.address,
      VERIFICATION_ENCRYPTION_KEYS: rig.keys,
      VERIFICATION_TASK_QUEUE: taskQueue,
      ...rig.settings,
    };
    const reference = ['--access-token-reference', user.reference];
    const who = ['--user-pool', user.userPoolId, '--sub', user.sub];
    const opened = await runJson(['start', '--attribute', 'email', ...reference, ...who], { env });
    expect(opened).toMatchObject({ code: 0, document: { workflowId: user.id, status: { state: 'awaitingCode' } } });
    expect(await runJson(['renew-token', user.id, ...reference], { env })).toMatchObject({ code: 0 });
    const stdin = rig.sandbox.codeFor(user, 'email');
    const submitted = await runJson(['submit', user.id, ...reference], { env, stdin });
    expect(submitted).toMatchObject({ code: 0, document: { result: 'verified' } });
    const printed = JSON.stringify([opened, submitted, worker.output]);
    for (const secret of [user.accessToken, BEARER, user.reference]) expect(printed).not.toContain(secret);
  } finally {
    await worker.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
});

test('no history here contains a token, plain or in base64, and no status shows a reference', async () => {
  expect(tokens.size).toBeGreaterThan(15);
  const needles = [...tokens, BEARER].flatMap((one) => [one, ...base64Forms(one)]);
  for (const id of started) {
    const handle = rig.env.client.workflow.getHandle(id);
    const { raw } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const texts = [...textsIn({ events, raw })];
    for (const text of texts) for (const needle of needles) expect(text.includes(needle), id).toBe(false);
    const visible = [raw.executionConfig, raw.workflowExecutionInfo, await client.status(id)];
    for (const text of textsIn(visible)) expect(text).not.toContain('session-');
  }
  // The same search finds a reference, which is not secret and is in the inputs.
  const [first = ''] = started;
  const { events } = await rig.env.client.workflow.getHandle(first).fetchHistory();
  expect([...textsIn(events)].some((text) => text.includes('"accessTokenReference":"session-'))).toBe(true);
});

test('every history made here replays', async () => {
  expect(await replayAll({ env: rig.env, keyRing: undefined }, started)).toBe(started.size);
});

/** The forms of a text within base64: it depends on the position in a group of three bytes. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(' '.repeat(offset) + text).toString('base64');
    return encoded.slice(4, -4);
  });
}

function* textsIn(value: unknown, seen = new Set<unknown>()): Generator<string> {
  if (typeof value === 'string') yield value;
  if (value instanceof Uint8Array) yield Buffer.from(value).toString();
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value)) return;
  seen.add(value);
  for (const inner of Object.values(value)) yield* textsIn(inner, seen);
}
