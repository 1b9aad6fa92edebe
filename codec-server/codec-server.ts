/** The redacting codec server: it opens payloads for the Web UI and the `temporal` command, and hides what is secret. */
import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { isLoopback, type KeyRing } from '@cognito-verification/codec';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '@temporalio/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { createAuthorize } from './authorization.js';
import { codecEndpoints } from './endpoints.js';
import { authorizationNeeded, type CodecServerSettings } from './settings.js';

/** How to serve. Settings of the deployment, the keys, and where to listen. */
export interface CodecServerOptions extends CodecServerSettings {
  /** They open what is sealed. The first of them seals. */
  keys: KeyRing;
  /**
   * Gets a line for every request (debug), for every refusal and for payloads that could not be opened (warn), and for every
   * reveal and every sealing with its caller and the number of payloads (info). It never gets data.
   */
  log: Logger;
  /** Default `127.0.0.1`. Any address but loopback needs `authorization`. */
  host?: string | undefined;
  /** Default 8888. 0 takes any free port. */
  port?: number | undefined;
  /** Bounds that replace those of `CODEC_LIMITS`. */
  limits?: Partial<CodecLimits> | undefined;
}

/** What one caller may ask for. */
interface CodecLimits {
  /** Bytes in the body of a request. */
  readonly bodyBytes: number;
  /** Payloads in a request. */
  readonly payloads: number;
  /** Requests of one caller in ten seconds. A caller is the subject of a token or, without one, an address. */
  readonly requests: number;
  /** How long a request may take to arrive whole, in milliseconds. */
  readonly requestMs: number;
  /** How long requests in progress may take when the server closes, in milliseconds. */
  readonly closeMs: number;
}

/** The default bounds. */
const CODEC_LIMITS: CodecLimits = {
  // Temporal's messages have at most 4 MB. Base64 makes that a third longer, and the rest is room for JSON.
  bodyBytes: 8 * 1024 * 1024,
  // A page of a history has at most 1,000 events, and few events have more than two payloads.
  payloads: 2_000,
  // The Web UI sends one request for each event of a page, all at once, and again when it polls.
  requests: 1_000,
  requestMs: 30_000,
  closeMs: 5_000,
};

const RATE_WINDOW_SECONDS = 10;

/** A codec server in operation. */
export interface CodecServer {
  /** The codec endpoint to configure, without a slash at its end. */
  readonly url: string;
  /** Takes no more requests. Requests in progress get `closeMs` to finish. */
  close(): Promise<void>;
}

/**
 * Starts the codec server.
 * @throws SettingError on any address but loopback without authorization; the error of `listen` when the port is taken
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { keys, log, host = '127.0.0.1', port = 8888, origins, authorization, tls } = options;
  const limits = { ...CODEC_LIMITS, ...options.limits };
  if (!authorization && !isLoopback(host)) throw authorizationNeeded(host);
  if (!tls && !isLoopback(host)) {
    log.warn(
      'The codec server speaks plain HTTP: put TLS in front of it, or set VERIFICATION_CODEC_TLS_CERT_PATH and VERIFICATION_CODEC_TLS_KEY_PATH. The Web UI passes access tokens to https endpoints only.',
    );
  }
  const app = codecEndpoints({
    keys,
    log,
    origins,
    authorization,
    authorize: authorization && createAuthorize(authorization, log),
    rateLimiter: new RateLimiterMemory({ points: limits.requests, duration: RATE_WINDOW_SECONDS }),
    mostBytes: limits.bodyBytes,
    mostPayloads: limits.payloads,
    // The header ignores the port: on loopback it would force TLS on every other program of this machine too.
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

/** Two tokens with many groups are longer than Node's default of 16 KB. */
const MAX_HEADER_BYTES = 64 * 1024;

/** A caller that sends slowly, or nothing, does not hold a connection for long. */
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
  // `close` ends the connections that are idle now, but not those that become idle after their answer.
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
