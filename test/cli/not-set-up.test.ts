/** A Temporal Service that runs but lacks something: search attributes, the namespace, a worker. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.js';
import { newSigner } from '../client/fixtures.js';
import { killRunning, runCli, runJson, someKeys } from './run-cli.js';

const START = ['start', '--attribute', 'email'];
let server: TemporalServer;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startTemporalServer({ cli: await temporalCli(), headless: true });
  env = {
    TEMPORAL_ADDRESS: server.address,
    VERIFICATION_ENCRYPTION_KEYS: someKeys(),
    ...(await signedIn()),
  };
}, 60_000);
/** The settings of a person with an access token of a served pool, whose keys are in a file. */
async function signedIn(): Promise<Record<string, string>> {
  const signer = await newSigner('key-1');
  folder = await mkdtemp(join(tmpdir(), 'not-set-up-'));
  const file = join(folder, 'keys.json');
  await writeFile(file, JSON.stringify({ 'eu-west-1_pool': signer.keySet }));
  return {
    VERIFICATION_USER_POOLS: 'eu-west-1_pool',
    VERIFICATION_USER_POOL_KEYS_FILE: file,
    COGNITO_ACCESS_TOKEN: await signer.token(),
  };
}
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true, force: true });
  await server.close();
});

describe('without the search attributes', () => {
  it('start says which command registers them', async () => {
    const { code, stderr } = await runCli(START, { env });
    expect(code).toBe(3);
    expect(stderr).toMatch(/lacks the search attributes.*: node dist\/program\/main\.cjs setup\n$/);
    expect(stderr).not.toMatch(/\.\.|Update-with-Start/);
    expect(await runJson(START, { env })).toMatchObject({ code: 3, document: { error: { code: 'NotSetUp' } } });
  });
});

describe('replay', () => {
  it('does not mistake a namespace that was never set up for an empty one', async () => {
    expect(await runJson(['replay'], { env })).toMatchObject({ code: 3, document: { error: { code: 'NotSetUp' } } });
  });
});

describe('without the namespace', () => {
  it.each([['list'], ['worker'], ['setup'], START])('%s says so, and names the wrong setting', async (...args) => {
    const { code, stderr } = await runCli(args, {
      env: { ...env, TEMPORAL_NAMESPACE: 'zz', AWS_REGION: 'eu-west-1' },
    });
    expect(stderr).toContain(
      'error: The Temporal Service has no namespace "zz". Create it, or correct TEMPORAL_NAMESPACE.',
    );
    expect(code).toBe(3);
  });
});

describe('without a worker', () => {
  it('start says after a moment what it is waiting for', { timeout: 90_000 }, async () => {
    expect(await runCli(['setup'], { env })).toMatchObject({ code: 0 });
    const { code, stderr } = await runCli([...START, '--wait', '7s'], { env });
    expect(code).toBe(3);
    const waited =
      'Still waiting: no answer yet from a worker on task queue attribute-verification in namespace default.';
    expect(stderr.split(waited)).toHaveLength(2);
  });
});
