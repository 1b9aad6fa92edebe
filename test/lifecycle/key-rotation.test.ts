import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingFromSettings } from '@cognito-verification/codec';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rig, startRig, startWorkerProcess } from '../rig.js';

const newKey = (id: string) => `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
const OLD = newKey('autumn');
const NEW = newKey('winter');

let rig: Rig;
let folder: string;
let file: string;
let temporal: Client;
let client: VerificationClient;
let taskQueue: string;

beforeAll(async () => {
  rig = await startRig('local');
  folder = await mkdtemp(join(tmpdir(), 'key-rotation-'));
  file = join(folder, 'keys');
  await writeFile(file, OLD, { mode: 0o600 });
  taskQueue = `${rig.taskQueue}-rotation`;
  const dataConverter = clientDataConverter(keyRingFromSettings({ VERIFICATION_ENCRYPTION_KEYS_FILE: file }));
  temporal = new Client({ connection: rig.env.connection, dataConverter });
  client = new VerificationClient({ client: temporal, userPools: rig.userPools, taskQueue });
});

afterAll(async () => {
  await rig?.close();
  await rm(folder, { recursive: true, force: true });
});

const startWorkerWithFile = () =>
  startWorkerProcess(rig, taskQueue, { VERIFICATION_ENCRYPTION_KEYS: '', VERIFICATION_ENCRYPTION_KEYS_FILE: file });

/** The ids of the keys that sealed any payload of a history, in order of first use. */
async function keysIn(workflowId: string): Promise<string[]> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const ids = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('encryption-key-id' in value) ids.add(Buffer.from(value['encryption-key-id'] as Uint8Array).toString());
    else for (const inner of Object.values(value)) visit(inner);
  };
  visit(events);
  return [...ids];
}

it('a rotation reaches open and new verifications without a restart; a key that is removed too early is named', async () => {
  let worker = await startWorkerWithFile();
  try {
    const [ada, bob, cleo] = [await rig.user(), await rig.user(), await rig.user()];
    const open = await client.start({ accessToken: ada.accessToken, attributeName: 'email' });
    const left = await client.start({ accessToken: cleo.accessToken, attributeName: 'email' });
    expect(await keysIn(open.workflowId)).toEqual(['autumn']);

    await writeFile(file, `${NEW}\n${OLD}\n`);
    // The worker reads the file every five seconds.
    await sleep(5_500);
    const started = await client.start({ accessToken: bob.accessToken, attributeName: 'email' });
    expect(await keysIn(started.workflowId)).toEqual(['winter']);
    const { result } = await client.submitCode(open.workflowId, { code: rig.sandbox.codeFor(ada, 'email') });
    expect(result).toBe('verified');
    expect(await keysIn(open.workflowId)).toEqual(['autumn', 'winter']);
    expect(await client.wait(open.workflowId)).toMatchObject({ outcome: 'verified' });

    // Too early: a verification that was started with the old key is still open.
    await worker.end('SIGTERM');
    await writeFile(file, NEW);
    worker = await startWorkerWithFile();
    // This process reads the same file every five seconds, and then lacks the key too.
    await sleep(5_500);
    // Queries are refused meanwhile, and the worker continues.
    for (let look = 0; look < 3; look++) {
      await expect(client.status(left.workflowId)).rejects.toMatchObject({
        code: 'Sealing',
        message: expect.stringContaining('"autumn", which is not in the key ring here ("winter")'),
      });
      const metadata = temporal.workflow.getHandle(left.workflowId).query('__temporal_workflow_metadata');
      await expect(metadata)
        .resolves.toBeDefined()
        .catch(() => undefined);
    }
    expect(worker.output.join('')).not.toMatch(/Malformed|"STOPPING"|"DRAINING"/);

    const code = rig.sandbox.codeFor(cleo, 'email');
    const answer = client.submitCode(left.workflowId, { code });
    await expect.poll(() => worker.output.join('')).toContain('"reason":"UnknownKey"');
    const line = worker.output
      .join('')
      .split('\n')
      .find((text) => text.includes('"reason":"UnknownKey"'));
    expect(JSON.parse(line ?? '')).toMatchObject({
      workflowId: left.workflowId,
      message: expect.stringMatching(/sealed with the key "autumn", which is not in the key ring here \("winter"\)/),
    });

    // Nothing is lost: the verification continues as soon as the key is back.
    await writeFile(file, `${NEW}\n${OLD}\n`);
    expect((await answer).result).toBe('verified');
  } finally {
    await worker.end('SIGTERM');
  }
});
