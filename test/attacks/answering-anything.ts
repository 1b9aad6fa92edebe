/** Stands between a worker and the sandbox, and answers the calls of a user with any bytes in place of Cognito's. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeAccessToken } from '@cognito-verification/contract';
import type { Sandbox } from '../../sandbox/index.js';
import { collect } from '../rig.js';
import { type Answer, type Call, type Draw, OPERATIONS } from './any-answer.js';

/** One request that came through here. */
export interface Passed {
  call: Call;
  /** The drawn answer took the place of Cognito's. */
  drawn: boolean;
}

const LATE_MS = 800;

/** Tokens and limits are of hours. */
const CATCH_UP_EVERY_MS = 50;

export class AnsweringAnything {
  /** What answers the calls of a user, by `sub`. Nobody else is disturbed. */
  readonly draws = new Map<string, Draw>();
  /** The requests of those users, in order. */
  readonly passed = new Map<string, Passed[]>();
  private readonly server: Server;
  private caughtUpAt = 0;

  private constructor(
    private readonly sandbox: Sandbox,
    /** Moves the sandbox's clock up to the server's. */
    private readonly moveClock: () => Promise<unknown>,
  ) {
    this.server = createServer((request) => {
      this.take(request).catch(() => request.socket.destroy());
    });
  }

  static async before(sandbox: Sandbox, moveClock: () => Promise<unknown>): Promise<AnsweringAnything> {
    const between = new AnsweringAnything(sandbox, moveClock);
    await new Promise<void>((resolve) => {
      between.server.listen(0, '127.0.0.1', resolve);
    });
    return between;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async take(request: IncomingMessage): Promise<void> {
    const { socket } = request;
    const body = Buffer.concat(await collect<Buffer>(request)).toString();
    const target = String(request.headers['x-amz-target']);
    const { draw, call, isDrawn } = this.drawn(target, body);
    if (!draw || !call || !isDrawn) {
      await this.catchUp();
      const { status, headers, text } = await this.passOn(target, body);
      await write(socket, { status, headers, body: text, framing: 'whole' }, true);
      return;
    }
    if (draw.afterEffect) {
      await this.catchUp();
      await this.passOn(target, body);
    }
    await write(socket, draw.answer, false);
  }

  private async catchUp(): Promise<void> {
    if (Date.now() < this.caughtUpAt + CATCH_UP_EVERY_MS) return;
    this.caughtUpAt = Date.now();
    await this.moveClock();
  }

  private drawn(target: string, body: string) {
    const call = (Object.keys(OPERATIONS) as Call[]).find((one) => target.endsWith(`.${OPERATIONS[one]}`));
    const { AccessToken = '' } = JSON.parse(body) as { AccessToken?: string };
    const sub = subOf(AccessToken);
    const draw = this.draws.get(sub);
    if (!draw || !call) return {};
    const passed = this.passed.get(sub) ?? [];
    this.passed.set(sub, passed);
    const isDrawn = draw.calls.includes(call) && !(draw.once && passed.some((one) => one.call === call));
    passed.push({ call, drawn: isDrawn });
    return { draw, call, isDrawn };
  }

  private async passOn(target: string, body: string) {
    const type = { 'content-type': 'application/x-amz-json-1.1' };
    const answer = await fetch(this.sandbox.url, {
      method: 'POST',
      headers: { ...type, 'x-amz-target': target },
      body,
    });
    const names = ['x-amzn-requestid', 'x-amzn-errortype'] as const;
    const kept = names.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    const headers = { ...type, ...(Object.fromEntries(kept) as Record<string, string>) };
    return { status: answer.status, headers, text: await answer.text() };
  }
}

/** The token with which a worker tries the endpoint is of nobody. */
function subOf(accessToken: string): string {
  try {
    return decodeAccessToken(accessToken).sub;
  } catch {
    return '';
  }
}

/** Byte by byte, since an HTTP server would not write most of these. */
async function write(socket: Socket, { status, headers, body, framing }: Answer, keep: boolean): Promise<void> {
  if (framing === 'reset') {
    socket.resetAndDestroy();
    return;
  }
  if (framing === 'late') await sleep(LATE_MS);
  const bytes = Buffer.from(body);
  const framed = framedBody(bytes, framing);
  // Another call on the same connection would meet what is left of this answer.
  const connection = keep ? [] : [`connection: ${headers['upgrade'] === undefined ? 'close' : 'close, upgrade'}`];
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} Drawn`, ...lines, ...connection, ...framed.headers, '', ''].join('\r\n');
  socket.write(Buffer.concat([Buffer.from(head, 'latin1'), framed.bytes]));
  if (framing === 'endless') return;
  if (framing === 'cut') socket.resetAndDestroy();
  else if (!keep) socket.end();
}

function framedBody(bytes: Buffer, framing: Answer['framing']): { headers: string[]; bytes: Buffer } {
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  const length = (of: number) => [`content-length: ${of}`];
  switch (framing) {
    case 'untilClose':
      return { headers: [], bytes };
    case 'chunked': {
      const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
      const last = Buffer.from('0\r\n\r\n');
      return {
        headers: ['transfer-encoding: chunked'],
        bytes: bytes.length === 0 ? last : Buffer.concat([chunk, last]),
      };
    }
    case 'longer':
      return { headers: length(bytes.length + 7), bytes };
    case 'shorter':
      return { headers: length(Math.max(0, bytes.length - 1)), bytes };
    case 'cut':
    case 'endless':
      return { headers: length(bytes.length + 1), bytes: half };
    default:
      return { headers: length(bytes.length), bytes };
  }
}
