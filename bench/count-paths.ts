/** Counts what the usual paths of the product cost, and the right code of every contestant. */
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { Client } from '@temporalio/client';
import { type Counts, countWorkflow } from './counts.js';
import { PATHS, PAUSE_MS } from './paths.js';
import type { Progress } from './progress.js';
import type { Racer } from './racers.js';

/** The exact counts of a run. */
export interface RunCounts {
  /** Of the path "right code", by contestant. */
  readonly rightCode: Readonly<Record<string, Counts>>;
  /** Of the product, sealed, by path. */
  readonly paths: Readonly<Record<string, Counts>>;
}

/** Drives the paths one after another, on workers that do nothing else. */
export async function countPaths(racers: readonly Racer[], progress: Progress): Promise<RunCounts> {
  const counted = racers.filter(({ worker }) => worker !== undefined);
  const [ours] = counted;
  if (ours === undefined) throw new Error('there is no contestant to count');
  const { connection, sandbox, userPoolId, keys } = ours.stand;
  const dataConverter = clientDataConverter(keyRingOf(...parseKeys(keys, 'keys')));
  const temporal = new Client({ connection, dataConverter });
  const userPools = [{ userPoolId, endpoint: sandbox.url }];
  const verifications = new VerificationClient({ client: temporal, userPools, taskQueue: ours.taskQueue });
  const names = Object.keys(PATHS) as (keyof typeof PATHS)[];
  progress.plan([...counted, ...names].map(() => 'counts'));
  const rightCode: Record<string, Counts> = {};
  for (const { contestant, stand, caller } of counted) {
    rightCode[contestant.name] = await progress.step('counts', `right code, ${contestant.name}`, async () => {
      const { workflowIds } = await caller.ask({ users: await stand.users(1), restMs: PAUSE_MS });
      return await countWorkflow(temporal, workflowIds[0] ?? '');
    });
  }
  const paths: Record<string, Counts> = {};
  for (const name of names) {
    paths[name] = await progress.step('counts', name, async () => {
      return await countWorkflow(temporal, await PATHS[name]({ sandbox, temporal, verifications }));
    });
  }
  return { rightCode, paths };
}
