/** The codec server of a local stack. Through it the Web UI and the `temporal` command show sealed payloads. */
import type { KeyRing } from '@cognito-verification/codec';
import { startCodecServer } from '../codec-server/codec-server.js';
import { createLogger } from '../log/logger.js';
import { loadTelemetryConfig } from '../temporal/config.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** Options of `startStackCodecServer`. */
export interface StackCodecServerOptions {
  readonly keys: KeyRing;
  /** A free port. The Web UI already has it in its settings. */
  readonly port: number;
  /** The URL of the Web UI, if it is ours. */
  readonly webUi: string | undefined;
  readonly logFile: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

/** Starts the codec server on the loopback interface, where it needs no sign-in, and answers its URL. */
export async function startStackCodecServer(options: StackCodecServerOptions): Promise<string> {
  const { keys, port, webUi, logFile, timeline, teardown } = options;
  const server = await startCodecServer({
    keys,
    port,
    origins: webUi === undefined ? [] : originsOf(webUi),
    log: createLogger(loadTelemetryConfig().logLevel, logFile),
  });
  teardown.add('the codec server', async () => await server.close());
  timeline.tell(`started a codec server at ${server.url}: payloads are sealed, and shown without tokens and codes`);
  return server.url;
}

/** The origin has the name of this machine that a person has typed into the browser. */
export function originsOf(webUi: string): string[] {
  const { port } = new URL(webUi);
  return ['localhost', '127.0.0.1'].map((host) => `http://${host}:${port}`);
}
