/** Temporal is away, comes back, and hangs: a real server that is killed, started again on its port, and stopped. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient, VerificationError } from '@cognito-verification/client';
import { SEARCH_ATTRIBUTE_KEYS } from '@cognito-verification/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../dev/free-port.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.js';
import { collect } from '../rig.js';
import { accessToken } from './fixtures.js';

const ID = 'verify/eu-west-1_pool/2f0e/email';
const token = accessToken();

/** Every method that asks Temporal, and what it answers where there is no verification and no worker. */
const CALLS: Record<string, [call: (client: VerificationClient) => Promise<unknown>, answer: string]> = {
  start: [
    (client) =>
      client.start({ accessToken: accessToken({ sub: 'somebody' }), attributeName: 'email' }, { timeout: '4 seconds' }),
    'WorkerUnavailable',
  ],
  status: [(client) => client.status(ID), 'VerificationNotFound'],
  submitCode: [(client) => client.submitCode(ID, { code: '123456' }), 'VerificationNotFound'],
  resendCode: [(client) => client.resendCode(ID), 'VerificationNotFound'],
  renewAccessToken: [(client) => client.renewAccessToken(ID, { accessToken: token }), 'VerificationNotFound'],
  confirm: [(client) => client.confirm(ID), 'VerificationNotFound'],
  cancel: [(client) => client.cancel(ID), 'VerificationNotFound'],
  wait: [(client) => client.wait(ID), 'VerificationNotFound'],
  list: [(client) => collect(client.list()), 'answered'],
};
const NAMES = Object.keys(CALLS).filter((name) => name !== 'start');

let folder: string;
let port: number;
let server: TemporalServer | undefined;

async function startServer(): Promise<void> {
  server = await startTemporalServer({
    cli: await temporalCli(),
    port,
    headless: true,
    dbFilename: join(folder, 'temporal.sqlite'),
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTE_KEYS).map(({ name }) => [name, 'Keyword'])),
  });
  expect(server.address).toBe(`127.0.0.1:${port}`);
}

async function killServer(): Promise<void> {
  process.kill(server?.pid ?? 0, 'SIGKILL');
  await server?.exited;
  server = undefined;
}

function clientOf(host = '127.0.0.1'): VerificationClient {
  const environment = {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    TEMPORAL_ADDRESS: `${host}:${port}`,
    VERIFICATION_ENCRYPTION_KEYS: `test:${Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)).toString('base64')}`,
    VERIFICATION_USER_POOLS: 'eu-west-1_pool',
  };
  return VerificationClient.fromSettings({ environment, uncheckedTokens: true });
}

async function answerOf(client: VerificationClient, name: string): Promise<string> {
  try {
    await CALLS[name]?.[0](client);
    return 'answered';
  } catch (error) {
    return error instanceof VerificationError ? error.code : String(error);
  }
}

async function expectAllAway(client: VerificationClient): Promise<void> {
  for (const name of Object.keys(CALLS)) {
    const begunAtMs = Date.now();
    expect(await answerOf(client, name), name).toBe('TemporalUnavailable');
    expect(Date.now() - begunAtMs, name).toBeLessThan(3_000);
  }
}

async function expectAllBack(client: VerificationClient): Promise<void> {
  const backAtMs = Date.now();
  const answers = NAMES.map(async (name) => {
    let answer = await answerOf(client, name);
    while (answer === 'TemporalUnavailable' && Date.now() - backAtMs < 30_000) {
      await sleep(20);
      answer = await answerOf(client, name);
    }
    expect(answer, name).toBe(CALLS[name]?.[1]);
    expect(Date.now() - backAtMs, name).toBeLessThan(5_000);
  });
  await Promise.all(answers);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-away-'));
  port = await freePort();
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true });
});

it('away before the first call, then there, killed, and back: each call says so within 3 s, and works again within 5 s', {
  timeout: 240_000,
}, async () => {
  // By name too, for which gRPC asks the DNS again.
  for (const client of [clientOf(), clientOf('localhost')]) {
    try {
      await expectAllAway(client);
      await startServer();
      await expectAllBack(client);
      expect(await answerOf(client, 'start')).toBe('WorkerUnavailable');
      await killServer();
      await expectAllAway(client);
      // By then gRPC makes the longest of its pauses.
      await sleep(8_000);
      await startServer();
      await expectAllBack(client);
      await killServer();
      await rm(join(folder, 'temporal.sqlite'));
    } finally {
      await client.close();
    }
  }
});

describe('a service that hangs', () => {
  let client: VerificationClient;
  beforeAll(async () => {
    await startServer();
    client = clientOf();
    expect(await answerOf(client, 'status')).toBe('VerificationNotFound');
    process.kill(server?.pid ?? 0, 'SIGSTOP');
  });
  afterAll(async () => {
    process.kill(server?.pid ?? 0, 'SIGCONT');
    await client.close();
  });

  const calls: Record<string, (options: { timeout?: '2 seconds'; signal?: AbortSignal }) => Promise<unknown>> = {
    start: (options) => client.start({ accessToken: token, attributeName: 'email' }, options),
    status: (options) => client.status(ID, options),
    submitCode: (options) => client.submitCode(ID, { code: '123456' }, options),
    resendCode: (options) => client.resendCode(ID, {}, options),
    renewAccessToken: (options) => client.renewAccessToken(ID, { accessToken: token }, options),
    confirm: (options) => client.confirm(ID, {}, options),
    cancel: (options) => client.cancel(ID, options),
    list: (options) => collect(client.list({}, options)),
  };

  it.each(Object.keys(calls))('%s ends at its time', async (name) => {
    const begunAtMs = Date.now();
    await expect(calls[name]?.({ timeout: '2 seconds' })).rejects.toMatchObject({ code: 'TemporalUnavailable' });
    expect(Date.now() - begunAtMs).toBeLessThan(3_000);
  });

  it.each([...Object.keys(calls), 'wait'])('%s ends when its signal says so', async (name) => {
    const call = calls[name] ?? ((options) => client.wait(ID, options));
    const reason = new Error('the request of the browser was closed');
    await expect(call({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'CallAborted',
      cause: reason,
    });
    const controller = new AbortController();
    const ended = call({ signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    const begunAtMs = Date.now();
    await expect(ended).rejects.toMatchObject({ code: 'CallAborted', cause: reason });
    expect(Date.now() - begunAtMs).toBeLessThan(1_500);
  });
});
