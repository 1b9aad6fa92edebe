import { once } from 'node:events';
import { Command } from 'commander';
import { errorCode } from '../log/error-code.js';
import { portOption } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { UsageError } from './usage-error.js';

interface SandboxOptions extends OutputOptions {
  port?: number | undefined;
  stateFile?: string | undefined;
  origin?: string[] | undefined;
}

/** `sandbox`: prints its URL when it is ready; ends on the first SIGINT or SIGTERM. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .description(
      'Runs the Cognito sandbox, a local Cognito endpoint for development and tests, until Ctrl-C. It sends no message: codes go to its inbox.',
    )
    .option('--port <port>', 'port to listen on; 0 takes any free one. Default: 0', portOption)
    .option('--state-file <file>', 'keep users, codes and inbox in this file over restarts. Default: none')
    .option('--origin <origins...>', 'let pages of these origins call it, such as http://localhost:5173. Default: none')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  cognito-verification sandbox --port 9229
  export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://127.0.0.1:9229`,
    )
    .action(async ({ port, stateFile, origin: origins, ...options }: SandboxOptions) => {
      const { BadInput, startSandbox } = await import('../sandbox/index.js');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const sandbox = await startSandbox({ port, stateFile, origins }).catch((error: unknown) => {
        if (error instanceof BadInput) throw new UsageError(error.message);
        throw port && errorCode(error) === 'EADDRINUSE'
          ? new UsageError(`--port: ${port} is taken by another program. Give another one; 0 takes any free one.`)
          : error;
      });
      try {
        print(options, { url: sandbox.url }, describe(sandbox.url));
        if (!stop.signal.aborted) await once(stop.signal, 'abort');
      } finally {
        await sandbox.close();
      }
    });
}

function describe(url: string): string {
  return [
    `The Cognito sandbox listens on ${url}`,
    `  Inbox           ${url}/_sandbox/`,
    `  For a worker    export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=${url}`,
    'Ctrl-C stops it.',
  ].join('\n');
}
