/** Runs checks side by side. Whatever a check does, its findings come in time, and what is unknown is never `ok`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { redactText } from '../log/redact-text.js';
import type { Check } from './check.js';
import { CouldNotAskError } from './could-not-ask.js';
import type { Finding } from './finding.js';

/** The last line of defence: each call that a check makes has a shorter limit of its own. */
const CHECK_LIMIT_MS = 15_000;

export interface ExaminationOptions {
  /** For each check, in milliseconds. Default: 15 seconds. */
  readonly limitMs?: number | undefined;
  /** Is called when a check has ended. */
  readonly onDone?: ((check: string, findings: readonly Finding[]) => void) | undefined;
}

/**
 * Runs all checks at once.
 * @returns the findings in the order of the checks, at least one of each
 */
export async function examine<Surroundings>(
  checks: readonly Check<Surroundings>[],
  surroundings: Surroundings,
  { limitMs = CHECK_LIMIT_MS, onDone }: ExaminationOptions = {},
): Promise<Finding[]> {
  const findings = await Promise.all(
    checks.map(async (check) => {
      const found = await findingsOf(check, surroundings, limitMs);
      onDone?.(check.name, found);
      return found;
    }),
  );
  return findings.flat();
}

async function findingsOf<Surroundings>(
  check: Check<Surroundings>,
  surroundings: Surroundings,
  limitMs: number,
): Promise<readonly Finding[]> {
  const over = new AbortController();
  try {
    const findings = await Promise.race([check.run(surroundings), tooLate(limitMs, over.signal)]);
    if (findings.length > 0) return findings;
    throw new Error('The check has found nothing at all.');
  } catch (error) {
    return [couldNotAsk(check, error)];
  } finally {
    over.abort();
  }
}

async function tooLate(limitMs: number, signal: AbortSignal): Promise<never> {
  await sleep(limitMs, undefined, { signal });
  throw new CouldNotAskError(`No answer within ${limitMs / 1_000} seconds.`, {
    text: 'Run doctor again. If it stays so, look for what slows down the way from this machine: a proxy, a firewall, DNS.',
  });
}

/** The finding of a check that could not be made. */
function couldNotAsk({ name, title }: Pick<Check<never>, 'name' | 'title'>, error: unknown): Finding {
  const unknown = { check: name, subject: title, verdict: 'couldNotAsk' } as const;
  if (error instanceof CouldNotAskError) {
    return { ...unknown, found: error.message, remedy: error.remedy, ...error.more };
  }
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    ...unknown,
    found: redactText(said),
    remedy: { text: 'Run doctor again. If it stays so, report what was found: it is not foreseen.' },
  };
}
