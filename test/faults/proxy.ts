/** A proxy between the workers and Cognito, which now and then answers with a page of its own. */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as requestOf, type ServerResponse } from 'node:http';
import { collect } from '../rig.js';
import type { Random } from './random.js';

interface Page {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const HTML = { 'content-type': 'text/html; charset=utf-8' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** What stands between a worker and Cognito and answers by itself. None of it says a word of Cognito's. */
export const PAGES = {
  'captive page': { status: 200, headers: HTML, body: '<html><h1>Please sign in</h1></html>' },
  'redirect to a login': { status: 302, headers: { location: 'https://login.example/' } },
  'challenge of a firewall': { status: 403, headers: { ...HTML, 'x-amzn-waf-action': 'challenge' }, body: '<html/>' },
  'bad gateway': { status: 502, headers: HTML, body: '<html><h1>502 Bad Gateway</h1></html>' },
  'service unavailable': { status: 503, headers: HTML, body: '<html><h1>503</h1></html>' },
  'request time-out': { status: 408, headers: HTML, body: '<html><h1>408 Request Time-out</h1></html>' },
  'no content': { status: 204 },
  'accepted, and empty': { status: 202 },
  'health check': { status: 200, headers: JSON_TYPE, body: '{"status":"ok"}' },
} as const satisfies Record<string, Page>;
export type PageName = keyof typeof PAGES;

/** When a page takes the place of Cognito's answer. */
export interface Interference {
  /** The request has been passed on all the same. */
  passesOn: boolean;
  /** Of all requests, from 0 to 1. */
  share: number;
  random: Random;
  /** Default: all pages. */
  pages?: readonly [PageName, ...PageName[]];
}

export class Proxy {
  /** How often each page was the answer. */
  readonly answered = new Map<PageName, number>();
  private interference: Interference | undefined;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly server = createServer((request, response) => {
    // Cognito, or a worker, has cut the connection.
    this.answer(request, response).catch(() => response.destroy());
  });

  private constructor(private readonly farPort: number) {
    // As the sandbox: a socket that closes under a request looks like a lost answer.
    this.server.keepAliveTimeout = 75_000;
  }

  /** A proxy before the server on that port. */
  static async to(farPort: number): Promise<Proxy> {
    const proxy = new Proxy(farPort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** How many pages it has answered with. */
  get hit(): number {
    return [...this.answered.values()].reduce((sum, times) => sum + times, 0);
  }

  set(interference: Interference | undefined): void {
    this.interference = interference;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.agent.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await collect<Buffer>(request));
    const { interference } = this;
    const page = interference?.random.chance(interference.share) ? interference : undefined;
    const passed = !page || page.passesOn ? await this.passOn(request, body) : undefined;
    if (page) {
      const name = page.random.pick(page.pages ?? PAGE_NAMES);
      this.answered.set(name, (this.answered.get(name) ?? 0) + 1);
      const { status, headers = {}, body: text = '' }: Page = PAGES[name];
      response.writeHead(status, headers).end(text);
    } else if (passed) response.writeHead(passed.status, passed.headers).end(passed.body);
  }

  private async passOn({ method, url, headers }: IncomingMessage, body: Buffer) {
    const far = requestOf({ port: this.farPort, host: '127.0.0.1', agent: this.agent, method, path: url, headers });
    far.end(body);
    const [answer] = (await once(far, 'response')) as [IncomingMessage];
    const whole = Buffer.concat(await collect<Buffer>(answer));
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: whole };
  }
}

const PAGE_NAMES = Object.keys(PAGES) as [PageName, ...PageName[]];
