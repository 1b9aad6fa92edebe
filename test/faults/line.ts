/** A TCP line on the loopback interface that can fail, between a worker and Cognito, or between a worker and Temporal. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `unanswered`: connections stay open, and nothing arrives anywhere. `answersLost`: requests arrive, and answers do not
 * (half-open). `reset`: cut in the middle of the first answer. `slow`: answers trickle.
 */
export type LineFault = 'unanswered' | 'answersLost' | 'reset' | 'slow';

const TRICKLE = { bytes: 40, everyMs: 60 };

interface Connection {
  near: Socket;
  far: Socket;
  /** What no longer arrives, though neither end knows. */
  lost?: 'answers' | 'everything';
  /** True once it is counted in `hit`. */
  hit: boolean;
}

/** One line, with at most one fault. */
export class Line {
  /** Connections that met a fault. */
  hit = 0;
  private fault: LineFault | undefined;
  private readonly connections = new Set<Connection>();

  private constructor(
    private readonly server: Server,
    private readonly farPort: number,
  ) {}

  /** A line to the process that listens on that port, now or later. */
  static async to(farPort: number): Promise<Line> {
    const server = createServer();
    const line = new Line(server, farPort);
    server.on('connection', (near) => line.connect(near));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Also affects connections that are already open. */
  set(fault: LineFault | undefined): void {
    this.fault = fault;
  }

  /** Ends the connections on which something was lost, like a router after a restart. */
  forget(): void {
    for (const connection of this.connections) if (connection.lost) this.end(connection);
  }

  async close(): Promise<void> {
    for (const connection of this.connections) this.end(connection);
    this.server.close();
    await once(this.server, 'close');
  }

  private connect(near: Socket): void {
    const far = connect({ port: this.farPort, host: '127.0.0.1' });
    const connection: Connection = { near, far, hit: false };
    this.connections.add(connection);
    // Both sockets break on purpose, so their errors mean nothing. `close` follows.
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => this.end(connection));
    }
    near.on('data', (chunk) => {
      if (this.fault === 'unanswered') this.meet(connection).lost = 'everything';
      if (this.fault === 'answersLost') this.meet(connection);
      if (connection.lost !== 'everything') far.write(chunk);
    });
    far.on('data', (chunk) => this.answer(connection, chunk));
  }

  private answer(connection: Connection, chunk: Buffer): void {
    const { near } = connection;
    if (this.fault === 'answersLost') connection.lost ??= 'answers';
    if (connection.lost) return;
    if (this.fault === 'reset') {
      this.meet(connection);
      near.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => near.resetAndDestroy());
    } else if (this.fault === 'slow') {
      this.meet(connection);
      void this.trickle(connection, chunk);
    } else near.write(chunk);
  }

  /** Holds the next chunk back: `pause` keeps the order. */
  private async trickle({ near, far }: Connection, chunk: Buffer): Promise<void> {
    far.pause();
    for (let at = 0; at < chunk.length && !near.destroyed; at += TRICKLE.bytes) {
      near.write(chunk.subarray(at, at + TRICKLE.bytes));
      await new Promise((resolve) => setTimeout(resolve, TRICKLE.everyMs));
    }
    far.resume();
  }

  private meet(connection: Connection): Connection {
    if (!connection.hit) this.hit += 1;
    connection.hit = true;
    return connection;
  }

  private end(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    connection.near.destroy();
    connection.far.destroy();
  }
}
