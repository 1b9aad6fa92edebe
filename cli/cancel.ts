import { Command } from 'commander';
import { type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { withClient } from './with-client.js';

/** `cancel`: it may be repeated. */
export function cancelCommand(): Command {
  return new Command('cancel')
    .description('Ends a verification early. To cancel a cancelled one is not an error.')
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification cancel <workflowId>')
    .action(async (workflowId: string, options: OutputOptions & RunOptions) => {
      await withClient(async (client) => await client.cancel({ workflowId, run: options.run }));
      print(
        options,
        { workflowId, cancellationRequested: true },
        `The verification was asked to end. To see the outcome: cognito-verification wait ${workflowId}`,
      );
    });
}
