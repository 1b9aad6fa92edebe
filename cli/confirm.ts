import { tokenFields } from '@cognito-verification/contract';
import { Command } from 'commander';
import { type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { accessTokenOption, accessTokenReferenceOption, readAccessToken, type SecretOptions } from './secret-input.js';
import { withClient } from './with-client.js';

/** `confirm`: sends a signal, so the answer says only that Temporal has it. */
export function confirmCommand(): Command {
  return new Command('confirm')
    .description(
      'Says that Cognito has accepted the code already, in a call that you made yourself. wait shows the result.',
    )
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .option('--reference <text>', 'your own reference, shown in the outcome; at most 200 characters')
    .addOption(accessTokenOption())
    .addOption(accessTokenReferenceOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification confirm <workflowId> --reference signup-4711')
    .action(
      async (workflowId: string, options: OutputOptions & RunOptions & SecretOptions & { reference?: string }) => {
        const { reference } = options;
        const tokenInput = await readAccessToken(options);
        await withClient(
          async (client) =>
            await client.confirm({ workflowId, run: options.run }, { reference, ...tokenFields(tokenInput) }),
        );
        print(
          options,
          { workflowId, confirmationSent: true },
          `The verification has received the confirmation. To see the outcome: cognito-verification wait ${workflowId}`,
        );
      },
    );
}
