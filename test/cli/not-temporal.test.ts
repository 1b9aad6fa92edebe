/** What answers at the address is no Temporal Service: a web server, or a proxy that has no server behind it. */
import { once } from 'node:events';
import { createServer as createHttp1, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type Http2ServerResponse, type Http2Session } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { killRunning, runCli, someKeys } from './run-cli.js';

const ID = 'verify/eu-west-1_pool/2f0e/email';
const KEYS = someKeys();

afterAll(async () => await killRunning());

/** @returns the address of a server that answers everything alike, with a page */
async function startWebServer(status: number, http: 1 | 2 = 2): Promise<string> {
  const answer = (response: ServerResponse | Http2ServerResponse) => {
    response.statusCode = status;
    response.setHeader('content-type', 'text/html');
    response.end('<html>a page</html>');
  };
  const sessions = new Set<Http2Session>();
  const http2 = createHttp2((_, response) => answer(response)).on('session', (session) => sessions.add(session));
  const server: Server = http === 2 ? http2 : createHttp1((_, response) => answer(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const run = async (args: readonly string[], address: string) =>
  await runCli(args, {
    env: {
      TEMPORAL_ADDRESS: address,
      TEMPORAL_DEPLOYMENT_NAME: 'deployed',
      VERIFICATION_ENCRYPTION_KEYS: KEYS,
      VERIFICATION_USER_POOLS: 'eu-west-1_pool',
      VERIFICATION_CODE: '123456',
      // No test calls Amazon Cognito.
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: 'http://127.0.0.1:1',
    },
  });

describe('what answers with 404 is called no Temporal Service, with its address and a way out, by', () => {
  it.each([
    [['limits']],
    [['limits', '--queue-rate', '8']],
    [['deploy', 'status']],
    [['deploy', 'promote', '--build', 'b']],
    [['list']],
    [['setup']],
    [['replay']],
    [['worker']],
    [['status', ID]],
    [['wait', ID]],
    [['cancel', ID]],
    [['resend', ID]],
    [['submit', ID]],
    [['start', '--attribute', 'email', '--access-token-reference', 's', '--user-pool', 'eu-west-1_pool', '--sub', 'x']],
  ])('%j', async (args) => {
    const address = await startWebServer(404);
    expect(await run(args, address)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`at ${address} without TLS: what answers is no Temporal Service, .*404\\)\\. Correct TEMPORAL_ADDR`),
      ),
    });
  });
});

it.each([
  [2, 200, 'limits', /no Temporal Service, .*\(HTTP content type text\/html\)/],
  [2, 403, 'limits', /no Temporal Service, .*\(HTTP status code 403\)/],
  [2, 503, 'list', /no Temporal Service, .*\(HTTP status code 503\)/],
  [1, 404, 'list', /does not speak gRPC \(Protocol error\)\. Correct TEMPORAL_ADDRESS/],
] as const)('HTTP/%d with status %d is not Temporal either, for %s', async (http, status, command, says) => {
  const address = await startWebServer(status, http);
  const begunAtMs = performance.now();
  expect(await run([command], address)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(says) });
  expect(performance.now() - begunAtMs).toBeLessThan(15_000);
});
