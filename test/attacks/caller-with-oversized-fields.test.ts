/**
 * A caller, with or without our client, sends what is too large or has another type. It stops itself alone, the refusal names
 * the field, and others in the verification or the namespace notice nothing.
 */
import { awaitDelivery, submitCode, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import { afterAll, expect, vi } from 'vitest';
import { killRunning, runCli, runJson } from '../cli/run-cli.js';
import { useRig } from '../rig.js';
import { stamping } from '../stamping.js';
import { attack } from './attack.js';

const rig = useRig('local');
afterAll(killRunning);

const environment = () => ({
  TEMPORAL_ADDRESS: rig.env.address,
  VERIFICATION_TASK_QUEUE: rig.taskQueue,
  VERIFICATION_ENCRYPTION_KEYS: rig.keys,
  ...rig.settings,
});

attack(
  'a join with a destination of a million characters is refused, and the right code is taken',
  'a text has no bound',
  async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const handle = rig.env.client.workflow.getHandle(workflowId);
    for (const alreadySent of [
      { destination: 'x'.repeat(1_000_000) },
      { destination: 'x'.repeat(257) },
      { destination: { a: 1 } },
      { destination: 'a\u001b[2J' },
      { deliveryMedium: 'x'.repeat(33) },
    ]) {
      const refused = await handle
        .executeUpdate(awaitDelivery, { args: [{ alreadySent } as never] })
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({
        cause: { type: 'InvalidRequest', message: expect.stringMatching(/^alreadySent\./) },
      });
    }
    const { result, status } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(result).toBe('verified');
    expect(JSON.stringify(status).length).toBeLessThan(2_000);
  },
);

attack(
  'a crowd of joins that tell of messages does not make the status grow',
  'records are kept for ever',
  async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const { accessToken } = user;
    for (let told = 0; told < 60; told += 1) {
      const alreadySent = { destination: `${told}`.padStart(256, '*'), deliveryMedium: 'EMAIL' };
      await rig.client.start({ accessToken, attributeName: 'email', alreadySent });
    }
    const status = await rig.client.status(workflowId);
    expect(status.sends.length).toBeLessThanOrEqual(50);
    expect(status.sendsLeft).toBe(0);
    expect(JSON.stringify(status).length).toBeLessThan(30_000);
  },
);

attack.each<[string, Record<string, string>, string]>([
  ['2.5 MB in all', { a: 'x'.repeat(2_500_000) }, 'clientMetadata.a'],
  ['1.9 MB in all', { a: 'x'.repeat(1_900_000) }, 'clientMetadata.a'],
  ['a value too long by one', { a: 'x'.repeat(8_193) }, 'clientMetadata.a'],
  ['a name too long by one', { ['k'.repeat(257)]: 'x' }, `clientMetadata.${'k'.repeat(40)}`],
  ['an entry too many', Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`k${at}`, ''])), 'clientMetadata'],
  [
    'too much in all',
    Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`k${at}`, 'x'.repeat(8_000)])),
    'clientMetadata',
  ],
])(
  'clientMetadata with %s is refused with its name before anything is started',
  'clientMetadata has no bound',
  async (_what, clientMetadata, field) => {
    const { accessToken } = await rig.user();
    const refused = await rig.client
      .start({ accessToken, attributeName: 'email', clientMetadata })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'InvalidRequest', field });
  },
);

attack(
  'the replay gate replays every history, however large the messages of one are',
  'one oversized history stops the gate',
  async () => {
    const { workflowId } = await rig.start(await rig.user());
    const { accessToken } = await rig.user();
    // As a service in another language may send it, without our client.
    const { connection, options } = rig.env.client;
    const interceptors = { workflow: [stamping()] };
    const raw = new Client({ connection, dataConverter: options.dataConverter, interceptors });
    const handle = await raw.workflow.start(WORKFLOW_TYPE, {
      taskQueue: 'nobody',
      workflowId: 'verify/oversized',
      args: [{ accessToken, attributeName: 'email', clientMetadata: { a: 'x'.repeat(1_900_000) } }],
    });
    for (let sent = 0; sent < 2; sent += 1) await handle.signal('codeConfirmed', { reference: 'x'.repeat(1_900_000) });
    const chosen = `WorkflowId = '${workflowId}' OR WorkflowId = 'verify/oversized'`;
    const found = async () => expect((await rig.env.client.workflow.count(chosen)).count).toBe(2);
    await vi.waitFor(found, { timeout: 20_000, interval: 100 });
    const { document, code } = await runJson(['replay', '--query', chosen], { env: environment() });
    await handle.terminate();
    expect({ code, document }).toMatchObject({ code: 0, document: { replayed: 2, failed: 0 } });
  },
  180_000,
);

attack('the same id for a start and a code is not the same message', 'a message of any kind has any id', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.client.start({
    accessToken: user.accessToken,
    attributeName: 'email',
    requestId: 'sign-up-4711',
  });
  const code = rig.sandbox.codeFor(user, 'email');
  expect(await rig.client.submitCode(workflowId, { code, attemptId: 'sign-up-4711' })).toMatchObject({
    result: 'verified',
  });
});

attack('an answer of another kind is refused, not passed on', 'an answer of any kind is passed on', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  const handle = rig.env.client.workflow.getHandle(workflowId);
  // A service in another language uses our id of an attempt for another message.
  await handle.executeUpdate(awaitDelivery.name, { args: [{}], updateId: `${submitCode.name}/7` });
  const refused = await rig.client.submitCode(workflowId, { code: '000000', attemptId: '7' }).catch((error) => error);
  expect(refused).toMatchObject({ code: 'UnexpectedAnswer' });
});

attack('a field that is null, as another language writes it, keeps nobody out', 'null is a value', async () => {
  const user = await rig.user();
  const { accessToken } = user;
  const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
  const absent = { accessTokenReference: null, alreadySent: null, clientMetadata: null, policy: null };
  await rig.env.client.workflow.start(WORKFLOW_TYPE, {
    workflowId,
    taskQueue: rig.taskQueue,
    args: [{ accessToken, attributeName: 'email', ...absent }],
  });
  await expect.poll(async () => (await rig.client.status(workflowId)).state).toBe('awaitingCode');
});

attack(
  'a key that a line break makes useless is not printed',
  'gRPC looks at the API key alone',
  async () => {
    const { workflowId } = await rig.start(await rig.user());
    const SECRET = 'tk-q2Xv9pR0TqB3mKcZl8uYw1Hs';
    const cases: Record<string, string>[] = [
      { TEMPORAL_API_KEY: `${SECRET}\n`, TEMPORAL_TLS: 'false' },
      { COMMAND: 'setup', TEMPORAL_API_KEY: `${SECRET}\n`, TEMPORAL_TLS: 'false' },
      { TEMPORAL_API_KEY: `${SECRET}\n` },
      { TEMPORAL_API_KEY: `${SECRET}\u00e9` },
      { TEMPORAL_GRPC_META_AUTHORIZATION: `Bearer ${SECRET}\n` },
      { TEMPORAL_TLS_CLIENT_KEY_DATA: SECRET, TEMPORAL_TLS_CLIENT_CERT_DATA: SECRET },
      {
        TEMPORAL_TLS_CLIENT_KEY_PATH: `-----BEGIN PRIVATE KEY-----\n${SECRET}`,
        TEMPORAL_TLS_CLIENT_CERT_PATH: 'absent.pem',
      },
      { TEMPORAL_TLS_SERVER_CA_CERT_DATA: SECRET },
      { TEMPORAL_ADDRESS: `user:${SECRET}@localhost:7233` },
      { VERIFICATION_ENCRYPTION_KEYS: `${SECRET}\n` },
      { VERIFICATION_ENCRYPTION_KEYS: '', VERIFICATION_ENCRYPTION_KEYS_FILE: SECRET },
      { VERIFICATION_ENCRYPTION_KMS_KEYS: SECRET },
      { COGNITO_ACCESS_TOKEN: `${SECRET}\n${SECRET}` },
      {
        COMMAND: 'worker',
        VERIFICATION_ACCESS_TOKEN_SOURCE_URL: `http://localhost:1/${SECRET}`,
        VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE: SECRET,
      },
      {
        COMMAND: 'worker',
        AWS_ACCESS_KEY_ID: `${SECRET}\n`,
        AWS_SECRET_ACCESS_KEY: `${SECRET}\n`,
        AWS_REGION: 'eu west',
      },
      {
        COMMAND: 'codec-server',
        VERIFICATION_CODEC_TLS_KEY_PATH: SECRET,
        VERIFICATION_CODEC_TLS_CERT_PATH: 'absent.pem',
      },
    ];
    for (const { COMMAND, ...settings } of cases) {
      const args = COMMAND === undefined ? ['status', workflowId] : [COMMAND];
      const { code, stdout, stderr } = await runCli(
        COMMAND === undefined && settings['COGNITO_ACCESS_TOKEN'] ? ['renew-token', workflowId] : args,
        {
          env: { ...environment(), ...settings },
        },
      );
      const what = Object.keys(settings).join(', ');
      expect(code, what).not.toBe(0);
      expect(`${stdout}${stderr}`, what).not.toContain(SECRET.slice(0, 12));
    }
  },
  300_000,
);
