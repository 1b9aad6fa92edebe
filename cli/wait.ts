import { isRecord } from '@cognito-verification/contract';
import { Command } from 'commander';
import { errorCode } from '../log/error-code.js';
import { outcomeCard } from './card.js';
import { EXIT } from './exit-codes.js';
import { durationWithin, type RunOptions, runOption, workflowIdArgument } from './options.js';
import { jsonOption, type OutputOptions, print, tell } from './print.js';
import { withClient, workerOf } from './with-client.js';

/** `wait`: exit code 0 only for `verified`. */
export function waitCommand(): Command {
  return new Command('wait')
    .description('Waits for the outcome of a verification. Exit code 0 only when it is verified.')
    .addArgument(workflowIdArgument())
    .addOption(runOption())
    .option(
      '--timeout <duration>',
      'stop waiting after this time; the verification goes on. Default: never',
      durationWithin('1 ms'),
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification wait <workflowId> --timeout 10m --json')
    .action(async (workflowId: string, options: OutputOptions & RunOptions & { timeout?: number | undefined }) => {
      const { timeout } = options;
      const outcome = await withClient(
        async (client) => {
          try {
            return await client.wait({ workflowId, run: options.run }, { timeout });
          } catch (error) {
            if (openWithoutStatus(error)) {
              tell(`There was no answer from ${workerOf(client)}: is one running?`);
            }
            throw error;
          }
        },
        { goesOn: `The verification goes on: cognito-verification wait ${workflowId}` },
      );
      print(options, outcome, outcomeCard(workflowId, outcome));
      if (outcome.outcome !== 'verified') process.exitCode = EXIT.unsuccessful;
    });
}

/** Whether the time is over and no worker answered where the verification stands. */
function openWithoutStatus(error: unknown): boolean {
  return errorCode(error) === 'VerificationOpen' && isRecord(error) && error['status'] === undefined;
}
