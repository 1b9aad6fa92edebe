/** Serves the health of a worker process over plain HTTP: `/healthz` and `/readyz`, for the probes of an orchestrator. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '@temporalio/common';
import { errorCode } from '../log/error-code.js';
import type { Health, HealthAnswer } from './health.js';
import { cannotListen } from './telemetry.js';

/** A running server of health. */
export interface HealthServer {
  /** `host:port`, with the port that the system has chosen where the setting names 0. */
  readonly address: string;
  /** Ends at once. It keeps no process alive. */
  close(): Promise<void>;
}

/** A prober asks one short question. */
const REQUEST_LIMIT_MS = 5_000;

/**
 * Serves `/healthz` and `/readyz`: 200 or 503, and JSON with the reasons. Logs when readiness changes, as far as somebody asks.
 * @param address `host:port`; port 0 takes any free one
 * @throws SettingError if nothing can listen there
 */
export async function serveHealth(address: string, health: Health, log: Logger): Promise<HealthServer> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  let wasReady: boolean | undefined;
  const note = ({ ok, reasons }: HealthAnswer) => {
    if (ok === wasReady) return;
    if (!ok) log.warn('Not ready', { reason: reasons.join(' ') });
    else log.info('Ready');
    wasReady = ok;
  };
  const limits = {
    requestTimeout: REQUEST_LIMIT_MS,
    headersTimeout: REQUEST_LIMIT_MS,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, ({ method, url = '' }, response) => {
    const [path] = url.split('?');
    if (method !== 'GET' && method !== 'HEAD') answer(response, 405, { error: 'GET /healthz or /readyz' });
    else if (path === '/healthz') tell(response, health.alive());
    else if (path === '/readyz')
      void health.ready().then((found) => {
        note(found);
        tell(response, found);
      });
    else answer(response, 404, { error: 'GET /healthz or /readyz' });
  });
  // The workers keep the process alive; a start that fails must not wait for this.
  server.unref();
  // An accept that fails later, as where no file descriptor is left, must not end the calls under way.
  server.on('error', (error) => log.warn('The probes meet an error', { error }));
  const port = await listen(server, host.replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))).catch(
    (error: unknown) => {
      throw cannotListen('VERIFICATION_HEALTH_ADDRESS', address, errorCode(error) ?? String(error));
    },
  );
  return {
    address: `${host}:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : port;
}

function tell(response: ServerResponse, { ok, reasons }: HealthAnswer): void {
  answer(response, ok ? 200 : 503, ok ? { ok } : { ok, reasons });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
