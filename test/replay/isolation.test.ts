/**
 * The verifications of a worker share their modules, which are loaded once. So no module may keep anything: the check of the
 * source text in sources-of-nondeterminism.test.ts holds them to it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient } from '@cognito-verification/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rig, startRig } from '../rig.js';
import { bundleFileOf } from './mutants.js';

/** A verification that fails unless it is the first to run in its module. */
const ALONE = [
  {
    file: 'verification.js',
    text: 'export class Verification {',
    instead: 'let lives = 0;\nexport class Verification {',
  },
  {
    file: 'verification.js',
    text: 'this.tokens = new AccessTokens(request.owner);',
    instead: "this.tokens = new AccessTokens(request.owner); if (++lives > 1) throw new Error('it is not alone');",
  },
];

let folder: string;
let rig: Rig;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isolation-'));
  rig = await startRig('local', { workflowBundlePath: await bundleFileOf(folder, ...ALONE) });
});

afterAll(async () => {
  await rig?.close();
  await rm(folder, { recursive: true, force: true });
});

it('a counter at the top of a module counts every verification', async () => {
  const { env, taskQueue } = rig;
  const client = new VerificationClient({
    client: env.client,
    userPools: rig.userPools,
    taskQueue,
    timeout: '8 seconds',
  });
  const start = async () => await client.start({ accessToken: (await rig.user()).accessToken, attributeName: 'email' });
  expect((await start()).status.state).toBe('awaitingCode');
  await expect(start()).rejects.toThrow();
});
