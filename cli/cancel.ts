import { Command } from 'commander';
import { workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { withClient } from './with-client.js';

/** `cancel`: may be repeated. */
export function cancelCommand(): Command {
  return new Command('cancel')
    .description('Ends a verification early. Cancelling a cancelled one is no error.')
    .addArgument(workflowIdArgument())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification cancel <workflowId>')
    .action(async (workflowId: string, options: OutputOptions) => {
      await withClient(async (client) => await client.cancel(workflowId));
      print(
        options,
        { workflowId, cancellationRequested: true },
        `Asked to end. When it has: cognito-verification wait ${workflowId}`,
      );
    });
}
