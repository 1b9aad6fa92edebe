/** The commands that keep running, `worker` and `sandbox`, and `setup`, which comes before them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.js';
import { killRunning, runCli, runJson, someKeys, startCli } from './run-cli.js';

let server: TemporalServer;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startTemporalServer({ cli: await temporalCli(), headless: true });
  env = {
    TEMPORAL_ADDRESS: server.address,
    VERIFICATION_ENCRYPTION_KEYS: someKeys(),
    VERIFICATION_USER_POOLS: 'eu-west-1_pool',
    // No test calls Amazon Cognito.
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:1',
  };
});
afterAll(async () => {
  await killRunning();
  await server.close();
});

describe('a fresh namespace', () => {
  it('is refused by the worker, set up once, and then polled', async () => {
    expect(await runCli(['worker'], { env })).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('node dist/program/main.cjs setup'),
    });
    const names = ['VerificationState', 'VerificationAttribute', 'VerificationUserPool'];
    expect(await runJson(['setup'], { env })).toMatchObject({
      code: 0,
      document: { namespace: 'default', registered: names, already: [] },
    });
    expect(await runJson(['setup'], { env })).toMatchObject({ code: 0, document: { registered: [], already: names } });

    const worker = startCli(['worker', '--json'], { env });
    expect(JSON.parse(await worker.firstLine)).toMatchObject({
      polling: { namespace: 'default', userPools: ['eu-west-1_pool'] },
    });
    worker.child.kill('SIGINT');
    const { code, stderr } = await worker.ended;
    expect(code).toBe(0);
    // Nobody listens at its endpoint, which stops nothing.
    expect(stderr).toMatch(/"level":"warn".*gives no answer for user pool eu-west-1_pool \(ECONNREFUSED\)/);
  });

  it('is not polled by a worker whose endpoint is something other than Cognito', async () => {
    const page = createServer((_request, response) => response.end('<html>Sign in to the network</html>'));
    await once(page.listen(0, '127.0.0.1'), 'listening');
    const address = page.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    try {
      const settings = { ...env, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: url };
      expect(await runJson(['worker'], { env: settings })).toMatchObject({
        code: 2,
        document: {
          error: {
            code: 'Configuration',
            problems: [
              {
                name: 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER',
                found: expect.stringContaining('something other than Cognito answered HTTP 200'),
              },
            ],
          },
        },
      });
    } finally {
      page.close();
      page.closeAllConnections();
    }
  });

  it('that does not exist is refused', async () => {
    const { code, stdout } = await runCli(['list', '--json'], { env: { ...env, TEMPORAL_NAMESPACE: 'nowhere' } });
    expect(code).toBe(3);
    expect(stdout).toContain('nowhere');
  });
});

describe('the sandbox', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('says where it listens, and ends with %s', async (signal) => {
    const sandbox = startCli(['sandbox', '--port', '0', '--json']);
    const { url }: { url: string } = JSON.parse(await sandbox.firstLine);
    expect((await fetch(`${url}/_sandbox/inbox`)).status).toBe(200);
    sandbox.child.kill(signal);
    expect(await sandbox.ended).toMatchObject({ code: 0, stdout: `{"url":"${url}"}\n` });
    await expect(fetch(url)).rejects.toThrow();
  });
});
