/** A running codec server, and the requests of its callers. */
import { randomBytes } from 'node:crypto';
import { encryptionKey, keyRingOf, seal } from '@cognito-verification/codec';
import type { Payload } from '@temporalio/common';
import { afterEach } from 'vitest';
import { type CodecServerOptions, startCodecServer } from '../../codec-server/codec-server.js';
import { fromWire, toWire, type WirePayload } from '../../codec-server/wire.js';

export const KEY = encryptionKey('key-1', randomBytes(32));
const ORIGINS = ['http://localhost:8233', 'https://temporal.example.com'];

/** A line that the server has logged. */
interface LogLine {
  level: string;
  message: string;
  meta: Record<string, unknown>;
}

export interface Served {
  url: string;
  log: LogLine[];
  close(): Promise<void>;
}

const running = new Set<Served>();
afterEach(async () => {
  await Promise.all([...running].map((server) => server.close()));
});

/** Stops at the end of the test. */
export async function serve(options: Partial<CodecServerOptions> = {}): Promise<Served> {
  const log: LogLine[] = [];
  const server = await startCodecServer({
    keys: keyRingOf(KEY),
    log: collecting(log),
    port: 0,
    origins: ORIGINS,
    ...options,
  });
  const served = {
    url: server.url,
    log,
    close: async () => {
      if (running.delete(served)) await server.close();
    },
  };
  running.add(served);
  return served;
}

function collecting(lines: LogLine[]): CodecServerOptions['log'] {
  const log = (level: string, message: string, meta: Record<string, unknown> = {}) => {
    lines.push({ level, message, meta });
  };
  const at = (level: string) => (message: string, meta?: Record<string, unknown>) => log(level, message, meta);
  return { log, trace: at('TRACE'), debug: at('DEBUG'), info: at('INFO'), warn: at('WARN'), error: at('ERROR') };
}

export const json = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});

/** As in a history. */
export const sealed = (payload: Payload, key = KEY): WirePayload => toWire(seal(payload, key));

/** Sends a request as the Web UI does: always with a query, from a page. */
export async function asWebUi(
  endpoint: string,
  payloads: unknown,
  { path = '/decode', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return await fetch(`${endpoint}${path}?preserveStorageRefs=true`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Namespace': 'default',
      Origin: 'http://localhost:8233',
      ...headers,
    },
    body: JSON.stringify({ payloads }),
  });
}

/** The contents of an answer's payloads; JSON is parsed. */
export async function contentOf(response: Response): Promise<unknown[]> {
  const { payloads } = (await response.json()) as { payloads: WirePayload[] };
  return payloads.map((wire) => {
    const { metadata, data } = fromWire(wire);
    const encoding = Buffer.from(metadata?.['encoding'] ?? []).toString();
    const bytes = Buffer.from(data ?? []).toString();
    return encoding === 'json/plain' ? (JSON.parse(bytes) as unknown) : { encoding };
  });
}

/** What the server shows of a value. */
export async function shown(endpoint: string, value: unknown): Promise<unknown> {
  const [content] = await contentOf(await asWebUi(endpoint, [sealed(json(value))]));
  return content;
}
