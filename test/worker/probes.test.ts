/** The probes of real worker processes, while the server, the line to it, the keys and the pollers go away and come back. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SEARCH_ATTRIBUTE_KEYS } from '@cognito-verification/contract';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.js';
import { killRunning, runCli, startCli } from '../cli/run-cli.js';
import { Line } from '../faults/line.js';

const JUMPING_CLOCK = fileURLToPath(new URL('../faults/jumping-clock.mjs', import.meta.url));
/** What the probes promise. */
const READY_WITHIN_MS = 2_000;
const UNREADY_WITHIN_MS = 10_000;

let folder: string;
let keyFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'probes-'));
  keyFile = join(folder, 'keys');
  await writeFile(keyFile, `test:${randomBytes(32).toString('base64')}`, { mode: 0o600 });
});
afterAll(async () => {
  await killRunning();
  await rm(folder, { recursive: true, force: true });
});

async function startServer(): Promise<TemporalServer> {
  const server = await startTemporalServer({
    cli: await temporalCli(),
    headless: true,
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTE_KEYS).map(({ name }) => [name, 'Keyword'])),
  });
  onTestFinished(() => server.close());
  return server;
}

/** A worker that polls, and what its probes say. */
async function startWorker(address: string, env: Record<string, string> = {}) {
  const worker = startCli(['worker', '--json'], {
    env: {
      TEMPORAL_ADDRESS: address,
      VERIFICATION_ENCRYPTION_KEYS_FILE: keyFile,
      VERIFICATION_USER_POOLS: 'eu-west-1_pool',
      VERIFICATION_HEALTH_ADDRESS: '127.0.0.1:0',
      // No test calls Amazon Cognito.
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:1',
      ...env,
    },
  });
  const { polling } = JSON.parse(await worker.firstLine) as { polling: { health: string } };
  const pollsSince = performance.now();
  const probe = async (path: 'healthz' | 'readyz') => {
    const answer = await fetch(`http://${polling.health}/${path}`);
    const { ok, reasons = [] } = (await answer.json()) as { ok: boolean; reasons?: string[] };
    expect(answer.status).toBe(ok ? 200 : 503);
    return { ok, why: reasons.join(' ') };
  };
  /** How long it takes until readiness is this. */
  const until = async (ok: boolean, why: string | RegExp, sinceMs = performance.now()) => {
    await expect
      .poll(() => probe('readyz'), { timeout: 20_000, interval: 100 })
      .toEqual({ ok, why: expect.stringMatching(why) });
    const tookMs = performance.now() - sinceMs;
    expect(tookMs).toBeLessThan(ok ? 20_000 : UNREADY_WITHIN_MS);
  };
  await until(true, /^$/, pollsSince);
  expect(performance.now() - pollsSince).toBeLessThan(READY_WITHIN_MS);
  return { ...worker, probe, until };
}

it('says within 10 s what has gone, and that it is back, while the process lives on', {
  timeout: 120_000,
}, async () => {
  const server = await startServer();
  const line = await Line.to(Number(server.address.split(':')[1]));
  onTestFinished(() => line.close());
  const worker = await startWorker(`127.0.0.1:${line.port}`);

  await rename(keyFile, `${keyFile}.away`);
  await worker.until(false, /^The keys cannot be read: .*keys" that does not exist/);
  await rename(`${keyFile}.away`, keyFile);
  await worker.until(true, /^$/);

  process.kill(server.pid, 'SIGSTOP');
  await worker.until(false, /^The Temporal Service cannot be used: no answer within 3 seconds$/);
  process.kill(server.pid, 'SIGCONT');
  await worker.until(true, /^$/);

  line.set('unanswered');
  await worker.until(false, /^The Temporal Service cannot be used: /);
  line.set(undefined);
  line.forget();
  await worker.until(true, /^$/);

  process.kill(server.pid, 'SIGKILL');
  await worker.until(false, /^The Temporal Service cannot be used: /);
  expect(await worker.probe('healthz')).toEqual({ ok: true, why: '' });
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
});

it('a clock that jumps by hours leaves an idle worker ready', { timeout: 60_000 }, async () => {
  const server = await startServer();
  const env = { NODE_OPTIONS: `--import ${JUMPING_CLOCK}`, JUMPING_CLOCK_SEED: '7' };
  const worker = await startWorker(server.address, env);
  // It jumps every 4 s, as often as the server is asked.
  for (let look = 0; look < 90; look++) {
    expect(await worker.probe('readyz')).toEqual({ ok: true, why: '' });
    await sleep(100);
  }
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
});

it('an address where nothing can listen is a wrong setting', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const { code, stderr } = await runCli(['worker'], {
    env: {
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      VERIFICATION_ENCRYPTION_KEYS_FILE: keyFile,
      VERIFICATION_USER_POOLS: 'eu-west-1_pool',
      VERIFICATION_HEALTH_ADDRESS: address,
    },
  });
  expect(stderr).toContain(`VERIFICATION_HEALTH_ADDRESS: found "${address}", where nothing can listen (EADDRINUSE)`);
  expect(code).toBe(2);
});
