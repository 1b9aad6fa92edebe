/** Redacted histories replay, and hold none of the planted values. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationFailedError } from '@cognito-verification/client';
import { type KeyRing, keyRingOf, open, parseKeys } from '@cognito-verification/codec';
import { decodeAccessToken, isRecord } from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { historyDocument } from '../../../replay/recorded-history.js';
import { JSONToPayload } from '../../../temporal/proto-json.js';
import { type Canary, sightings } from '../../canary/canaries.js';
import { type Rig, startRig } from '../../rig.js';
import { killRunning, runJson, someKeys } from '../run-cli.js';

const SEND = 'GetUserAttributeVerificationCode';
const ADDRESS = 'canary-4d1f@planted.example';
const PHONE = '+12025559641';
/** The other values are words that occur everywhere in a history and must stay. */
const METADATA = { 'campaign-3f8a': 'metadata-77c2e1', by: 'email', does: 'verify', what: 'Code' };
const WRONG_CODE = 'wrong-code-b51e';
const REFERENCE = `order of Zoe Canary, ${ADDRESS}, ${PHONE}`;
const REQUEST_ID = 'signup-of-zoe-canary@planted.example';
const PLAIN = 'confirmed in plain by Zoe';
const BARE = 'without an encoding, by Zoe';
const REASON_ADDRESS = 'zoe-61c7@planted.example';

let folder: string;
let original: string;
let redacted: string;
let keyFile: string;
let env: Record<string, string>;
let testKeys: string;
let canaries: Canary[];
let ownKeys: KeyRing;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-redact-'));
  original = join(folder, 'original');
  redacted = join(folder, 'redacted');
  keyFile = join(folder, 'test-key');
  testKeys = someKeys().replace('test:', 'given-away:');
  await mkdir(original);
  await writeFile(keyFile, testKeys);
  const rig = await startRig('timeSkipping', {
    sandbox: { generateCode: () => `code-${randomBytes(6).toString('hex')}` },
  });
  try {
    env = { VERIFICATION_ENCRYPTION_KEYS: rig.keys };
    ownKeys = rig.keyRing;
    canaries = await plant(rig);
    for (const workflowId of rig.started) {
      const handle = rig.env.client.workflow.getHandle(workflowId);
      const { runId } = await handle.describe();
      const document = historyDocument({ workflowId, runId, history: await handle.fetchHistory() });
      await writeFile(join(original, `${runId}.json`), JSON.stringify(document));
    }
  } finally {
    await rig.close();
  }
}, 180_000);
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true });
});

/** Starts verifications that hold every secret value in each place that can hold it. */
async function plant(rig: Rig): Promise<Canary[]> {
  const newUser = async (username: string) =>
    await rig.sandbox.createUser({ username, attributes: { email: ADDRESS, phone_number: PHONE } });
  const policy = { codeFormat: 'nonSpace', confirmation: 'trust' } as const;
  const [verified, quoted, confirmed, renewed] = await Promise.all(['ada', 'bob', 'cleo', 'dan'].map(newUser));
  if (!verified || !quoted || !confirmed || !renewed) throw new Error('four users');
  const start = async ({ accessToken }: typeof verified) =>
    await rig.client.start({ accessToken, attributeName: 'email', clientMetadata: METADATA, policy });

  const first = await start(verified);
  await rig.client.submitCode(first.workflowId, { code: WRONG_CODE, attemptId: REQUEST_ID });
  const right = rig.sandbox.codeFor(verified, 'email');
  await rig.client.submitCode(first.workflowId, { code: right });

  const quotation = [quoted.accessToken, ADDRESS, PHONE].join(', ');
  const exception = { name: 'UserLambdaValidationException', message: `CustomMessage failed with: ${quotation}` };
  rig.sandbox.setFault({ operation: SEND, username: 'bob', exception });
  await expect(start(quoted)).rejects.toThrow(VerificationFailedError);

  const two = await start(confirmed);
  const { connection, options } = rig.env.client;
  const unsealed = new Client({ connection, namespace: options.namespace });
  await unsealed.workflow.getHandle(two.workflowId).signal('codeConfirmed', { reference: PLAIN });
  await rig.client.confirm(two.workflowId, { reference: REFERENCE });
  await connection.workflowService.signalWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId: two.workflowId },
    signalName: 'codeConfirmed',
    input: { payloads: [{ data: Buffer.from(JSON.stringify({ reference: BARE })) }] },
  });
  // Waiting for its outcome would let the server's time run ahead.
  const ended = async () => expect((await rig.client.status(two.workflowId)).state).toBe('verified');
  await vi.waitFor(ended, { timeout: 20_000, interval: 100 });

  rig.sandbox.revokeTokens(renewed);
  const three = await start(renewed);
  const fresh = await rig.sandbox.issueAccessToken(renewed);
  await rig.client.renewAccessToken(three.workflowId, { accessToken: fresh });

  await connection.workflowService.requestCancelWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId: three.workflowId },
    reason: `${REASON_ADDRESS} asked for it`,
  });
  const cancelled = async () => expect((await rig.client.status(three.workflowId)).state).toBe('cancelled');
  await vi.waitFor(cancelled, { timeout: 20_000, interval: 100 });

  const tokens = [verified, quoted, confirmed, renewed].map(({ accessToken }) => accessToken);
  return [
    ...[...tokens, fresh].flatMap((token, index) => {
      const [, claims = '', signature = ''] = token.split('.');
      return [
        { name: `claims of token ${index}`, value: claims },
        { name: `signature of token ${index}`, value: signature },
      ];
    }),
    { name: 'name of a user', value: '"cleo"' },
    { name: 'wrong code', value: WRONG_CODE },
    { name: 'right code', value: right },
    { name: 'address', value: ADDRESS },
    { name: 'phone number', value: PHONE },
    { name: 'name of client metadata', value: 'campaign-3f8a' },
    { name: 'client metadata', value: 'metadata-77c2e1' },
    { name: 'reference', value: REFERENCE },
    { name: 'in plain text', value: PLAIN },
    { name: 'in plain text, without an encoding', value: BARE },
    { name: 'reason of a cancellation', value: REASON_ADDRESS },
    { name: 'id of a request', value: REQUEST_ID },
    { name: 'machine', value: `${process.pid}@${hostname()}` },
  ];
}

it('they replay, with the test key and without the key of the deployment', async () => {
  const args = ['replay', original, '--save', redacted, '--redact', '--seal-key-file', keyFile];
  expect(await runJson(args, { env })).toMatchObject({
    code: 0,
    document: { replayed: 4, failed: 0, saved: { folder: redacted, files: 4, redacted: true } },
  });
  expect(await runJson(['replay', redacted], { env: { VERIFICATION_ENCRYPTION_KEYS: testKeys } })).toMatchObject({
    code: 0,
    document: { replayed: 4, failed: 0, withUnopenedPayloads: 1 },
  });
  expect((await runJson(['replay', redacted], { env })).code).toBe(1);
});

it('no planted value is in them, sealed or opened; all are in the originals', async () => {
  const before = await searched(original, ownKeys);
  for (const { name } of canaries.filter(({ name: of }) => !of.startsWith('name of a user'))) {
    expect([...new Set(before.map(({ canary }) => canary))], name).toContain(name);
  }
  expect(await searched(redacted, keyRingOf(...parseKeys(testKeys, 'keys')))).toEqual([]);
});

it('their tokens keep the user and the expiry, and their codes keep the form', async () => {
  const [before, after] = await Promise.all([
    inputs(original, ownKeys),
    inputs(redacted, keyRingOf(...parseKeys(testKeys, 'keys'))),
  ]);
  // Not the app client: no decision of the workflow depends on it.
  const claimsOf = (token: string) => ({ ...decodeAccessToken(token), clientId: undefined });
  expect(after.tokens.map(claimsOf)).toEqual(before.tokens.map(claimsOf));
  expect(new Set(after.tokens).size).toBe(new Set(before.tokens).size);
  expect(after.codes.map(shapeOf)).toEqual(before.codes.map(shapeOf));
  expect(new Set(after.codes).size).toBe(new Set(before.codes).size);
  for (const secret of [...before.tokens, ...before.codes])
    expect([...after.tokens, ...after.codes]).not.toContain(secret);
});

const histories = async (place: string) => (await readdir(place)).filter((name) => name !== 'manifest.json');

const shapeOf = (code: string) => code.replaceAll(/\d/g, '9').replaceAll(/[a-z]/g, 'a');

async function searched(place: string, keys: KeyRing) {
  const found = await Promise.all(
    (await histories(place)).map(async (name) => {
      const text = await readFile(join(place, name), 'utf8');
      const opened = await openedIn(JSON.parse(text), keys);
      return [...sightings(canaries, `${name}, as it is`, text), ...sightings(canaries, name, opened.join('\n'))];
    }),
  );
  return found.flat();
}

async function inputs(place: string, keys: KeyRing) {
  const tokens: string[] = [];
  const codes: string[] = [];
  // Sorted by run, with which both file names end.
  const byRun = (name: string) => name.slice(-'00000000-0000-0000-0000-000000000000.json'.length);
  for (const name of (await histories(place)).toSorted((a, b) => byRun(a).localeCompare(byRun(b)))) {
    const document: unknown = JSON.parse(await readFile(join(place, name), 'utf8'));
    for (const text of await openedIn(document, keys)) {
      const value: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
      if (!isRecord(value)) continue;
      if (typeof value['accessToken'] === 'string') tokens.push(value['accessToken']);
      if (typeof value['code'] === 'string') codes.push(value['code']);
    }
  }
  return { tokens, codes };
}

/** What every payload holds, in order. */
async function openedIn(value: unknown, keys: KeyRing): Promise<string[]> {
  if (Array.isArray(value)) return (await Promise.all(value.map((entry) => openedIn(entry, keys)))).flat();
  if (!isRecord(value)) return [];
  if (!isRecord(value['metadata']) || typeof value['data'] !== 'string') {
    return (await Promise.all(Object.values(value).map((entry) => openedIn(entry, keys)))).flat();
  }
  const payload = JSONToPayload(value);
  const opened = await open(payload, keys).catch(() => payload);
  return [Buffer.from(opened.data ?? new Uint8Array()).toString()];
}
