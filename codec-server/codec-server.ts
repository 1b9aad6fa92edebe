/** The redacting codec server: shows the Web UI and the `temporal` command what is sealed, as far as it may be seen. */
import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { KeyRing } from '@cognito-verification/codec';
import { isLoopback } from '@cognito-verification/contract';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '@temporalio/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { createAuthorize } from './authorization.js';
import { codecEndpoints } from './endpoints.js';
import { type CodecServerSettings, loadCodecServerSettings } from './settings.js';

/** What is served, to whom, and where. */
export interface CodecServerOptions extends CodecServerSettings {
  /** Open what is sealed; the first of them seals. */
  keys: KeyRing;
  /**
   * Told of every request (debug), of who was refused and what could not be opened (warn), of every reveal and every sealing
   * (info, who and how much). Never data.
   */
  log: Logger;
  /** Default `127.0.0.1`. Any address but loopback needs `authorization`. */
  host?: string;
  /** Default 8888; 0 takes any free one. */
  port?: number;
  /** Other bounds than `CODEC_LIMITS`. */
  limits?: Partial<CodecLimits>;
}

/** What one caller may ask for. */
export interface CodecLimits {
  /** Of a request's body. */
  readonly bodyBytes: number;
  /** In a request. */
  readonly payloads: number;
  /** Of one caller (by the token's subject, else by address) in ten seconds. */
  readonly requests: number;
  /** For a request to arrive whole, in milliseconds. */
  readonly requestMs: number;
  /** For requests under way when the server closes, in milliseconds. */
  readonly closeMs: number;
}

/** The bounds unless others are given. */
export const CODEC_LIMITS: CodecLimits = {
  // Temporal's messages have at most 4 MB, which base64 makes a third longer, and JSON has room to spare.
  bodyBytes: 8 * 1024 * 1024,
  // A page of a history has at most 1,000 events, and hardly any has more than two payloads.
  payloads: 2_000,
  // The Web UI asks for each event of a page by itself, at once, and again when it polls.
  requests: 1_000,
  requestMs: 30_000,
  closeMs: 5_000,
};

const RATE_WINDOW_SECONDS = 10;

/** A codec server that listens. */
export interface CodecServer {
  /** What to configure as the codec endpoint, without a slash at its end. */
  readonly url: string;
  /** Takes no more requests; those under way get five seconds. */
  close(): Promise<void>;
}

/**
 * Starts the codec server.
 * @throws SettingError on any address but loopback without authorization; the error of `listen` when the port is taken
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { keys, log, host = '127.0.0.1', port = 8888, origins, authorization, tls } = options;
  const limits = { ...CODEC_LIMITS, ...options.limits };
  // Whoever starts it: the same words as for wrong settings.
  if (!authorization && !isLoopback(host)) loadCodecServerSettings({}, host);
  if (!tls && !isLoopback(host)) {
    log.warn(
      'The codec server speaks plain HTTP: put TLS in front of it, or set VERIFICATION_CODEC_TLS_CERT_PATH and VERIFICATION_CODEC_TLS_KEY_PATH. The Web UI passes access tokens to https endpoints only.',
    );
  }
  const app = codecEndpoints({
    keys,
    log,
    origins,
    ...(authorization ? { authorization, authorize: createAuthorize(authorization, log) } : {}),
    rateLimiter: new RateLimiterMemory({ points: limits.requests, duration: RATE_WINDOW_SECONDS }),
    mostBytes: limits.bodyBytes,
    mostPayloads: limits.payloads,
    // On loopback it would bind every other program of this machine too: the port does not count.
    strictTransport: tls !== undefined && !isLoopback(host),
  });
  const answer = getRequestListener(app.fetch);
  const server = createServer({ ...timeLimits(limits), maxHeaderSize: MAX_HEADER_BYTES }, tls);
  server.on('request', (incoming, outgoing) => void answer(incoming, outgoing));
  const bound = await listen(server, port, host);
  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => close(server, limits.closeMs),
  };
}

/** Two tokens with many groups in them are longer than Node's 16 KB. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Callers that send slowly, or nothing, hold no connection for long. */
function timeLimits({ requestMs }: CodecLimits): ServerOptions {
  return {
    headersTimeout: Math.min(10_000, requestMs),
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(2_000, requestMs),
    keepAliveTimeout: 60_000,
  };
}

function createServer(options: ServerOptions, tls: CodecServerSettings['tls']): Server {
  return tls ? createHttpsServer({ ...options, ...tls, minVersion: 'TLSv1.2' }) : createHttpServer(options);
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const grace = setTimeout(() => server.closeAllConnections(), graceMs);
  // `close` ends the connections that are idle now, and leaves those that will be once they have their answer.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
    });
  } finally {
    clearTimeout(grace);
    clearInterval(sweep);
  }
}
