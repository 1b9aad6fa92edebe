/** The codec server of a local stack: the Web UI and the `temporal` command show through it what is sealed. */
import type { KeyRing } from '@cognito-verification/codec';
import { startCodecServer } from '../codec-server/codec-server.js';
import { createLogger } from '../log/logger.js';
import { loadTelemetryConfig } from '../temporal/config.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** How to start it. */
export interface StackCodecServerOptions {
  readonly keys: KeyRing;
  /** A free one; the Web UI was told of it already. */
  readonly port: number;
  /** Where the Web UI is, if it is ours. */
  readonly webUi: string | undefined;
  readonly logFile: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

/** Starts it on the loopback interface, where nobody has to sign in, and answers its address. */
export async function startStackCodecServer(options: StackCodecServerOptions): Promise<string> {
  const { keys, port, webUi, logFile, timeline, teardown } = options;
  const server = await startCodecServer({
    keys,
    port,
    origins: webUi === undefined ? [] : originsOf(webUi),
    log: createLogger(loadTelemetryConfig().logLevel, logFile),
  });
  teardown.addQuietly('the codec server', async () => await server.close());
  timeline.tell(`started a codec server at ${server.url}: payloads are sealed, and shown without tokens and codes`);
  return server.url;
}

/** A browser's origin is whichever name of this machine was typed. */
function originsOf(webUi: string): string[] {
  const { port } = new URL(webUi);
  return ['localhost', '127.0.0.1'].map((host) => `http://${host}:${port}`);
}
