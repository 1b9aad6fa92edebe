/** Ports of the loopback interface. */
import { createServer } from 'node:net';

/** The wanted port if no process listens there; else, and without a wanted one, a free port of the system's choice. */
export async function freePort(wanted?: number): Promise<number> {
  return (await probe(wanted ?? 0)) ?? (await probe(0)) ?? Promise.reject(new Error('there is no free port'));
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
