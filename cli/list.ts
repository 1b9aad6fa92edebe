import type { ListFilter, VerificationListing } from '@cognito-verification/client';
import { ATTRIBUTE_NAMES, LISTED_STATES, VERIFICATION_STATES } from '@cognito-verification/contract';
import { Command, Option } from 'commander';
import { countWithin } from './options.js';
import { jsonOption, type OutputOptions, print } from './print.js';
import { time } from './time.js';
import { withClient } from './with-client.js';

interface ListOptions extends OutputOptions {
  state?: NonNullable<ListFilter['state']>;
  attribute?: NonNullable<ListFilter['attributeName']>;
  userPool?: string;
  open?: boolean;
  ended?: boolean;
  limit?: number;
}

/** `list`: from Temporal's visibility store, in its order. */
export function listCommand(): Command {
  return new Command('list')
    .description(
      'Lists verifications for as long as the namespace keeps them: first the open ones, then the ended ones, the last to end first.',
    )
    .addOption(
      new Option(
        '--state <state>',
        'only those in this state. sending and awaitingCode are asked of each open one; codePending is both, as listed',
      ).choices([...new Set([...VERIFICATION_STATES, ...LISTED_STATES])]),
    )
    .addOption(new Option('--attribute <name>', 'only those of this attribute').choices(ATTRIBUTE_NAMES))
    .option('--user-pool <id>', 'only those of this user pool')
    .addOption(new Option('--open', 'only those still running').conflicts('ended'))
    .option('--ended', 'only those that have ended')
    .option('--limit <n>', 'how many at most. Default 100', countWithin(1))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  cognito-verification list --open --state rateLimited')
    .action(async (options: ListOptions) => {
      const rows = await withClient(async (client) => {
        const found: VerificationListing[] = [];
        for await (const row of client.list(filterOf(options))) found.push(row);
        return found;
      });
      print(options, rows, rows.length === 0 ? 'None.' : [...rows.map(line), ...noteOn(rows)].join('\n'));
    });
}

function filterOf({ state, attribute, userPool, open, ended, limit }: ListOptions): ListFilter {
  return { state, attributeName: attribute, userPoolId: userPool, open: open ?? (ended ? false : undefined), limit };
}

/** Which rows are not sure. */
function noteOn(rows: readonly VerificationListing[]): string[] {
  const silent = rows.filter(({ unanswered }) => unanswered !== undefined);
  if (silent.length === 0) return [];
  const reasons = [...new Set(silent.map(({ unanswered }) => unanswered))].join(', ');
  return [
    `\n? ${silent.length} gave no status (${reasons}), and may be in another state. Does a worker run that can answer?`,
  ];
}

function line({ workflowId, state, startedAt, executionStatus, unanswered }: VerificationListing): string {
  // A termination does not change the search attribute, so Temporal's own status says more.
  const shown =
    executionStatus === 'TERMINATED' || executionStatus === 'TIMED_OUT' ? executionStatus.toLowerCase() : state;
  const mark = unanswered === undefined ? '' : '?';
  return `${`${shown ?? '?'}${mark}`.padEnd(14)} ${(time(startedAt) ?? '').padEnd(46)} ${workflowId}`;
}
