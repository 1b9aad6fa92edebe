/** The probe finds every position of every switch, and a sandbox that loads what it found behaves alike. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { DEFAULT_SWITCHES, type Switches } from '../../sandbox/switches.js';
import { PATIENT_MS, probed, RECOMMENDED, row } from './rig.js';

/** Every position of the switches that have some, and numbers around the usual ones. */
const POSITIONS = {
  resend: ['lastWins', 'bothValid', 'firstWins'],
  window: ['sliding', 'fixedHour'],
  limitScope: ['user', 'attribute'],
  limitCounts: ['accepted', 'all'],
  neverRequested: ['ExpiredCodeException', 'CodeMismatchException'],
  checkOrder: ['limitFirst', 'attributeFirst'],
  sendWhilePending: ['currentValue', 'pendingValue'],
  updateToPending: ['sendsAgain', 'sendsNothing'],
  aliasCheck: ['whenVerified', 'whenChanged'],
  sendsPerHour: [5, 3],
  attemptsPerHour: [15, 21],
} satisfies { [Name in keyof Switches]?: readonly Switches[Name][] };

type Position = { readonly [Name in keyof typeof POSITIONS]: Switches[Name] };

/** Only an hour of waiting tells these, the second one in one of its positions. */
const WAITED_FOR: readonly string[] = ['window', 'checkOrder'];

const NOT_ASKED = ['emailsPerDay', 'triggerTimeoutMs', 'code'];

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ clock: () => Date.UTC(2026, 0, 5, 12, 30, 0) });
});

afterAll(async () => await sandbox.close());

async function probedAt(switches: Partial<Switches>, patienceMs: number = PATIENT_MS) {
  sandbox.setSwitches({ ...DEFAULT_SWITCHES, ...switches });
  return await probed(sandbox, await sandbox.createUserPool(RECOMMENDED), { patienceMs });
}

describe('each position', () => {
  it('of every switch but those that are not asked is here', () => {
    expect(Object.keys(POSITIONS).sort()).toEqual(
      Object.keys(DEFAULT_SWITCHES)
        .filter((name) => !NOT_ASKED.includes(name))
        .sort(),
    );
  });

  const { code: _code, emailsPerDay: _emails, triggerTimeoutMs: _ms, ...usual } = DEFAULT_SWITCHES;

  it('that is the default: all of them in one run', async () => {
    const { switches, assumptions } = await probedAt({});
    expect(switches).toEqual(usual);
    expect(assumptions.filter(({ verdict }) => verdict === 'differs' || verdict === 'notSeen')).toEqual([]);
  });

  it.each(
    Object.entries(POSITIONS).flatMap(([name, positions]) =>
      positions
        .map((position) => [name as keyof typeof POSITIONS, position] as const)
        .filter(([, position]) => position !== DEFAULT_SWITCHES[name as keyof typeof POSITIONS]),
    ),
  )('%s: %s', async (name, position) => {
    const waits = WAITED_FOR.includes(name);
    const document = await probedAt({ [name]: position }, waits ? PATIENT_MS : 0);
    expect(row(document, name)).toMatchObject({ seen: String(position), verdict: 'differs' });
    const { window, ...others } = { ...usual, [name]: position };
    expect(document.switches).toEqual(waits ? { window, ...others } : others);
  });
});

describe('any positions together', () => {
  it('are found, and a sandbox that loads them behaves alike', async () => {
    const positions = fc.record(
      Object.fromEntries(Object.entries(POSITIONS).map(([name, values]) => [name, fc.constantFrom(...values)])),
    ) as fc.Arbitrary<unknown> as fc.Arbitrary<Position>;
    await fc.assert(
      fc.asyncProperty(positions, async (drawn) => {
        const document = await probedAt(drawn);
        expect(document.switches).toEqual(expectedOf(drawn));
        const again = await startSandbox({ clock: () => Date.UTC(2026, 5, 1, 7, 12, 0), switches: document.switches });
        try {
          const { assumptions, switches } = await probed(again, await again.createUserPool(RECOMMENDED));
          expect({ assumptions, switches }).toEqual({ assumptions: document.assumptions, switches: document.switches });
        } finally {
          await again.close();
        }
      }),
      { numRuns: 2 },
    );
  });
});

/** Where the attribute is checked first and the hour is the clock's, no call shows whether refused ones count. */
function expectedOf({ limitCounts, ...others }: Position): object {
  const isHidden = others.checkOrder === 'attributeFirst' && others.window === 'fixedHour';
  return isHidden ? others : { ...others, limitCounts };
}
