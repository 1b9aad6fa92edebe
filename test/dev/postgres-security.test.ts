/** Mutual TLS and API keys on a Temporal Server as deployments have it: right ones, and each kind of wrong ones. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgresServer } from '../../dev/postgres-server.js';
import {
  type ApiKeys,
  type Certificates,
  expectRefused,
  makeApiKeys,
  makeCertificates,
  SERVER_NAME,
} from '../cli/credentials.js';
import { killRunning, runCli, someKeys, startCli } from '../cli/run-cli.js';

let certificates: Certificates;
let apiKeys: ApiKeys;
let server: PostgresServer;
let env: Record<string, string>;

beforeAll(async () => {
  certificates = await makeCertificates();
  apiKeys = await makeApiKeys();
  const { path } = certificates;
  await writeFile(path('jwks.json'), JSON.stringify(apiKeys.jwks));
  server = await startPostgresServer({
    report: (line) => void process.stderr.write(`${line}\n`),
    security: {
      certificate: path('server.pem'),
      key: path('server.key'),
      authority: path('authority.pem'),
      serverName: SERVER_NAME,
      jwks: path('jwks.json'),
      administrator: {
        apiKey: apiKeys.administrator,
        tls: {
          serverNameOverride: SERVER_NAME,
          serverRootCACertificate: await readFile(path('authority.pem')),
          clientCertPair: { crt: await readFile(path('worker.pem')), key: await readFile(path('worker.key')) },
        },
      },
    },
  });
  env = {
    TEMPORAL_ADDRESS: server.address,
    VERIFICATION_ENCRYPTION_KEYS: someKeys(),
    VERIFICATION_USER_POOLS: 'eu-west-1_pool',
    // No test calls Amazon Cognito.
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:1',
    ...certificates.env,
    ...apiKeys.env,
  };
});

afterAll(async () => {
  await killRunning();
  await server?.close();
  await rm(certificates.folder, { recursive: true, force: true });
});

const LIST = ['list'];
const WORKER = ['worker'];
const DOCTOR = ['doctor', '--only', 'connection', '--only', 'namespace'];

test('with both, a worker polls and is ready, and commands work', { timeout: 60_000 }, async () => {
  const worker = startCli(['worker', '--json'], { env: { ...env, VERIFICATION_HEALTH_ADDRESS: '127.0.0.1:0' } });
  const { polling } = JSON.parse(await worker.firstLine) as { polling: { health: string } };
  expect((await fetch(`http://${polling.health}/readyz`)).status).toBe(200);
  for (const args of [LIST, DOCTOR]) expect(await runCli(args, { env })).toMatchObject({ code: 0 });
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
});

test('each wrong certificate is named, and which setting to look at', { timeout: 300_000 }, async () => {
  for (const refusal of certificates.refusals) await expectRefused(expect, env, refusal, [LIST, WORKER, DOCTOR]);
});

test('each wrong API key is refused, and which setting to look at', { timeout: 300_000 }, async () => {
  for (const refusal of apiKeys.refusals) await expectRefused(expect, env, refusal, [LIST, WORKER, DOCTOR]);
});

test('an API key that may only read lists, and no worker takes it for one that works', {
  timeout: 60_000,
}, async () => {
  const reader = { ...env, ...apiKeys.reader };
  expect(await runCli(LIST, { env: reader })).toMatchObject({ code: 0 });
  const says = /refuses this client \(Request unauthorized\)\. Check TEMPORAL_API_KEY/;
  await expectRefused(expect, env, { what: '', env: apiKeys.reader, says }, [WORKER]);
});
