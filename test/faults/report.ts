/** The tables of a run, as Markdown: its faults, its results and its rules. `docs/faults.md` shows one run. */
import { ATTRIBUTE_NAMES } from '@cognito-verification/contract';
import { RULES } from './check.js';
import type { ClientCall, CognitoCall, Evidence } from './record.js';
import type { FaultRig } from './rig.js';
import type { RunResult } from './run.js';

export function reportOf(result: RunResult, rig: FaultRig, seed: number): string {
  const { evidence, seconds } = result;
  const { starting, acting, draining, judging } = seconds;
  const sum = (count: (one: Evidence) => number) => evidence.reduce((total, one) => total + count(one), 0);
  const accepted = (operation: string) =>
    sum(({ cognito }) => cognito.filter((call) => call.operation === operation && call.effect === 'ok').length);
  const sends = (outcome: string) =>
    sum((one) => one.outcome?.status?.sends.filter((send) => send.outcome === outcome).length ?? 0);
  return [
    `Seed ${seed}. ${evidence.length} verifications, at most ${mostOpenOf(evidence)} open at once. ${starting} s until all had started, ${acting} s until everybody was through, ${draining} s until the last had ended, ${judging} s of judging.`,
    '',
    '### Faults',
    '',
    ...table([['fault', 'times', 'met'], ...faultRows(result, rig)]),
    '',
    '### What came of it',
    '',
    ...table([['habit', 'verified', 'expired', 'cancelled', 'failed'], ...habitRows(evidence)]),
    '',
    `Cognito took ${accepted('send')} sends and put ${sum(({ messagesAtMs }) => messagesAtMs.length)} messages into inboxes; the verifications counted ${sends('sent') + sends('uncertain')}, of which ${sends('uncertain')} as uncertain. It took ${accepted('attempt')} codes.`,
    '',
    ...changeLines(evidence),
    '### What held',
    '',
    ...table([
      ['rule', 'broken by'],
      ...Object.entries(RULES).map(([rule, words]) => [
        words,
        `${result.violations.filter((violation) => violation.rule === rule).length}`,
      ]),
    ]),
  ].join('\n');
}

function faultRows({ evidence, injected }: RunResult, { fleet, server }: FaultRig): string[][] {
  const calls = evidence.flatMap((one) => one.calls);
  const count = (fits: (call: ClientCall) => boolean) => calls.filter(fits).length;
  const sendsCutOff = evidence.flatMap((one) => one.sendActivities).filter(({ end }) => end === 'timedOut').length;
  const away = server.awayMs.map((ms) => ms / 1_000);
  const both = evidence.filter(({ builds }) => builds.length > 1).length;
  const ids = evidence.flatMap((one) => [
    ...new Set(one.calls.map(({ operation, id }) => `${operation} ${id}`)),
  ]).length;
  const early = evidence.filter(({ behaviour }) => behaviour === 'outOfOrder').length;
  return [
    [
      'worker killed with `kill -9`, at a random moment',
      `${fleet.kills}`,
      `${sendsCutOff} sends were given up while a worker had them`,
    ],
    [
      'Temporal server killed with `kill -9`, and started again on its database',
      `${server.kills}`,
      `away for ${Math.min(...away).toFixed(1)} to ${Math.max(...away).toFixed(1)} s; ${count(({ answer }) => answer === 'TemporalUnavailable')} calls of the client failed`,
    ],
    ...[...injected]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, { times, met }]) => [
        name,
        `${times}`,
        met === 0 ? '' : `${met} ${name.startsWith('line') ? 'connections' : 'requests'}`,
      ]),
    ['one of three workers with a clock that jumps within a day, every 4 s', 'always', ''],
    [
      'workers that found no Temporal at their start, or a page in place of Cognito, and were started again',
      `${fleet.ended.length}`,
      '',
    ],
    ['workers of two builds', 'always', `${both} verifications had tasks of both`],
    ['calls that were made again under the same id', `${calls.length - ids}`, ''],
    [
      'messages before, and beside, the start',
      `${early}`,
      `${count(({ answer }) => answer === 'VerificationNotFound')} found nothing yet`,
    ],
    [
      'wrong codes, up to six side by side',
      `${count(({ result }) => result === 'mismatch')}`,
      `${count(({ answer }) => answer === 'AttemptsExhausted')} past the limit`,
    ],
    [
      'access tokens dead before their time',
      `${count(({ result }) => result === 'accessTokenRejected')}`,
      'codes came with one, and came again with a fresh one',
    ],
  ];
}

function habitRows(evidence: readonly Evidence[]): string[][] {
  const habits = [...new Set(evidence.map(({ behaviour }) => behaviour))].sort();
  return habits.map((habit) => {
    const those = evidence.filter(({ behaviour }) => behaviour === habit);
    const ended = (as: string) => `${those.filter(({ outcome }) => outcome?.outcome === as).length}`;
    return [habit, ended('verified'), ended('expired'), ended('cancelled'), ended('failed')];
  });
}

/** What came of the changes of address, and what their calls met. */
function changeLines(evidence: readonly Evidence[]): string[] {
  const calls = evidence.flatMap(({ cognito }) => cognito.filter(({ changes }) => changes));
  const count = (fits: (call: CognitoCall) => boolean) => calls.filter(fits).length;
  const rows = [true, false].flatMap((keeps) =>
    ATTRIBUTE_NAMES.map((attributeName) => {
      const those = evidence.filter(({ change }) => change?.keeps === keeps && change.attributeName === attributeName);
      const ended = (as: string) => those.filter(({ outcome }) => outcome?.outcome === as);
      const unproven = those.filter(({ outcome }) => outcome?.outcome !== 'verified');
      const said = (what: string | undefined) =>
        unproven.filter(({ outcome }) => outcome?.status?.oldValue === what).length;
      return [
        keeps ? 'keeps the old one until then' : 'replaces it at once',
        attributeName,
        ...[those, ended('verified'), unproven].map(({ length }) => `${length}`),
        `${said('kept')} / ${said('replaced')} / ${said(undefined)}`,
        `${those.reduce((sum, { strays }) => sum + strays, 0)}`,
      ];
    }),
  );
  return [
    '### Changes of address',
    '',
    ...table([
      [
        'user pool',
        'attribute',
        'changes',
        'verified',
        'unproven',
        'old value: kept / replaced / not told',
        'messages to the old one',
      ],
      ...rows,
    ]),
    '',
    `Cognito took ${count(({ effect }) => effect === 'ok')} changes; of ${count(({ lost }) => lost === true)} of them a fault kept the answer back, and ${count(({ effect }) => effect === undefined)} more it kept from their effect.`,
    '',
  ];
}

export function mostOpenOf(evidence: readonly Evidence[]): number {
  const steps = evidence
    .flatMap(({ startedAtMs, endedAtMs = Number.POSITIVE_INFINITY }) => [
      { atMs: startedAtMs, step: 1 },
      { atMs: endedAtMs, step: -1 },
    ])
    .sort((a, b) => a.atMs - b.atMs);
  let open = 0;
  return steps.reduce((most, { step }) => Math.max(most, (open += step)), 0);
}

/** Aligned, like the tables of the documentation. */
function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)];
}
