/** Redis on the loopback interface, without a file: an installed one, or the pinned one. */
import { access, constants } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cachedBinary } from './binary-cache.js';
import { REDIS_SERVER } from './binary-pins.js';
import { freePort } from './free-port.js';
import { type ServerProcess, spawnServer } from './server-process.js';

const READY_LIMIT_MS = 20_000;
const READY_STEP_MS = 20;

/** A Redis server. */
export interface Redis extends Pick<ServerProcess, 'pid' | 'stop'> {
  readonly port: number;
  readonly url: string;
}

/** Options of `startRedis`. */
export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Takes progress lines. Default: standard error. */
  readonly report?: ((line: string) => void) | undefined;
}

/**
 * Starts Redis and waits until it answers. It keeps nothing: what it held is gone when it stops.
 * @throws Error that says what to install, or with the server's last lines
 */
export async function startRedis({ port: wanted, report = toStandardError }: RedisOptions = {}): Promise<Redis> {
  const program = await redisServer(report);
  const port = await freePort(wanted);
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
  const server = await spawnServer(program, settings);
  const deadline = performance.now() + READY_LIMIT_MS;
  while (!(await listens(port))) {
    if (server.hasExited() || performance.now() > deadline) {
      await server.stop();
      throw new Error(`Redis is not ready: ${server.lastWords()}`);
    }
    await sleep(READY_STEP_MS);
  }
  return { pid: server.pid, stop: () => server.stop(), port, url: `redis://127.0.0.1:${port}` };
}

async function redisServer(report: (line: string) => void): Promise<string> {
  const named = process.env[REDIS_SERVER.pathVariable];
  if (named) return named;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean))
    for (const name of ['redis-server', 'valkey-server']) {
      const path = join(folder, name);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  try {
    return await cachedBinary(REDIS_SERVER, report);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `There is no Redis: ${reason}. Install redis-server or valkey-server, or name one in ${REDIS_SERVER.pathVariable}.`,
      { cause },
    );
  }
}

async function listens(port: number): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
