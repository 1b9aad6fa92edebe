import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { errorCode } from '../log/error-code.js';
import type { SwitchChanges } from '../sandbox/index.js';
import { portOption } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { UsageError } from './usage-error.js';

interface SandboxOptions extends OutputOptions {
  port?: number | undefined;
  stateFile?: string | undefined;
  origin?: string[] | undefined;
  switches?: string | undefined;
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
    .option(
      '--switches <file>',
      'behave as the pool of this document, which probe --json has printed. Default: as assumed',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  cognito-verification sandbox --port 9229
  export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://127.0.0.1:9229`,
    )
    .action(async ({ port, stateFile, origin: origins, switches: file, ...options }: SandboxOptions) => {
      const { BadInput, startSandbox } = await import('../sandbox/index.js');
      const switches = file === undefined ? undefined : await switchesIn(file);
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const sandbox = await startSandbox({ port, stateFile, origins, switches }).catch((error: unknown) => {
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

/** The member `switches` of the document. */
async function switchesIn(file: string): Promise<SwitchChanges> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--switches: ${file} cannot be read (${errorCode(error) ?? 'unknown reason'}).`);
  });
  const [v, { DEFAULT_SWITCHES, SwitchChanges: Changes }] = await Promise.all([
    import('valibot'),
    import('../sandbox/switches.js'),
  ]);
  const document = v.safeParse(v.pipe(v.string(), v.parseJson(), v.looseObject({ switches: Changes })), text);
  if (document.success) return document.output.switches;
  const [issue] = document.issues;
  const path = v.getDotPath(issue);
  if (path === null || path === 'switches') {
    throw new UsageError(
      `--switches: ${file} has no object "switches". Give a file with what probe --json has printed on standard output.`,
    );
  }
  const allowed = issue.expected === 'never' ? Object.keys(DEFAULT_SWITCHES).join(', ') : issue.expected;
  throw new UsageError(`--switches: ${file}: ${path}: found ${issue.received}; allowed: ${allowed}`);
}

function describe(url: string): string {
  return [
    `The Cognito sandbox listens on ${url}`,
    `  Inbox           ${url}/_sandbox/`,
    `  For a worker    export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=${url}`,
    'Ctrl-C stops it.',
  ].join('\n');
}
