/** Ports of the loopback interface. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The wanted port if no process listens there; else, and without a wanted one, a free port of the system's choice. */
export async function freePort(wanted?: number): Promise<number> {
  return (await probe(wanted ?? 0)) ?? (await probe(0)) ?? Promise.reject(new Error('there is no free port'));
}

/** So many draws find free ports on any machine that has some. */
const DRAWS = 1_000;

/**
 * Free ports at random between two numbers, all different.
 * @throws Error when there are not that many
 */
export async function freePortsBetween(least: number, most: number, count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let draw = 0; draw < DRAWS && ports.size < count; draw++) {
    const port = await probe(randomInt(least, most + 1));
    if (port !== undefined) ports.add(port);
  }
  if (ports.size < count) throw new Error(`there are no ${count} free ports between ${least} and ${most}`);
  return [...ports];
}

/** Only listening is a sure test: a connection attempt would not see a bound socket that does not accept. */
async function probe(port: number): Promise<number | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
