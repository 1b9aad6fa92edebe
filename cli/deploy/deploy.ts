import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { watchInterruption } from '../interruption.js';
import { durationOption } from '../options.js';
import { jsonOption } from '../print.js';
import { UsageError } from '../usage-error.js';
import { ACTIONS, type Action, type DeployOptions, type DeployRequest } from './options.js';

const HELP = `
status    shows the versions, where new verifications go, which are open on each version, and who works for it
promote   all new verifications go to a build, once its workers poll both task queues
ramp      a part of the new verifications goes to it, in percent; 0 ends that
rollback  ends a ramp; without one, the version that was current before is current again, if its workers still poll.
          A second one goes forward again; one with --build may be repeated

Open verifications stay on the version that took them up, in every case. Keep its workers until status shows it as drained.

The deployment is that of the workers (TEMPORAL_DEPLOYMENT_NAME, --deployment). The build is by default this one, or
TEMPORAL_WORKER_BUILD_ID. With --replay the open verifications of the namespace are replayed on it first; that needs the keys of a worker.

Exit codes:
  0    done; status: every verification is served
  1    refused, and nothing was changed; status: there are verifications that no worker serves
  2    wrong usage, value or configuration
  3    Temporal cannot be reached, or no worker of the build polls
  130  interrupted

Examples:
  cognito-verification deploy status
  cognito-verification deploy ramp 10 --replay
  cognito-verification deploy promote --build 0.2.0-137016fbca1f
  cognito-verification deploy rollback`;

/** `deploy`: where new verifications go, among the versions of a Worker Deployment. */
export function deployCommand(): Command {
  return new Command('deploy')
    .description(
      'Shows the versions of the workers, and moves new verifications from one to another. Open ones stay where they are, and are never left without a worker.',
    )
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .addArgument(new Argument('[percent]', 'with ramp: of the new verifications').argParser(percentArgument))
    .option('--deployment <name>', 'the Worker Deployment. Default: TEMPORAL_DEPLOYMENT_NAME')
    .option('--build <id>', 'the build id. Default: TEMPORAL_WORKER_BUILD_ID, or the id of this build')
    .option(
      '--replay',
      'with promote and ramp: replay open verifications on the build first; one that does not stops it',
    )
    .option('--bundle <file>', 'with --replay: the workflow bundle of that build. Default: the bundle of this build')
    .addOption(
      new Option(
        '--wait <duration>',
        'how long to wait for workers of the build on both task queues. Default 2m, for rollback 10s',
      ).argParser(durationOption),
    )
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (action: Action, percent: number | undefined, options: DeployOptions) => {
      checkUsage({ action, percent }, options);
      const interruption = watchInterruption('Interrupted. What holds now: cognito-verification deploy status', [
        'SIGINT',
        'SIGTERM',
      ]);
      try {
        const { runDeploy } = await Promise.race([import('./run.js'), interruption.promise]);
        process.exitCode = await Promise.race([
          runDeploy({ action, percent }, options, interruption),
          interruption.promise,
        ]);
      } finally {
        interruption.dispose();
      }
    });
}

/** @throws UsageError */
function checkUsage({ action, percent }: DeployRequest, { build, replay, bundle, wait }: DeployOptions): void {
  if (action === 'ramp' && percent === undefined)
    throw new UsageError('ramp needs the part in percent: deploy ramp 10.');
  if (action !== 'ramp' && percent !== undefined) throw new UsageError(`${action} takes no percent.`);
  if (action === 'status' && (build !== undefined || wait !== undefined))
    throw new UsageError('--build and --wait go with promote, ramp and rollback.');
  if (replay && action !== 'promote' && action !== 'ramp') throw new UsageError('--replay goes with promote and ramp.');
  if (bundle !== undefined && !replay) throw new UsageError('--bundle needs --replay.');
}

/** @throws InvalidArgumentError */
function percentArgument(value: string): number {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(value) || Number(value) > 100)
    throw new InvalidArgumentError('It must be a number from 0 to 100, such as 10 or 0.5.');
  return Number(value);
}
