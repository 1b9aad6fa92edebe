import { Command } from 'commander';
import { explainMissingNamespace } from './namespace-missing.js';
import { jsonOption, type OutputOptions } from './print.js';

/** `worker`: the native worker is loaded only when this runs. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('Runs a worker until it is told to stop (SIGTERM, Ctrl-C), and says so when it polls.')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Settings: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, VERIFICATION_TASK_QUEUE, AWS_REGION,
AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER (for the Cognito sandbox).

Example:
  TEMPORAL_ADDRESS=localhost:7233 AWS_REGION=eu-west-1 cognito-verification worker`,
    )
    .action(async (options: OutputOptions) => {
      const { runWorker } = await import('../worker/main.js');
      try {
        await runWorker({ json: options.json ?? false });
      } catch (error) {
        const { loadConfig } = await import('../temporal/config.js');
        // A configuration that was wrong is what `error` says.
        if (error instanceof Error && 'code' in error && error.code === 'Configuration') throw error;
        throw await explainMissingNamespace(error, loadConfig().namespace);
      }
    });
}
