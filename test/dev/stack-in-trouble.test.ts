/** A local stack whose ports, server, endpoint or own end are not as usual. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isSameProcessAlive } from '../../dev/process-identity.js';
import { serverOf, startUp, stateFolder, untilGone } from './stack-process.js';

const FREE_SERVER = ['--port', '0', '--ui-port', '0'];
/** A test starts a stack up to three times. */
const LIMIT_MS = 180_000;

test('ports in use are replaced, and their owners are left alone', { timeout: LIMIT_MS }, async () => {
  const stateDir = await stateFolder();
  const occupants = [createServer(), createServer(), createServer()];
  for (const occupant of occupants) await once(occupant.listen(0, '127.0.0.1'), 'listening');
  const [port, uiPort, sandboxPort] = occupants.map((occupant) => String(portOf(occupant.address())));
  try {
    const args = ['--port', `${port}`, '--ui-port', `${uiPort}`, '--sandbox-port', `${sandboxPort}`];
    const stack = startUp(stateDir, [...args, '--exit-when-verified']);
    expect(await stack.ready()).toMatchObject({ outcome: 'verified' });
    expect(await stack.ended()).toBe(0);
    for (const usedPort of [port, uiPort, sandboxPort]) expect(stack.stderr()).toContain(`port ${usedPort} is taken`);
    expect(occupants.every((occupant) => occupant.listening)).toBe(true);
  } finally {
    for (const occupant of occupants) occupant.close();
  }
});

test('a second Ctrl-C ends it at once, and even a server that hangs is stopped', { timeout: LIMIT_MS }, async () => {
  const stateDir = await stateFolder();
  const stack = startUp(stateDir);
  await stack.ready();
  const server = await serverOf(stateDir);
  process.kill(server.pid, 'SIGSTOP');
  stack.child.kill('SIGINT');
  await stack.said('Ctrl-C: stopping');
  // A signal within half a second counts as npm's echo of the same Ctrl-C.
  await sleep(1_000);
  stack.child.kill('SIGINT');
  expect(await stack.ended()).toBe(130);
  await untilGone(server, 20_000);
});

test('a stack that was killed is no obstacle: its server ends, and the next one starts', {
  timeout: LIMIT_MS,
}, async () => {
  const stateDir = await stateFolder();
  const killed = startUp(stateDir);
  const { username } = await killed.ready();
  const server = await serverOf(stateDir);
  killed.child.kill('SIGKILL');
  const next = startUp(stateDir);
  expect(await next.ready()).toMatchObject({ outcome: 'verified', username });
  expect(await isSameProcessAlive(server)).toBe(false);
  next.child.kill('SIGINT');
  expect(await next.ended()).toBe(0);
});

test('at an endpoint other than a sandbox, no user is created and nothing is sent', { timeout: LIMIT_MS }, async () => {
  const stateDir = await stateFolder();
  const requests: string[] = [];
  const endpoint = createHttpServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${String(request.headers['x-amz-target'] ?? '')}`.trim());
    const unknown = request.method !== 'POST';
    response
      .writeHead(unknown ? 404 : 400, { 'x-amzn-requestid': '6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b' })
      .end(unknown ? '' : '{"__type": "NotAuthorizedException"}');
  });
  await once(endpoint.listen(0, '127.0.0.1'), 'listening');
  try {
    const url = `http://127.0.0.1:${portOf(endpoint.address())}`;
    const settings = { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: url };
    const nameless = startUp(stateDir, FREE_SERVER, settings);
    expect(await nameless.ready()).toMatchObject({
      error: { code: 'Configuration', problems: [{ name: 'VERIFICATION_USER_POOLS', found: 'nothing' }] },
    });
    expect(await nameless.ended()).toBe(2);
    requests.length = 0;
    const stack = startUp(stateDir, FREE_SERVER, { ...settings, VERIFICATION_USER_POOLS: 'eu-west-1_pool' });
    const info = await stack.ready();
    expect(info.cognito).toBe(url);
    expect(info).not.toHaveProperty('workflowId');
    stack.child.kill('SIGINT');
    expect(await stack.ended()).toBe(0);
    // The second is the worker's own look at the endpoint, with a token that cannot be valid.
    expect(requests).toEqual(['GET /_sandbox/inbox', 'POST / AWSCognitoIdentityProviderService.GetUser']);
  } finally {
    endpoint.closeAllConnections();
    endpoint.close();
  }
});

function portOf(address: string | AddressInfo | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
