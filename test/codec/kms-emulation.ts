import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { pythonWith } from '../python-environment.js';

/** moto answers as AWS does. Its server's dependencies are listed one by one, since `moto[server]` pulls in all of AWS. */
const PACKAGES = ['moto==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'];

const REGION = 'eu-west-1';
const CREDENTIALS = { accessKeyId: 'any', secretAccessKey: 'any' };

/** The connection to KMS: working, cut, or never answering. */
type Line = 'up' | 'cut' | 'silent';

/** AWS KMS in a process of its own, behind a connection that can be cut. */
export class KmsEmulation {
  line: Line = 'up';
  /** The names of the calls of every client that was created here. */
  readonly calls: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly moto: ChildProcess,
    private readonly wire: Server,
    readonly endpoint: string,
  ) {}

  /** @returns undefined on a machine without Python */
  static async start(): Promise<KmsEmulation | undefined> {
    const environment = await pythonWith('moto', PACKAGES);
    if (!environment) return undefined;
    const moto = spawn(environment.python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']);
    const port = await new Promise<number>((resolve, reject) => {
      let output = '';
      for (const stream of [moto.stdout, moto.stderr]) {
        stream.on('data', (chunk) => {
          output += String(chunk);
          const [, found] = /127\.0\.0\.1:(\d+)/.exec(output) ?? [];
          if (found) resolve(Number(found));
        });
      }
      moto.once('exit', () => reject(new Error(`moto has ended: ${output}`)));
    });
    const wire = createServer();
    wire.listen(0, '127.0.0.1');
    await once(wire, 'listening');
    const address = wire.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const emulation = new KmsEmulation(moto, wire, `http://127.0.0.1:${address.port}`);
    wire.on('connection', (socket) => emulation.carry(socket, port));
    return emulation;
  }

  /** A client whose calls are recorded. */
  client(region = REGION): KMSClient {
    const client = new KMSClient({ region, endpoint: this.endpoint, credentials: CREDENTIALS, maxAttempts: 1 });
    client.middlewareStack.add(
      (next, context) => (input) => {
        this.calls.push(String(context['commandName']).replace('Command', ''));
        return next(input);
      },
      { step: 'initialize' },
    );
    return client;
  }

  /** Creates a key and returns its ARN. */
  async createKey(): Promise<string> {
    const { KeyMetadata } = await this.client().send(new CreateKeyCommand({}));
    this.calls.length = 0;
    return KeyMetadata?.Arn ?? '';
  }

  setLine(line: Line): void {
    this.line = line;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.setLine('cut');
    this.wire.close();
    const ended = once(this.moto, 'exit');
    this.moto.kill('SIGKILL');
    await ended;
  }

  private carry(socket: Socket, port: number): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // A client whose connection is cut sees its own error.
    socket.on('error', () => undefined);
    if (this.line === 'cut') socket.destroy();
    if (this.line !== 'up') return;
    const other = connect(port, '127.0.0.1');
    other.on('error', () => socket.destroy());
    socket.on('close', () => other.destroy());
    socket.pipe(other).pipe(socket);
  }
}
