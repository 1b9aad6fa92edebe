/** A client by settings, and the clients that are refused, without a server. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VerificationClient } from '@cognito-verification/client';
import { SettingError } from '@cognito-verification/codec';
import { Client, type Connection } from '@temporalio/client';
import { expect, it, onTestFinished } from 'vitest';
import { thrownBy, untyped } from './fixtures.js';

const ID = 'verify/eu-west-1_pool/2f0e/email';
const SETTINGS = {
  HOME: '/nowhere',
  XDG_CONFIG_HOME: '/nowhere',
  VERIFICATION_ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
  VERIFICATION_USER_POOLS: 'eu-west-1_pool',
};
const POOLS = [{ userPoolId: 'eu-west-1_pool' }];

function fromSettings(environment: Record<string, string>): VerificationClient {
  const client = VerificationClient.fromSettings({ environment: { ...SETTINGS, ...environment } });
  onTestFinished(() => client.close());
  return client;
}

it('names every wrong setting at once', () => {
  const wrong = { TEMPORAL_TLS: 'maybe', VERIFICATION_ENCRYPTION_KEYS: '', VERIFICATION_USER_POOLS: 'pool' };
  let problems: readonly { name: string }[] = [];
  try {
    fromSettings(wrong);
  } catch (error) {
    if (error instanceof SettingError) ({ problems } = error);
  }
  expect(problems.map(({ name }) => name)).toEqual(Object.keys(wrong));
});

it('takes namespace and task queue from the settings', () => {
  expect(fromSettings({})).toMatchObject({ namespace: 'default', taskQueue: 'attribute-verification' });
  const settings = { TEMPORAL_NAMESPACE: 'onboarding', VERIFICATION_TASK_QUEUE: 'verifications' };
  expect(fromSettings(settings)).toMatchObject({ namespace: 'onboarding', taskQueue: 'verifications' });
});

it('is made while nobody answers, and says so at a call: the address, and where it comes from', async () => {
  const error = await thrownBy(fromSettings({ TEMPORAL_ADDRESS: '127.0.0.1:1' }).status(ID));
  expect(error).toMatchObject({ code: 'TemporalUnavailable' });
  expect(String(error)).toMatch(/at 127\.0\.0\.1:1 without TLS: connect ECONNREFUSED .* TEMPORAL_ADDRESS/);
});

it('a host that takes connections and says nothing is away too, within 3 seconds', async () => {
  const silent = createServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const begunAtMs = Date.now();
  const error = await thrownBy(fromSettings({ TEMPORAL_ADDRESS: `127.0.0.1:${port}` }).status(ID));
  expect(error).toMatchObject({ code: 'TemporalUnavailable' });
  expect(Date.now() - begunAtMs).toBeLessThan(3_000);
});

it('makes no call after its end', async () => {
  const client = fromSettings({});
  await client.close();
  expect(await thrownBy(client.status(ID))).toMatchObject({ code: 'TemporalUnavailable', message: /was closed/ });
});

it('refuses a client of another copy of @temporalio/client in words, before anything is sent', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'second-copy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const installed = join(fileURLToPath(new URL('../..', import.meta.url)), 'node_modules');
  const copy = join(folder, 'node_modules', '@temporalio', 'client');
  await mkdir(dirname(copy), { recursive: true });
  await cp(join(installed, '@temporalio', 'client'), copy, { recursive: true });
  await symlink(installed, join(copy, 'node_modules'));
  const other = createRequire(join(folder, 'service.js'))('@temporalio/client') as { Client: typeof Client };
  expect(other.Client).not.toBe(Client);

  const requests: string[] = [];
  const connection = new Proxy({} as Connection, { get: (_target, name) => requests.push(String(name)) });
  const clients = [new other.Client({ connection }), untyped({ workflow: {}, options: {} })];
  requests.length = 0;
  for (const client of clients) {
    const made = () => new VerificationClient({ client, userPools: POOLS, sealedElsewhere: true });
    expect(made).toThrow(/two copies of @temporalio\/client .*npm ls @temporalio\/client/);
  }
  expect(requests).toEqual([]);
});
