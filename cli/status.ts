import { Command } from 'commander';
import { statusCard } from './card.js';
import { type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { withClient } from './with-client.js';

/** `status`: shows where it stands now, without waiting. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Shows where a verification stands.')
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification status <workflowId> --json | jq -r .status.state')
    .action(async (workflowId: string, options: OutputOptions & RunOptions) => {
      const status = await withClient(async (client) => await client.status({ workflowId, run: options.run }), {
        workerAnswers: 'Ctrl-C stops waiting.',
      });
      print(options, { workflowId, status }, statusCard(workflowId, status));
    });
}
