/**
 * Faults while codes are being checked directly, by a local activity whose answer is in no history before its workflow task has ended:
 * no code is lost, nobody hears anything wrong, and Cognito is asked once more only where the worker was killed (docs/decisions.md).
 * Without the guard against it, each fault shows.
 */
import { expect, it } from 'vitest';
import type { Change } from './builds.js';
import { brokenIn, FAULTS, type Fault, type FaultName, roundsOf, type Told, VALUES } from './local-attempts.js';

const LIMIT = 400_000;

/** A table of what became of each code, for people. */
function show(build: string, fault: FaultName, told: Record<string, Told>): void {
  for (const value of VALUES) console.log([build, fault, value, JSON.stringify(told[value])].join(' | '));
}

/** The rules that are broken, by fault. */
async function broken(build: string, faults: readonly FaultName[], changes: readonly Change[] = []) {
  const rules: Partial<Record<FaultName, string[]>> = {};
  // Those that share their settings share a server.
  const { settings }: Fault = faults.length === 1 && faults[0] ? FAULTS[faults[0]] : {};
  const told = await roundsOf(faults, {
    builds: [changes],
    ...(settings ? { settings } : {}),
  });
  for (const fault of faults) {
    const ofAll = told[fault];
    if (!ofAll) throw new Error(`${fault} was not made`);
    show(build, fault, ofAll);
    rules[fault] = VALUES.flatMap((value) => brokenIn(fault, value, ofAll[value]).map((rule) => `${value}: ${rule}`));
  }
  return rules;
}

const ALONE: readonly FaultName[] = ['no cache', 'the deadline'];
const TOGETHER = (Object.keys(FAULTS) as FaultName[]).filter((fault) => !ALONE.includes(fault));

it.each([TOGETHER, ...ALONE.map((fault) => [fault])])(
  'nothing lost, double or wrong: %s',
  async (...faults) => {
    const rules = await broken('this build', faults);
    expect(rules).toEqual(Object.fromEntries(faults.map((fault) => [fault, []])));
  },
  LIMIT,
);

/** What finds which fault, once it is gone. What comes while an answer is held: test/lifecycle/held-answers.test.ts. */
const GUARDS: { guard: string; changes: Change[]; faults: FaultName[] }[] = [
  {
    guard: 'the process remembers the answer',
    changes: [['if (known) return await dated', 'if (false) return await dated', 'program']],
    faults: ['the time-out of the workflow task', 'restart of the server'],
  },
  {
    guard: 'a look after a code is called expired',
    changes: [["answer.verdict !== 'uncertain' && answer.verdict !== 'codeExpired'", "answer.verdict !== 'uncertain'"]],
    faults: ['kill -9 of the worker'],
  },
  {
    guard: 'the time for calls to end',
    changes: [['default: "35 seconds"', 'default: "1 ms"', 'program']],
    faults: ['SIGTERM'],
  },
  {
    guard: 'a normal activity where something is due',
    changes: [
      ["sends.state === 'none' && looks", 'looks'],
      ['LONGEST_DIRECT_MS = 5_000', 'LONGEST_DIRECT_MS = 0'],
    ],
    faults: ['the end of a send', 'the deadline'],
  },
  {
    guard: 'one task at a time without a cache',
    changes: [['maxCachedWorkflows === 0 ? 1 :', 'maxCachedWorkflows === 0 ? 100 :', 'program']],
    faults: ['no cache'],
  },
];

it.each(GUARDS)(
  'without the guard it shows: $guard',
  async ({ guard, changes, faults }) => {
    const rules = await broken(`without: ${guard}`, faults, changes);
    expect(faults.filter((fault) => rules[fault]?.length === 0)).toEqual([]);
  },
  LIMIT,
);
