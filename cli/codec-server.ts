import { once } from 'node:events';
import { Command } from 'commander';
import type { CodecServerSettings } from '../codec-server/settings.js';
import { errorCode } from '../log/error-code.js';
import { portOption } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { UsageError } from './usage-error.js';

interface CodecServerCommandOptions extends OutputOptions {
  host: string;
  port: number;
}

const HELP = `
It shows where a verification stands, and hides tokens, codes, addresses and all fields that it does not know. Under
/reveal (endpoint http://…/reveal) it shows everything to callers with the permission for it, and logs who they are.

Keys, as for a worker: VERIFICATION_ENCRYPTION_KEYS, VERIFICATION_ENCRYPTION_KEYS_FILE or
VERIFICATION_ENCRYPTION_KMS_KEYS.

Settings:
  VERIFICATION_CODEC_ORIGINS             exact origins of the Web UI, separated by commas
                                         (default on loopback: http://localhost:8233,http://127.0.0.1:8233)
  VERIFICATION_CODEC_JWKS_URL            where the identity provider publishes its keys
  VERIFICATION_CODEC_ISSUER              the tokens' "iss"
  VERIFICATION_CODEC_AUDIENCE            the tokens' "aud", or "client_id" where they have none
  VERIFICATION_CODEC_PERMISSION          scope:NAME or group:NAME, what every caller needs
  VERIFICATION_CODEC_REVEAL_PERMISSION   scope:NAME or group:NAME, for /reveal (default: nobody may)
  VERIFICATION_CODEC_ENCODE_PERMISSION   the same, for /encode, by which the Web UI and temporal send input
                                         (default: nobody may; without authorization every caller)
  VERIFICATION_CODEC_TLS_CERT_PATH, VERIFICATION_CODEC_TLS_KEY_PATH
                                         certificate and key in PEM (default: plain HTTP)
  VERIFICATION_LOG_LEVEL                 trace, debug (every request), info, warn, error (default: info)
On loopback it may run without those about tokens; on any other address it does not start without them.

Example:
  cognito-verification codec-server
  temporal workflow show --workflow-id … --codec-endpoint http://127.0.0.1:8888`;

/** `codec-server`: says where it is when it is ready; ends with the first SIGINT or SIGTERM. */
export function codecServerCommand(): Command {
  return new Command('codec-server')
    .description(
      'Decodes sealed payloads for the Temporal Web UI and the temporal command, without the secrets, until Ctrl-C.',
    )
    .option('--host <address>', 'address to listen on; all but loopback need authorization', '127.0.0.1')
    .option('--port <port>', '0 takes any free one', portOption, 8888)
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async ({ host, port, ...options }: CodecServerCommandOptions) => {
      const { startCodecServer } = await import('../codec-server/codec-server.js');
      const { logUncaught } = await import('../log/log-uncaught.js');
      const settings = await loadSettings(host);
      // It holds opened payloads.
      logUncaught({ logger: settings.log });
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const server = await startCodecServer({ ...settings, host, port }).catch((error: unknown) => {
        throw errorCode(error) === 'EADDRINUSE'
          ? new UsageError(`--port: ${port} is taken by another program. Give another one; 0 takes any free one.`)
          : errorCode(error) === 'EADDRNOTAVAIL' || errorCode(error) === 'ENOTFOUND'
            ? new UsageError('--host: this machine has no such address.')
            : error;
      });
      try {
        print(options, { url: server.url }, peopleOf(server.url, settings));
        if (!stop.signal.aborted) await once(stop.signal, 'abort');
      } finally {
        await server.close();
      }
    });
}

/** @throws SettingError with everything that is wrong: the keys, the log, the codec server's own settings */
async function loadSettings(host: string) {
  const { createLogger } = await import('../log/logger.js');
  const { logWarnings } = await import('../log/log-uncaught.js');
  const { keyRingFromSettings, readSettings } = await import('@cognito-verification/codec');
  const { loadTelemetryConfig } = await import('../temporal/config.js');
  const { loadCodecServerSettings } = await import('../codec-server/settings.js');
  const { log, keys, settings } = readSettings({
    log: () => {
      const made = createLogger(loadTelemetryConfig().logLevel);
      logWarnings(made);
      return made;
    },
    keys: () => keyRingFromSettings(process.env, (problem) => log.error(problem)),
    settings: () => loadCodecServerSettings(process.env, host),
  });
  return { log, keys, ...settings };
}

function peopleOf(url: string, { origins, authorization }: CodecServerSettings): string {
  return [
    `The codec server listens on ${url}`,
    `  Web UI          set this as the codec server's endpoint (the glasses, top right)`,
    `  temporal        add --codec-endpoint ${url}`,
    `  Pages of        ${origins.join(', ') || 'no origin (VERIFICATION_CODEC_ORIGINS)'}`,
    `  Callers         ${authorization ? `tokens of ${authorization.issuer}` : 'everyone on this machine'}`,
    'Ctrl-C stops it.',
  ].join('\n');
}
