/** Mutual TLS by real handshakes: right certificates, and each kind of wrong ones. `npm run test:postgres` has a real server and API keys. */
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { SEARCH_ATTRIBUTE_KEYS } from '@cognito-verification/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.js';
import { type Certificates, expectRefused, makeCertificates } from './credentials.js';
import { killRunning, runCli, someKeys, startCli } from './run-cli.js';

let certificates: Certificates;
let server: TemporalServer;
let proxy: Server;
let env: Record<string, string>;

beforeAll(async () => {
  certificates = await makeCertificates();
  const { path } = certificates;
  server = await startTemporalServer({
    cli: await temporalCli(),
    headless: true,
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTE_KEYS).map(({ name }) => [name, 'Keyword'])),
  });
  const farPort = Number(server.address.split(':')[1]);
  // The development server speaks no TLS.
  proxy = createServer(
    {
      cert: await readFile(path('server.pem')),
      key: await readFile(path('server.key')),
      ca: await readFile(path('authority.pem')),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (near) => {
      const far = connect(farPort, '127.0.0.1');
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
      near.pipe(far).pipe(near);
    },
  );
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  env = {
    TEMPORAL_ADDRESS: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    VERIFICATION_ENCRYPTION_KEYS: someKeys(),
    VERIFICATION_USER_POOLS: 'eu-west-1_pool',
    // No test calls Amazon Cognito.
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:1',
    ...certificates.env,
  };
});
afterAll(async () => {
  await killRunning();
  proxy?.close();
  await server?.close();
  await rm(certificates.folder, { recursive: true, force: true });
});

it('with the right ones, commands work and a worker polls', async () => {
  expect(await runCli(['list'], { env })).toMatchObject({ code: 0, stderr: '' });
  const worker = startCli(['worker'], { env });
  expect(await worker.firstLine).toContain('Polling task queue');
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
});

it('a key of another certificate is a wrong setting', async () => {
  const { code, stderr } = await runCli(['list'], { env: { ...env, ...certificates.mismatch } });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/TEMPORAL_TLS_CLIENT_KEY_PATH: found a pair that TLS cannot use \(.*mismatch\)/),
  });
});

/** Node.js ends the connection without a word where a Temporal Server says why. */
const WITHOUT_ALERT = /with TLS: the service ended the connection\. .*TEMPORAL_TLS_CLIENT_CERT_PATH/;

it('wrong ones end a command, which says what is wrong and which setting to look at', { timeout: 60_000 }, async () => {
  const refusals = certificates.refusals.map((refusal) => ({
    ...refusal,
    says: refusal.says.source.includes('refuses the client certificate') ? WITHOUT_ALERT : refusal.says,
  }));
  // A worker takes the seconds in which a service may still come up.
  const authority = refusals.find(({ what }) => what.startsWith('another authority'));
  await Promise.all([
    ...refusals.map(async (refusal) => await expectRefused(expect, env, refusal, [['list']])),
    authority && expectRefused(expect, env, authority, [['worker'], ['doctor', '--only', 'connection']]),
  ]);
});
