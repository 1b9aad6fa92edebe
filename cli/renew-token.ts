import { tokenFields } from '@cognito-verification/contract';
import { Command } from 'commander';
import { statusCard } from './card.js';
import { type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import {
  accessTokenOption,
  accessTokenReferenceOption,
  requireAccessToken,
  type SecretOptions,
} from './secret-input.js';
import { MAY_STILL_BE_DONE, WAITS_AT_MOST, withClient } from './with-client.js';

/** `renew-token`: calls that waited for a token go on. */
export function renewTokenCommand(): Command {
  return new Command('renew-token')
    .description(
      'Brings a fresh access token of the same user, or a reference to one. A send that waited for one goes on.',
    )
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .addOption(accessTokenOption())
    .addOption(accessTokenReferenceOption())
    .option('--request-id <id>', 'the same for a repeated call. Default: a random one')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\n${WAITS_AT_MOST}\n\nExample:\n  cognito-verification renew-token <workflowId> --access-token-file token.txt`,
    )
    .action(
      async (workflowId: string, options: OutputOptions & RunOptions & SecretOptions & { requestId?: string }) => {
        const tokenInput = await requireAccessToken(options);
        const { requestId } = options;
        const status = await withClient(
          async (client) =>
            await client.renewAccessToken(
              { workflowId, run: options.run },
              {
                ...tokenFields(tokenInput),
                // An empty id is treated as none.
                requestId: requestId || undefined,
              },
            ),
          { workerAnswers: MAY_STILL_BE_DONE },
        );
        print(options, { workflowId, status }, statusCard(workflowId, status));
      },
    );
}
