import { Command } from 'commander';
import { outcomeCard } from './card.js';
import { EXIT } from './exit-codes.js';
import { durationOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { withClient } from './with-client.js';

/** `wait`: exit code 0 only for `verified`. */
export function waitCommand(): Command {
  return new Command('wait')
    .description('Waits for the outcome of a verification. Exit code 0 only when it is verified.')
    .addArgument(workflowIdArgument())
    .option(
      '--timeout <duration>',
      'give up waiting after this; the verification goes on. Default: never',
      durationOption,
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification wait <workflowId> --timeout 10m --json')
    .action(async (workflowId: string, options: OutputOptions & { timeout?: number }) => {
      const { timeout } = options;
      const outcome = await withClient(
        async (client) => await client.wait(workflowId, timeout === undefined ? {} : { timeout }),
        { onInterrupt: `Interrupted. The verification goes on: cognito-verification wait ${workflowId}` },
      );
      print(options, outcome, outcomeCard(workflowId, outcome));
      if (outcome.outcome !== 'verified') process.exitCode = EXIT.unsuccessful;
    });
}
