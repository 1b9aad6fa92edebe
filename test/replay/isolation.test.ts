/** Two verifications in one worker share no module: a module variable of one is invisible to the other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient } from '@cognito-verification/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rig, startRig } from '../rig.js';
import { bundleFileOf } from './mutants.js';

/** A verification that fails unless it is the first to run in its module. */
const alone = (lives: number) => [
  {
    file: 'verification.js',
    text: 'export class Verification {',
    instead: 'let lives = 0;\nexport class Verification {',
  },
  {
    file: 'verification.js',
    text: 'this.tokens = new AccessTokens(request.owner);',
    instead: `this.tokens = new AccessTokens(request.owner); if ((lives += ${lives}) > 1) throw new Error('it is not alone');`,
  },
];

describe.each([
  { lives: 1, goesOn: true, what: 'each verification has a module of its own' },
  { lives: 2, goesOn: false, what: 'the test would notice a shared module' },
])('a counter at the top of a module', ({ lives, goesOn, what }) => {
  let folder: string;
  let rig: Rig;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isolation-'));
    const workflowBundlePath = await bundleFileOf(folder, ...alone(lives));
    rig = await startRig('local', { workflowBundlePath });
  });

  afterAll(async () => {
    await rig?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it(what, async () => {
    const { env, taskQueue } = rig;
    const client = new VerificationClient({
      client: env.client,
      userPools: rig.userPools,
      taskQueue,
      waitForDelivery: '5 seconds',
    });
    const started = await Promise.allSettled(
      [await rig.user(), await rig.user(), await rig.user()].map(({ accessToken }) =>
        client.start({ accessToken, attributeName: 'email' }),
      ),
    );
    expect(started.map(({ status }) => status)).toEqual(Array(3).fill(goesOn ? 'fulfilled' : 'rejected'));
  });
});
