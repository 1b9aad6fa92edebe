/** A connection that is closed while a call is being repeated: the call fails, and nothing fails where nobody can catch it. */
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { connectClient } from '../../temporal/connect-client.js';

const OK = 0;
const UNAVAILABLE = 14;

/** Answers `GetSystemInfo` until `fail`, and nothing but `UNAVAILABLE` afterwards. Other calls wait for `fail`. */
async function startServer() {
  let failing = false;
  let refused = 0;
  const waiting: (() => void)[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    const answer = (status: number) => {
      if (stream.destroyed) return;
      if (status !== OK) refused += 1;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
      stream.end(status === OK ? Buffer.alloc(5) : undefined);
    };
    stream.on('error', () => undefined);
    if (failing) answer(UNAVAILABLE);
    else if (String(headers[':path']).endsWith('/GetSystemInfo')) answer(OK);
    else waiting.push(() => answer(UNAVAILABLE));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting,
    refused: () => refused,
    fail: () => {
      failing = true;
      for (const answer of waiting) answer();
    },
  };
}

/** Collects what nothing catches, which would end the process. */
function uncaught(): unknown[] {
  const errors: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  return errors;
}

const CASES: [
  when: string,
  close: (server: Awaited<ReturnType<typeof startServer>>, close: () => Promise<void>) => Promise<void>,
][] = [
  [
    'while it waits for a repetition',
    async (server, close) => {
      server.fail();
      await expect.poll(server.refused, { interval: 1 }).toBeGreaterThanOrEqual(3);
      await close();
    },
  ],
  [
    'before it fails',
    async (server, close) => {
      await close();
      server.fail();
    },
  ],
];

test.each(CASES)(
  'a call whose connection is closed %s ends with its own error',
  { timeout: 20_000 },
  async (_when, act) => {
    const server = await startServer();
    const errors = uncaught();
    const config = { address: server.address, namespace: 'default', taskQueue: 'any', security: {} };
    const { client, close } = await connectClient(config);
    const call = client.workflow.getHandle('any').describe();
    const failed = expect(call).rejects.toMatchObject({ cause: { code: UNAVAILABLE } });
    await expect.poll(() => server.waiting.length).toBe(1);
    await act(server, close);
    await failed;
    // The longest wait before the fourth attempt.
    await sleep(1_500);
    expect(errors).toEqual([]);
  },
);
