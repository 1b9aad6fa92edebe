/** `npm run bench`: what one verification costs, beside the barest workflow that does the same. */
import { parseArgs } from 'node:util';
import { startBare } from './bare-client.js';
import { type Counts, countWorkflow } from './counts.js';
import { type Contestant, type Round, race, type Spread, spread } from './cpu.js';
import { bareRightCode, PATHS } from './paths.js';
import { type Stand, startStand } from './stand.js';
import { actionTable, eventTable, pathTable, table } from './tables.js';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    size: { type: 'string', default: '40' },
  },
});
const RACE = { rounds: Number(options.rounds), size: Number(options.size), inFlight: 8 };

const stand = await startStand();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void stand.close().finally(() => process.exit(1));
  });
}
try {
  // Its deadline is a minute away, the least there is; the rest is done meanwhile.
  const expiring = PATHS.expired(stand);
  // Looked at once the rest is done; until then a failure of it is not unhandled.
  expiring.catch(() => undefined);
  const count = async (workflowId: string) => await countWorkflow(stand.temporal, workflowId);
  const bare = await count(await bareRightCode(stand, stand.bareTaskQueue));
  const ours = await count(await PATHS['right code'](stand));
  const paths: Record<string, Counts> = { 'right code': ours };
  for (const name of ['one wrong code', 'one re-send', 'confirmed by signal'] as const) {
    paths[name] = await count(await PATHS[name](stand));
  }
  const rounds = await race(contestantsOn(stand), stand.sandbox, RACE);
  paths['expired'] = await count(await expiring);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ paths, barest: bare, race: { ...RACE, rounds } }, null, 2)}\n`
      : asText(ours, bare, paths, rounds),
  );
} finally {
  await stand.close();
}

function contestantsOn({ temporal, verifications, bareTaskQueue, workers }: Stand) {
  const bare: Contestant = {
    worker: workers.bare,
    begin: async (user) => {
      const { submit } = await startBare(temporal, bareTaskQueue, user);
      return submit;
    },
  };
  const ours: Contestant = {
    worker: workers.ours,
    begin: async ({ accessToken }) => {
      const { workflowId } = await verifications.start({ accessToken, attributeName: 'email' });
      return async (code) => {
        const { result } = await verifications.submitCode(workflowId, { code });
        if (result !== 'verified') throw new Error(`the code was answered with ${result}`);
      };
    },
  };
  return { ours, bare };
}

function asText(ours: Counts, bare: Counts, paths: Record<string, Counts>, rounds: readonly Round[]): string {
  const lines = (
    [
      ['cpuMs', 'CPU of the worker, ms each', 1],
      ['beginMs', 'start until sent, p50 ms', 0],
      ['submitMs', 'submit until verified, p50 ms', 0],
    ] as const
  ).map(([field, name, digits]) => [
    name,
    shown(
      spread(rounds, (round) => round.ours[field]),
      digits,
    ),
    shown(
      spread(rounds, (round) => round.bare[field]),
      digits,
    ),
    shown(
      spread(rounds, (round) => round.ours[field] / round.bare[field]),
      2,
    ),
  ]);
  return [
    'One verification: start → send → submit → verified',
    eventTable(ours, bare),
    actionTable(ours, bare),
    `History: ${ours.historyBytes} bytes, the barest ${bare.historyBytes}. Payloads are not sealed here; sealing adds to both.`,
    'The usual paths',
    pathTable(paths),
    `Side by side: ${RACE.rounds} alternating rounds of ${RACE.size} each, ${RACE.inFlight} in flight; median (least–most)`,
    table(['', 'ours', 'barest', 'ratio, same round'], lines),
    'The counts are exact. The times are of this machine and this moment: trust the ratios, and those to about ± 0.1.',
    '',
  ].join('\n\n');
}

function shown({ median, least, most }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}
