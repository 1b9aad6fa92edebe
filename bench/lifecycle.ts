/** `npm run bench`: what one verification costs, compared with the barest workflow that does the same, and what sealing adds. */
import { parseArgs } from 'node:util';
import { startBare } from './bare-client.js';
import { type Counts, countWorkflow } from './counts.js';
import {
  type ByContestant,
  CONTESTANTS,
  type Contestant,
  type Lap,
  type Round,
  race,
  type Spread,
  spread,
} from './cpu.js';
import { bareRightCode, PATHS, type Site } from './paths.js';
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
  // Its deadline is a minute away, the shortest that the policy allows; the other paths run meanwhile.
  const expiring = PATHS.expired(stand.sealed);
  // Awaited at the end; a failure before that must not count as unhandled.
  expiring.catch(() => undefined);
  const count = async (workflowId: string) => await countWorkflow(stand.sealed.temporal, workflowId);
  const bare = await count(await bareRightCode(stand.unsealed, stand.bareTaskQueue));
  const ours = await count(await PATHS['right code'](stand.sealed));
  const unsealed = await count(await PATHS['right code'](stand.unsealed));
  const paths: Record<string, Counts> = { 'right code': ours };
  for (const name of ['one wrong code', 'one re-send', 'confirmed by signal'] as const) {
    paths[name] = await count(await PATHS[name](stand.sealed));
  }
  const rounds = await race(contestantsOn(stand), stand.sandbox, RACE);
  paths['expired'] = await count(await expiring);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ paths, unsealed, barest: bare, race: { ...RACE, rounds } }, null, 2)}\n`
      : asText({ ours, unsealed, bare }, paths, rounds),
  );
} finally {
  await stand.close();
}

function contestantsOn({ sealed, unsealed, bareTaskQueue, workers }: Stand): ByContestant<Contestant> {
  const beginWith = ({ verifications }: Site): Contestant['begin'] => {
    return async ({ accessToken }) => {
      const { workflowId } = await verifications.start({ accessToken, attributeName: 'email' });
      return async (code) => {
        const { result } = await verifications.submitCode(workflowId, { code });
        if (result !== 'verified') throw new Error(`the code was answered with ${result}`);
      };
    };
  };
  return {
    ours: { worker: workers.ours, begin: beginWith(sealed) },
    unsealed: { worker: workers.unsealed, begin: beginWith(unsealed) },
    bare: {
      worker: workers.bare,
      begin: async (user) => (await startBare(unsealed.temporal, bareTaskQueue, user)).submit,
    },
  };
}

function asText(counts: ByContestant<Counts>, paths: Record<string, Counts>, rounds: readonly Round[]): string {
  const { ours, unsealed, bare } = counts;
  const ratio = (one: keyof Round, other: keyof Round, field: keyof Lap) =>
    show(
      spread(rounds, (round) => round[one][field] / round[other][field]),
      2,
    );
  const lines = (
    [
      ['cpuMs', 'CPU of the worker, ms each', 1],
      ['beginMs', 'start until sent, p50 ms', 0],
      ['submitMs', 'submit until verified, p50 ms', 0],
    ] as const
  ).map(([field, name, digits]) => [
    name,
    ...CONTESTANTS.map((contestant) =>
      show(
        spread(rounds, (round) => round[contestant][field]),
        digits,
      ),
    ),
    ratio('ours', 'unsealed', field),
    ratio('unsealed', 'bare', field),
  ]);
  return [
    'One verification: start → send → submit → verified',
    eventTable(ours, bare),
    actionTable(ours, bare),
    `History: ${ours.historyBytes} bytes sealed, ${unsealed.historyBytes} in plain text (${(ours.historyBytes / unsealed.historyBytes).toFixed(2)} times), the barest ${bare.historyBytes} in plain text.`,
    'The usual paths',
    pathTable(paths),
    `Side by side: ${RACE.rounds} alternating rounds of ${RACE.size} each, ${RACE.inFlight} in flight; median (least–most)`,
    table(['', 'ours', 'in plain text', 'barest', 'sealing, same round', 'over the barest, same round'], lines),
    'The counts are exact. The times are of this machine and this moment: trust the ratios, and those to about ± 0.1.',
    '',
  ].join('\n\n');
}

function show({ median, least, most }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}
