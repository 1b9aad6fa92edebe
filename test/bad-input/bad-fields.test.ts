/**
 * Invalid values of every field of every message, as they come from a plain Temporal client, from Python and from the command
 * line. Each is refused by its type, and the verification that receives them goes on. `test/contract/bad-fields.test.ts` does
 * the same in TypeScript, without a server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { isPrintable, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { PAYLOADS } from '@cognito-verification/contract/fields';
import { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../cli/commands.js';
import { errorDocument } from '../../cli/report.js';
import { findPython } from '../python/find-python.js';
import { type SandboxUser, useRig } from '../rig.js';
import { stamping, stampOf } from '../stamping.js';
import { type BadMessage, badOf, FEW_BAD_MESSAGES, isTypedCode, nameOf } from './bad-fields.js';

const rig = useRig('local');
const OPTIONS = { timeout: 300_000, retry: 0 };
const REFUSED = /^(InvalidRequest|AccessTokenRefused)$/;
/** The verification of this user receives everything. */
let user: SandboxUser;
let workflowId: string;

beforeAll(async () => {
  user = await rig.user();
  ({ workflowId } = await rig.start(user));
});

/** Eight at a time: the server takes ten updates at once. */
async function eachOf<Value>(values: readonly Value[], send: (value: Value) => Promise<void>): Promise<void> {
  const left = [...values];
  const next = async (): Promise<void> => {
    for (let value = left.pop(); value !== undefined; value = left.pop()) await send(value);
  };
  await Promise.all(Array.from({ length: 8 }, next));
}

/** Nothing has changed, no workflow task has failed, and the right code would still be taken. */
async function unharmed(): Promise<void> {
  const { state, attemptsLeft, sends } = await rig.client.status(workflowId);
  expect({ state, attemptsLeft, sends: sends.length }).toEqual({ state: 'awaitingCode', attemptsLeft: 10, sends: 1 });
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  expect(events?.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
}

/** A reference of a confirmation is made right, so such a confirmation counts. */
const isRefused = ({ message, field }: BadMessage) => message !== 'codeConfirmed' || field !== 'reference';

it('a plain Temporal client is refused, whatever it sends', OPTIONS, async () => {
  // Not of the rig, which replays every workflow of its client once more.
  const { connection, options } = rig.env.client;
  const raw = new Client({
    connection,
    dataConverter: options.dataConverter,
    interceptors: { workflow: [stamping()] },
  });
  const verification = raw.workflow.getHandle(workflowId);
  let requests = 0;
  const send = async ({ message, input }: BadMessage): Promise<unknown> => {
    if (message === 'codeConfirmed') return await verification.signal(message, input);
    if (message !== 'request') return await verification.executeUpdate(message, { args: [input] });
    const { taskQueue } = rig;
    return await raw.workflow.execute(WORKFLOW_TYPE, { taskQueue, workflowId: `bad ${++requests}`, args: [input] });
  };
  await eachOf(FEW_BAD_MESSAGES.filter(isRefused), async (bad) => {
    const refusal = await send(bad).catch((error: unknown) => error);
    if (bad.message === 'codeConfirmed') expect(refusal, nameOf(bad)).toBeUndefined();
    else expect(refusal, nameOf(bad)).toMatchObject({ cause: { type: expect.stringMatching(REFUSED) } });
  });
  await unharmed();
});

it('a service in Python is refused, whatever it sends', OPTIONS, async (context) => {
  const python = await findPython();
  if (python === undefined) context.skip('no python3 on this machine');
  const bad = FEW_BAD_MESSAGES.filter(isRefused);
  const service = spawn(python ?? '', [join('test', 'python', 'bad_messages.py')], {
    env: {
      PATH: process.env['PATH'],
      PYTHONDONTWRITEBYTECODE: '1',
      TEMPORAL_ADDRESS: rig.env.address,
      VERIFICATION_TASK_QUEUE: rig.taskQueue,
      VERIFICATION_ENCRYPTION_KEYS: rig.keys,
      WORKFLOW_ID: workflowId,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  service.stdin.end(JSON.stringify(bad));
  const [refusals] = await Promise.all([json(service.stdout), once(service, 'exit')]);
  const found = (refusals as (string | null)[]).map((type, at) => `${nameOf(bad[at] as BadMessage)}: ${type}`);
  const expected = bad.map((one) =>
    one.message === 'codeConfirmed' ? /: null$/ : /: (InvalidRequest|AccessTokenRefused)$/,
  );
  expect(found).toHaveLength(bad.length);
  for (const [at, words] of found.entries()) expect(words).toMatch(expected[at] as RegExp);
  await unharmed();
});

/** Fields of the inputs of activities, or of ours alone. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'mayBeCopy',
  'recordAttribute',
  'unlessVerified',
  'updateId',
  'at',
  'counted',
  'rememberedOnly',
  'runId',
  'startedAt',
  'salt',
  'target',
  'proves',
  'reference',
  'stamp',
]);

it('null is absent, as other languages write a field that is not set', OPTIONS, async () => {
  const { accessToken, userPoolId, sub } = await rig.user();
  const unset = (fields: object) => Object.fromEntries(Object.keys(fields).map((name) => [name, null]));
  const { code: _code, attributeName: _name, ...optional } = unset(PAYLOADS.input);
  const ofRequest = Object.fromEntries(Object.entries(optional).filter(([name]) => !OF_OTHERS.has(name)));
  expect(Object.keys(optional)).toEqual(expect.arrayContaining([...OF_OTHERS]));
  const policy = unset(PAYLOADS.input.policy.fields);
  const raw = await rig.env.client.workflow.start(WORKFLOW_TYPE, {
    taskQueue: rig.taskQueue,
    workflowId: workflowIdFor({ userPoolId, sub, attributeName: 'email' }),
    args: [{ ...ofRequest, accessToken, attributeName: 'email', policy: { ...policy, confirmation: 'trust' } }],
  });
  const { userPoolId: _pool, sub: _sub, ...ofMessage } = ofRequest;
  const delivery = unset(PAYLOADS.input.alreadySent.fields);
  const { previousRunId: _run, ...ofJoin } = ofMessage;
  const tokens = { accessToken, accessTokenReference: null };
  expect(await raw.executeUpdate('awaitDelivery', { args: [ofJoin] })).toMatchObject({ sendsLeft: 4 });
  expect(
    await raw.executeUpdate('awaitDelivery', { args: [{ ...ofJoin, ...tokens, alreadySent: delivery }] }),
  ).toMatchObject({
    sendsLeft: 3,
  });
  expect(await raw.executeUpdate('renewAccessToken', { args: [tokens] })).toMatchObject({ state: 'awaitingCode' });
  expect(await raw.executeUpdate('submitCode', { args: [{ ...tokens, code: '000000' }] })).toMatchObject({
    status: { attemptsLeft: 9 },
  });
  const named = stampOf('codeConfirmed', { runId: raw.firstExecutionRunId });
  await raw.signal('codeConfirmed', { reference: null, stamp: { ...named, id: null, nonce: null, asked: null } });
  await raw.result();
});

/** How a value gets into a command: arguments, or a variable of the environment. */
type Given = { args: readonly string[]; env?: Record<string, string> };

const START = ['start', '--attribute', 'email'];
const BY_REFERENCE = [...START, '--access-token-reference', 'session-1'];
const USER = ['--user-pool', 'eu-west-1_AbC', '--sub', '6f1a'];

/** Each field of an input, where the command line has it. A field that an input gains does not compile until it is here. */
const IN_A_COMMAND: Record<keyof typeof PAYLOADS.input, ((value: string) => Given) | undefined> = {
  accessToken: (value) => ({ args: START, env: { COGNITO_ACCESS_TOKEN: value } }),
  accessTokenReference: (value) => ({ args: [...START, ...USER, '--access-token-reference', value] }),
  userPoolId: (value) => ({ args: [...BY_REFERENCE, '--sub', '6f1a', '--user-pool', value] }),
  sub: (value) => ({ args: [...BY_REFERENCE, '--user-pool', 'eu-west-1_AbC', '--sub', value] }),
  attributeName: (value) => ({ args: ['start', '--attribute', value] }),
  alreadySent: (value) => ({ args: [...BY_REFERENCE, ...USER, '--already-sent', value] }),
  clientMetadata: (value) => ({ args: ['resend', 'ID', '--client-metadata', `a=${value}`] }),
  // An option without a value.
  reverify: undefined,
  replaceAtOnce: undefined,
  newValue: (value) => ({ args: [...BY_REFERENCE, ...USER], env: { VERIFICATION_NEW_VALUE: value } }),
  // Its fields are options of their own, below.
  policy: undefined,
  code: (value) => ({ args: ['submit', 'ID'], env: { VERIFICATION_CODE: value } }),
  reference: (value) => ({ args: ['confirm', 'ID', '--reference', value] }),
  // The client finds it.
  previousRunId: undefined,
  // Of activities alone.
  mayBeCopy: undefined,
  startedAt: undefined,
  at: undefined,
  recordAttribute: undefined,
  unlessVerified: undefined,
  updateId: undefined,
  counted: undefined,
  rememberedOnly: undefined,
  runId: undefined,
  salt: undefined,
  target: undefined,
  proves: undefined,
  // The client writes it.
  stamp: undefined,
};

/** The texts among the invalid values of a field. Spaces around a secret are cut off, and an empty variable is none. */
function textsOf(field: Exclude<keyof typeof IN_A_COMMAND, 'policy'>): string[] {
  // Of a delivery the command line has the destination.
  const { size, form } = badOf(field === 'alreadySent' ? 'destination' : PAYLOADS.input[field]);
  const texts = [...size, ...form].flatMap((value) => {
    if (typeof value === 'string') return [value];
    const [inner, ...more] = Object.values(value as object);
    return typeof inner === 'string' && more.length === 0 ? [inner] : [];
  });
  const isCut = (text: string) => text.trim() !== text || (field === 'code' && isTypedCode({ code: text }));
  return texts.filter((text) => !isCut(text) && text !== '' && text.length > 2);
}

describe('the command line', () => {
  afterEach(() => void vi.unstubAllEnvs());

  async function refusalOf({ args: [name, ...args], env = {} }: Given): Promise<unknown> {
    vi.stubEnv('TEMPORAL_ADDRESS', rig.env.address);
    vi.stubEnv('VERIFICATION_TASK_QUEUE', rig.taskQueue);
    vi.stubEnv('VERIFICATION_ENCRYPTION_KEYS', rig.keys);
    vi.stubEnv('AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER', rig.sandbox.url);
    vi.stubEnv('VERIFICATION_USER_POOLS', ['eu-west-1_AbC', ...rig.sandbox.userPoolIds()].join());
    for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value);
    const command = (await COMMANDS.find((one) => one.name === name)?.load()) as Command;
    command.exitOverride().configureOutput({ writeErr: () => undefined, outputError: () => undefined });
    try {
      await command.parseAsync(
        args.map((arg) => (arg === 'ID' ? workflowId : arg)),
        { from: 'user' },
      );
      return undefined;
    } catch (error) {
      return error;
    } finally {
      vi.unstubAllEnvs();
    }
  }

  async function refuses(given: Given): Promise<void> {
    const error = await refusalOf(given);
    const what = JSON.stringify(given).slice(0, 200);
    expect(error, what).toBeInstanceOf(Error);
    expect(['Usage', 'InvalidRequest', 'AccessTokenRefused'], what).toContain(errorDocument(error).code);
  }

  const fields = Object.entries(IN_A_COMMAND).flatMap(([field, give]) => (give ? [[field, give] as const] : []));

  it.each(fields)('refuses every invalid %s', OPTIONS, async (field, give) => {
    const texts = textsOf(field as Parameters<typeof textsOf>[0]);
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) await refuses(give(text));
  });

  it('refuses every invalid field of the policy', OPTIONS, async () => {
    for (const [field, kind] of Object.entries(PAYLOADS.input.policy.fields)) {
      const flag = `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const { size, form } = badOf(kind);
      for (const value of [...size, ...form]) {
        if (value !== '') await refuses({ args: [...BY_REFERENCE, ...USER, flag, String(value)] });
      }
    }
  });

  it('refuses every invalid id', OPTIONS, async () => {
    for (const id of ['x'.repeat(201), 'a b', 'a\u001b[2J', 'a\u202Eb', 'ä']) {
      await refuses({ args: [...BY_REFERENCE, ...USER, '--request-id', id] });
      await refuses({ args: ['resend', 'ID', '--request-id', id] });
      await refuses({ args: ['renew-token', 'ID', '--access-token-reference', 'session-1', '--request-id', id] });
      await refuses({ args: ['submit', 'ID', '--attempt-id', id], env: { VERIFICATION_CODE: '123456' } });
      await refuses({ args: ['status', id] });
    }
  });
});

it('the verification has taken none of it, and takes its code', async () => {
  await unharmed();
  const code = rig.sandbox.codeFor(user, 'email');
  expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
});

it('a reference that was too long or not printable is made right', async () => {
  const { workflowId: confirmed, run: runId } = await rig.start(await rig.user(), { confirmation: 'trust' });
  const reference = `a\u001b[2J\u202E${'x'.repeat(300)}`;
  await rig.env.client.workflow.getHandle(confirmed).signal('codeConfirmed', {
    reference,
    stamp: stampOf('codeConfirmed', { runId }),
  });
  const outcome = await rig.client.wait(confirmed);
  expect(outcome).toMatchObject({ outcome: 'verified', proof: 'trusted' });
  expect(outcome.reference).toHaveLength(200);
  expect(isPrintable(outcome.reference ?? '')).toBe(true);
});
