/** The development server on a database file, which is killed with -9 and comes back on the same port. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { freePort } from '../../dev/free-port.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server.js';

const STARTS = 10;
/** Below the system's range for outgoing connections, since one of those could take our port while the server is down. */
const PORTS = { first: 20_000, count: 10_000 };

export class DurableServer {
  /** When it was killed. */
  readonly killedAtMs: number[] = [];
  /** The times from a kill until the namespace is usable again. */
  readonly awayMs: number[] = [];

  private constructor(
    private server: TemporalServer,
    readonly port: number,
    private readonly dbFilename: string,
  ) {}

  static async start(dbFilename: string): Promise<DurableServer> {
    for (let tries = 0; tries < STARTS; tries++) {
      const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
      if ((await freePort(port)) === port) return new DurableServer(await serve(port, dbFilename), port, dbFilename);
    }
    throw new Error('found no free port for the Temporal server');
  }

  get kills(): number {
    return this.killedAtMs.length;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Like a power cut of `forMs`: no clean shutdown, and only the data on disk survives. */
  async kill(forMs: number): Promise<void> {
    const killedAt = performance.now();
    this.killedAtMs.push(Date.now());
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.exited;
    await sleep(forMs);
    this.server = await serve(this.port, this.dbFilename);
    this.awayMs.push(performance.now() - killedAt);
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}

/** Serves on exactly this port, where workers and clients expect the server. */
async function serve(port: number, dbFilename: string): Promise<TemporalServer> {
  for (let tries = 1; ; tries++) {
    const server = await startTemporalServer({
      cli: await temporalCli(),
      port,
      headless: true,
      dbFilename,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    if (server.address === `127.0.0.1:${port}`) return server;
    await server.close();
    if (tries === STARTS) throw new Error(`port ${port} is taken`);
    await sleep(500);
  }
}
