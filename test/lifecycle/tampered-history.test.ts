/** A database with altered ciphertexts: none is accepted, other verifications continue, and the log names the altered ones. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { startCli } from '../cli/run-cli.js';
import { poolSettings, poolsOf } from '../served-pools.js';

const KEYS = `tampered:${randomBytes(KEY_BYTES).toString('base64')}`;
const TASK_QUEUE = 'tampered';

let folder: string;
let sandbox: Sandbox;
let deployment: Awaited<ReturnType<typeof deploy>>;

/** Starts server, worker and client on the database in the folder. */
async function deploy() {
  const server = await startTemporalServer({
    cli: await temporalCli(),
    headless: true,
    dbFilename: join(folder, 'temporal.db'),
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
  });
  const worker = startCli(['worker'], {
    env: {
      TEMPORAL_ADDRESS: server.address,
      VERIFICATION_TASK_QUEUE: TASK_QUEUE,
      VERIFICATION_ENCRYPTION_KEYS: KEYS,
      ...poolSettings(sandbox),
    },
  });
  const log: string[] = [];
  worker.child.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  await worker.firstLine;
  const connection = await Connection.connect({ address: server.address });
  const dataConverter = clientDataConverter(keyRingOf(...parseKeys(KEYS, 'keys')));
  const temporal = new Client({ connection, dataConverter });
  return {
    temporal,
    client: new VerificationClient({ client: temporal, userPools: poolsOf(sandbox), taskQueue: TASK_QUEUE }),
    worker: worker.child,
    log,
    end: async () => {
      await connection.close();
      worker.child.kill('SIGTERM');
      await worker.ended;
      await server.close();
    },
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tampered-'));
  sandbox = await startSandbox();
  // The worker is told of the pool before there is anybody in it.
  await sandbox.createUser();
  deployment = await deploy();
});

afterAll(async () => {
  await deployment?.end();
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Flips one bit of each, wherever it is in the files of the database. */
async function tamper(...ciphertexts: Buffer[]): Promise<void> {
  for (const file of await readdir(folder)) {
    const bytes = await readFile(join(folder, file));
    let changed = 0;
    for (const ciphertext of ciphertexts) {
      for (let at = bytes.indexOf(ciphertext); at >= 0; at = bytes.indexOf(ciphertext, at + 1)) {
        bytes[at + 20] = (bytes[at + 20] ?? 0) ^ 1;
        changed += 1;
      }
    }
    if (file === 'temporal.db') expect(changed).toBeGreaterThanOrEqual(ciphertexts.length);
    await writeFile(join(folder, file), bytes);
  }
}

const linesAbout = (workflowId: string) =>
  deployment.log
    .join('')
    .split('\n')
    .filter((line) => line.includes(JSON.stringify(workflowId)) && line.includes('"reason":"PayloadRefused"'));

it('an altered answer or request stops that verification alone', async () => {
  const [poolId] = sandbox.userPoolIds();
  const [ada, bob, carla] = [
    await sandbox.createUser({ poolId }),
    await sandbox.createUser({ poolId }),
    await sandbox.createUser({ poolId }),
  ];
  const begin = async (accessToken: string) =>
    (await deployment.client.start({ accessToken, attributeName: 'email' })).workflowId;
  const [answered, requested] = [await begin(ada.accessToken), await begin(bob.accessToken)];
  const untouched = await begin(carla.accessToken);
  const eventsOf = async (workflowId: string) =>
    (await deployment.temporal.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  const result = (await eventsOf(answered)).find((event) => event.activityTaskCompletedEventAttributes)
    ?.activityTaskCompletedEventAttributes?.result?.payloads?.[0]?.data;
  const [started] = await eventsOf(requested);
  const input = started?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  // Temporal ends it at that time, even if its history is unreadable.
  const timeout = Number(started?.workflowExecutionStartedEventAttributes?.workflowExecutionTimeout?.seconds);
  expect(timeout).toBe(31 * 24 * 3600);

  await deployment.end();
  await tamper(Buffer.from(result ?? []), Buffer.from(input ?? []));
  deployment = await deploy();
  const { client, temporal } = deployment;

  // An answer that counts as lost leads to another look at the attribute, which the history does not have.
  for (const altered of [answered, requested]) {
    await expect(client.status(altered)).rejects.toMatchObject({ code: 'WorkerUnavailable' });
    await expect.poll(() => linesAbout(altered).join()).toContain('was changed on its way');
  }
  expect(deployment.worker.exitCode).toBeNull();

  const { result: verdict } = await client.submitCode(untouched, { code: sandbox.codeFor(carla, 'email') });
  expect(verdict).toBe('verified');
  await temporal.workflow.getHandle(requested).terminate('its request was changed in the database');
  expect(await client.wait(requested)).toMatchObject({ outcome: 'failed', failure: { type: 'Terminated' } });
});
