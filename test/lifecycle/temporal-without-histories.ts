import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { VerificationClient } from '@cognito-verification/client';
import { NativeConnection } from '@temporalio/worker';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { collect, type Rig, startWorker } from '../rig.js';

const HISTORY = '/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory';
const UNAVAILABLE = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' };

/**
 * Stands for a Temporal Service that does its work and does not give out some histories, as one whose history store is in
 * trouble: a relay before the real server.
 */
class TemporalWithoutHistories {
  /** What comes of the question for the history of a run, by its id; one that is not listed is answered. */
  readonly histories = new Map<string, 'silent' | 'unavailable'>();
  /** How often each of those was asked for. */
  readonly asked = new Map<string, number>();
  private readonly sessions = new Set<ServerHttp2Session>();

  private constructor(
    private readonly relay: Http2Server,
    private readonly server: ClientHttp2Session,
  ) {}

  /** @param address of the real server */
  static async before(address: string): Promise<TemporalWithoutHistories> {
    const relay = createServer();
    const stand = new TemporalWithoutHistories(relay, connect(`http://${address}`));
    relay.on('session', (session) => stand.sessions.add(session));
    relay.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (headers[':path'] === HISTORY) void stand.takeQuestion(stream, headers);
      else stream.pipe(stand.passOn(stream, headers));
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    return stand;
  }

  get address(): string {
    const address = this.relay.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  close(): void {
    for (const session of this.sessions) session.destroy();
    this.server.destroy();
    this.relay.close();
  }

  private async takeQuestion(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const question = Buffer.concat(await collect<Buffer>(stream));
    // gRPC: whether it is compressed, in one byte, and its length, in four.
    const message = question[0] === 1 ? gunzipSync(question.subarray(5)) : question;
    // The worker reads histories of its own too, of other runs.
    const [runId, answer] = [...this.histories].find(([run]) => message.includes(run)) ?? [];
    if (runId === undefined) {
      this.passOn(stream, headers).end(question);
      return;
    }
    this.asked.set(runId, (this.asked.get(runId) ?? 0) + 1);
    if (answer === 'unavailable') stream.respond(UNAVAILABLE, { endStream: true });
  }

  private passOn(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): ClientHttp2Stream {
    const further = this.server.request(headers);
    further.on('error', () => stream.destroy());
    further.on('response', (answer, flags) => {
      // Without a body the trailers come as headers.
      const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (!stream.destroyed) stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
    });
    further.on('trailers', (trailers) => stream.once('wantTrailers', () => stream.sendTrailers(trailers)));
    stream.on('close', () => further.close(constants.NGHTTP2_CANCEL));
    further.pipe(stream);
    return further;
  }
}

/** A worker that does not find some histories, and a client of its own. */
export interface WithoutHistories {
  temporal: TemporalWithoutHistories;
  client: VerificationClient;
  close(): Promise<void>;
}

export async function withoutHistories(rig: Rig): Promise<WithoutHistories> {
  const temporal = await TemporalWithoutHistories.before(rig.env.address);
  const connection = await NativeConnection.connect({ address: temporal.address });
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const taskQueue = `without-histories-${randomUUID()}`;
  const worker = await startWorker(rig, cognito, taskQueue, { connection });
  const { userPools } = rig;
  const client = new VerificationClient({ client: rig.env.client, userPools, taskQueue, timeout: '100 seconds' });
  const close = async () => {
    await worker.stop();
    cognito.destroy();
    await connection.close();
    temporal.close();
  };
  return { temporal, client, close };
}
