import { once } from 'node:events';
import { Command } from 'commander';
import { hasErrorCode } from '../dev/error-code.js';
import { portOption } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { UsageError } from './usage-error.js';

interface SandboxOptions extends OutputOptions {
  port?: number;
  stateFile?: string;
}

/** `sandbox`: says where it is when it is ready; ends with the first SIGINT or SIGTERM. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .description(
      'Runs the Cognito sandbox, a local Cognito endpoint for development and tests, until Ctrl-C. It sends nothing: codes land in its inbox.',
    )
    .option('--port <port>', '0 takes any free one, and so does leaving it out', portOption)
    .option('--state-file <file>', 'keep users, codes and inbox here over restarts. Default: nowhere')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  cognito-verification sandbox --port 9229
  export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://127.0.0.1:9229`,
    )
    .action(async ({ port, stateFile, ...options }: SandboxOptions) => {
      const { startSandbox } = await import('../sandbox/index.js');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const sandbox = await startSandbox({
        ...(port === undefined ? {} : { port }),
        ...(stateFile === undefined ? {} : { stateFile }),
      }).catch((error: unknown) => {
        throw port && hasErrorCode(error, 'EADDRINUSE')
          ? new UsageError(`--port: ${port} is taken by another program. Give another one; 0 takes any free one.`)
          : error;
      });
      try {
        print(options, { url: sandbox.url }, peopleOf(sandbox.url));
        if (!stop.signal.aborted) await once(stop.signal, 'abort');
      } finally {
        await sandbox.close();
      }
    });
}

function peopleOf(url: string): string {
  return [
    `The Cognito sandbox listens on ${url}`,
    `  Inbox           ${url}/_sandbox/`,
    `  For a worker    export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=${url}`,
    'Ctrl-C stops it.',
  ].join('\n');
}
