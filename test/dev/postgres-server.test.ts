import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient } from '@cognito-verification/client';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startPostgresServer } from '../../dev/postgres-server.js';
import { isSameProcessAlive } from '../../dev/process-identity.js';
import { startSandbox } from '../../sandbox/index.js';
import { missingSearchAttributes } from '../../temporal/search-attributes.js';
import { createWorker } from '../../worker/worker.js';

const report = (line: string) => void process.stderr.write(`${line}\n`);
let folder: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  folder = await mkdtemp(join(tmpdir(), 'postgres-server-test-'));
  // User postgres enters it when this runs as root.
  await chmod(folder, 0o711);
  // Builds the server unless it is in the cache, so that the tests below take the time of a start.
  await (await startPostgresServer({ report })).close();
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

test('a verification runs on it to its end, and is there after a restart in the same folder', async () => {
  const sandbox = await startSandbox();
  const cognito = createCognitoClients({ endpoint: sandbox.url });
  const user = await sandbox.createUser();
  const userPools = [{ userPoolId: user.userPoolId, endpoint: sandbox.url }];
  let workflowId = '';
  try {
    const first = await startPostgresServer({ report, folder });
    const connection = await Connection.connect({ address: first.address });
    const native = await NativeConnection.connect({ address: first.address });
    try {
      expect(await missingSearchAttributes(connection, 'default')).toEqual([]);
      const place = { taskQueue: 'postgres', userPools };
      const worker = await createWorker({
        connection: native,
        namespace: 'default',
        keys: undefined,
        cognito,
        ...place,
      });
      const running = worker.run();
      const client = new VerificationClient({ client: new Client({ connection }), sealedElsewhere: true, ...place });
      const started = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
      workflowId = started.workflowId;
      const { result } = await client.submitCode(workflowId, { code: sandbox.codeFor(user, 'email') });
      expect(result).toBe('verified');
      expect(await client.wait(workflowId, { timeout: '10 seconds' })).toMatchObject({ outcome: 'verified' });
      worker.shutdown();
      await running;
    } finally {
      await native.close();
      await connection.close();
      await first.close();
    }
  } finally {
    cognito.destroy();
    await sandbox.close();
  }

  const second = await startPostgresServer({ report, folder });
  const connection = await Connection.connect({ address: second.address });
  try {
    const described = await new Client({ connection }).workflow.getHandle(workflowId).describe();
    expect(described.status.name).toBe('COMPLETED');
    expect(described.searchAttributes?.[SEARCH_ATTRIBUTES.state]).toEqual(['verified']);
  } finally {
    await connection.close();
    await second.close();
  }
});

test('two of them run beside each other, and leave neither a process nor a folder', async () => {
  const servers = await Promise.all([startPostgresServer({ report }), startPostgresServer({ report })]);
  expect(new Set(servers.map(({ address }) => address)).size).toBe(2);
  await Promise.all(servers.map((server) => server.close()));
  for (const { pid, postgresPid, folder: temporary } of servers) {
    expect(await isSameProcessAlive({ pid })).toBe(false);
    expect(await isSameProcessAlive({ pid: postgresPid })).toBe(false);
    await expect(stat(temporary)).rejects.toThrow('ENOENT');
  }
});

test('a start that is interrupted leaves nothing', async () => {
  const abort = new AbortController();
  const starting = startPostgresServer({ report, signal: abort.signal });
  setTimeout(() => abort.abort(new Error('interrupted')), 1_500);
  await expect(starting).rejects.toThrow('interrupted');
});
