import { Command } from 'commander';
import { workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { withClient } from './with-client.js';

/** `confirm`: a signal, so the answer says only that Temporal has it. */
export function confirmCommand(): Command {
  return new Command('confirm')
    .description(
      'Says that Cognito has accepted the code already, in a call that you made yourself. wait tells what came of it.',
    )
    .addArgument(workflowIdArgument())
    .option('--reference <text>', 'your own reference; shows in the outcome, at most 200 characters')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification confirm <workflowId> --reference signup-4711')
    .action(async (workflowId: string, options: OutputOptions & { reference?: string }) => {
      const { reference } = options;
      await withClient(
        async (client) => await client.confirm(workflowId, reference === undefined ? {} : { reference }),
      );
      print(
        options,
        { workflowId, confirmationSent: true },
        `Told. What came of it: cognito-verification wait ${workflowId}`,
      );
    });
}
