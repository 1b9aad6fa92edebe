/**
 * An attack is written once and runs twice: in the project `guards` against the product, where it must fail; and in the project
 * `weaknesses` against the product without the check, where it must succeed. So an attack that proves nothing shows.
 */

import { TemporalUnavailableError, VerificationError } from '@cognito-verification/client';
import { test } from 'vitest';
import { setWeakness } from './planting.js';
import { type Plant, WEAKNESSES, type WeaknessName } from './weaknesses.js';

/** Whether the weaknesses are planted in this run. */
export const PLANTED = process.env['VERIFICATION_PLANTED'] === '1';

/** What `only-attacks.ts` knows them by. */
export const SUCCEEDS = 'it succeeds without the check';

type ArgsOf<Case> = Case extends readonly unknown[] ? Case : [Case];

/** Starts the workers of a rig anew, with this weakness or with none. */
type Restart = (weakness: WeaknessName | undefined) => Promise<void>;
const restarts = new Set<Restart>();
let inWorkers: WeaknessName | undefined;

/** A rig says how its workers are started anew. */
export function onWeakness(restart: Restart): void {
  restarts.add(restart);
}

/**
 * An attack. Its expectations say that it fails.
 * @param weakness the check without which it succeeds: an expectation then does not hold. With several it runs once for each
 */
export function attack(
  name: string,
  weakness: WeaknessName | readonly WeaknessName[],
  body: () => unknown,
  timeoutMs?: number,
): void {
  if (!PLANTED) test(name, async () => void (await body()), timeoutMs);
  else
    for (const one of [weakness].flat())
      test(
        `${name}: ${SUCCEEDS} (${one})`,
        async ({ annotate }) => void (await annotate(await succeed(one, body))),
        timeoutMs,
      );
}

/**
 * An attack in several cases, as `test.each`. Against the weakness the first case is enough. Where the cases are about several
 * checks, an object names the weakness of some cases, by the first value of the case.
 */
attack.each =
  <const Case>(cases: readonly Case[]) =>
  (
    name: string,
    weakness: WeaknessName | Readonly<Record<string, WeaknessName>>,
    body: (...args: ArgsOf<Case>) => unknown,
    timeoutMs?: number,
  ): void => {
    const areRows = cases.every((one) => Array.isArray(one));
    const all = cases.map((one) => (areRows ? one : [one]) as ArgsOf<Case>);
    if (!PLANTED) {
      test.each(all as unknown as unknown[][])(
        name,
        async (...args) => void (await body(...(args as unknown as ArgsOf<Case>))),
        timeoutMs,
      );
      return;
    }
    const chosen = typeof weakness === 'string' ? { [String(all[0]?.[0])]: weakness } : weakness;
    for (const [title, lacking] of Object.entries(chosen)) {
      const args = all.find(([what]) => String(what) === title);
      if (!args) throw new Error(`No case of "${name}" is called ${title}`);
      attack(name.replace(/%[sojd]/, title), lacking, () => body(...args), timeoutMs);
    }
  };

/** An attack that not every machine allows to try. */
attack.runIf =
  (isPossible: boolean) =>
  (...args: Parameters<typeof attack>): void => {
    if (isPossible) attack(...args);
    else test.skip(args[0]);
  };

/** Returns how it shows that the attack succeeds; `--reporter verbose` prints it. */
async function succeed(weakness: WeaknessName, body: () => unknown): Promise<string> {
  await switchWorkers(isInWorkflow(weakness) ? weakness : undefined);
  setWeakness(weakness);
  const disappointment = await Promise.resolve()
    .then(body)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
    .finally(() => setWeakness(undefined));
  if (isUnmetExpectation(disappointment)) return String(disappointment);
  throw new Error(
    disappointment === undefined
      ? `The attack fails without the check too (${weakness}): it is no attack on that check`
      : `The attack breaks off without the check (${weakness}), where it should succeed`,
    { cause: disappointment },
  );
}

/**
 * Of `expect`, and of its `poll`; or a call of the product ends in another way than the attack has to expect. A server that cannot
 * be reached is a failure of the set-up.
 */
function isUnmetExpectation(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof TemporalUnavailableError) return false;
  return error.name === 'AssertionError' || isUnmetExpectation(error.cause) || error instanceof VerificationError;
}

async function switchWorkers(weakness: WeaknessName | undefined): Promise<void> {
  if (weakness === inWorkers) return;
  inWorkers = weakness;
  for (const restart of restarts) await restart(weakness);
}

/** The contract's checks are made in the workflow and outside of it. */
function isInWorkflow(weakness: WeaknessName): boolean {
  const plants: readonly Plant[] = WEAKNESSES[weakness];
  return plants.some(({ file }) => /^(?:workflows|contract)\//.test(file));
}
