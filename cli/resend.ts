import { tokenFields } from '@cognito-verification/contract';
import { Command } from 'commander';
import { statusCard } from './card.js';
import { keyValueOption, type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { accessTokenOption, accessTokenReferenceOption, readAccessToken, type SecretOptions } from './secret-input.js';
import { MAY_STILL_BE_DONE, WAITS_AT_MOST, withClient } from './with-client.js';

interface ResendOptions extends OutputOptions, RunOptions, SecretOptions {
  clientMetadata?: Record<string, string>;
  requestId?: string;
}

/** `resend`: the verification refuses it in the cool-down and past the limit. */
export function resendCommand(): Command {
  return new Command('resend')
    .description(
      'Sends another code. Refused in the cool-down and past the limit of sends; the error says from when it is allowed.',
    )
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .addOption(accessTokenOption())
    .addOption(accessTokenReferenceOption())
    .option(
      '--client-metadata <key=value>',
      "for the user pool's Lambda triggers; may be repeated. Needs an access token or a reference",
      keyValueOption,
    )
    .option('--request-id <id>', 'repeating a resend with the same id sends one code. Default: a random one')
    .addOption(jsonOption())
    .addHelpText('after', `\n${WAITS_AT_MOST}\n\nExample:\n  cognito-verification resend <workflowId>`)
    .action(async (workflowId: string, options: ResendOptions) => {
      const { clientMetadata, requestId } = options;
      const tokenInput = await readAccessToken(options);
      const status = await withClient(
        async (client) =>
          await client.resendCode(
            { workflowId, run: options.run },
            {
              ...tokenFields(tokenInput),
              clientMetadata,
              // An empty id is treated as none.
              requestId: requestId || undefined,
            },
          ),
        { workerAnswers: MAY_STILL_BE_DONE },
      );
      print(options, { workflowId, status }, statusCard(workflowId, status));
    });
}
