import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { VerificationClient } from '@cognito-verification/client';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { bundleBare, createBareWorker } from '../../bench/bare-worker.js';
import { type Counts, countEvents, countWorkflow } from '../../bench/counts.js';
import { bareRightCode, PATHS, type Site } from '../../bench/paths.js';
import { actionTable, eventTable, pathTable, unexplained } from '../../bench/tables.js';
import { createWorker, type VerificationWorkerOptions } from '../../worker/worker.js';
import { GuardOnDemand } from '../guard-on-demand.js';
import { enough, type Rig, startRig } from '../rig.js';

const siteOf = ({ env, sandbox, client }: Rig): Site => ({ sandbox, temporal: env.client, verifications: client });

/** Rows without their column padding. */
const rows = (text: string): string[] => text.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));

/** Expects docs/performance.md to contain the table. */
const documented = async (table: string): Promise<void> => {
  const page = await readFile(new URL('../../docs/performance.md', import.meta.url), 'utf8');
  expect(rows(page), 'docs/performance.md must hold what `npm run bench` prints').toEqual(
    expect.arrayContaining(rows(table)),
  );
};

/** A worker that was busy at the end of a direct call notes that end, with one event more: then it is run again. */
async function undisturbed(run: () => Promise<Counts>): Promise<Counts> {
  for (let tries = 1; ; tries++) {
    const counts = await run();
    const noted = (counts.events['MarkerRecorded'] ?? 0) > counts.actions.localActivityTasks;
    if (!noted || tries === 5) return counts;
  }
}

describe('on the development server', () => {
  let rig: Rig;
  let ours: Counts;
  let bare: Counts;
  const paths: Record<string, Counts> = {};

  beforeAll(async () => {
    rig = await startRig('local');
    ({ ours, bare } = await runAll());
  });

  afterAll(async () => {
    await rig?.close();
  });

  async function runAll() {
    const site = siteOf(rig);
    const { expired: _expired, ...quick } = PATHS;
    // One after another, on a worker that does nothing else.
    for (const [name, run] of Object.entries(quick))
      paths[name] = await undisturbed(async () => await countWorkflow(site.temporal, await run(site)));
    return { ours: paths['right code'] ?? expect.unreachable(), bare: await countBare(rig) };
  }

  it('costs what the page says, event by event, and every difference from the barest has a reason', async () => {
    expect(unexplained(ours, bare)).toEqual([]);
    await documented(eventTable(ours, bare));
  });

  it('bills what the page says', async () => {
    await documented(actionTable(ours, bare));
  });

  it('sealing adds what the page says to a history', async () => {
    await onPlainWorker(rig, {}, async (site) => {
      const plain = await countWorkflow(site.temporal, await PATHS['right code'](site));
      const ratio = ours.historyBytes / plain.historyBytes;
      expect(ratio).toBeGreaterThan(1.1);
      expect(ratio).toBeLessThan(1.3);
    });
  });

  it.each(['right code', 'one re-send'] as const)('a guard before each message adds nothing: %s', async (name) => {
    const messageGuard = new GuardOnDemand();
    const counts = await onPlainWorker(rig, { messageGuard }, (site) =>
      undisturbed(async () => await countWorkflow(site.temporal, await PATHS[name](site))),
    );
    const { events, actions } = paths[name] ?? expect.unreachable();
    expect(counts).toMatchObject({ events, actions });
    expect(messageGuard.asked.length).toBeGreaterThan(0);
    expect(messageGuard.right.length).toBeGreaterThan(0);
  });

  it.each(['right code', 'one wrong code', 'one re-send', 'confirmed by signal'])('%s', async (name) => {
    await documented(
      pathTable({ [name]: paths[name] ?? expect.unreachable() })
        .split('\n')
        .slice(2)
        .join('\n'),
    );
  });
});

it('expires at the cost that the page gives', async () => {
  const rig = await startRig('timeSkipping');
  try {
    const site = siteOf(rig);
    const { events } = await rig.env.client.workflow.getHandle(await PATHS.expired(site)).fetchHistory();
    await documented(
      pathTable({ expired: countEvents(events ?? []) })
        .split('\n')
        .slice(2)
        .join('\n'),
    );
  } finally {
    await rig.close();
  }
});

/** With payloads in plain text. */
async function onPlainWorker<Result>(
  rig: Rig,
  options: Pick<VerificationWorkerOptions, 'messageGuard'>,
  run: (site: Site) => Promise<Result>,
): Promise<Result> {
  const taskQueue = `plain-${randomUUID()}`;
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const worker = await createWorker({
    ...options,
    connection: rig.env.nativeConnection,
    namespace: 'default',
    keys: undefined,
    userPools: rig.userPools,
    cognito,
    taskQueue,
    allowance: enough(),
  });
  const running = worker.run();
  try {
    const client = new Client({ connection: rig.env.connection });
    const plain = { client, userPools: rig.userPools, taskQueue, sealedElsewhere: true as const };
    return await run({ ...siteOf(rig), temporal: client, verifications: new VerificationClient(plain) });
  } finally {
    worker.shutdown();
    await running;
    cognito.destroy();
  }
}

async function countBare(rig: Rig): Promise<Counts> {
  const bundle = await bundleBare();
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const taskQueue = `bare-${randomUUID()}`;
  const connection = rig.env.nativeConnection;
  const worker = await createBareWorker({
    connection,
    userPools: rig.userPools,
    cognito,
    taskQueue,
    bundlePath: bundle.path,
  });
  try {
    const site = { ...siteOf(rig), temporal: new Client({ connection: rig.env.connection }) };
    return await worker.runUntil(async () => await countWorkflow(site.temporal, await bareRightCode(site, taskQueue)));
  } finally {
    cognito.destroy();
    await bundle.remove();
  }
}
