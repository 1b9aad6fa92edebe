/** The people of a scenario: each starts a verification, waits for the message, and types codes, as the model thinks of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CapacityInput } from '../../capacity/input.js';
import { codeSeconds } from '../../capacity/people.js';
import type { Site } from './site.js';

/** What one person does. */
interface Plan {
  readonly startsAtMs: number;
  readonly abandons: boolean;
  readonly resends: boolean;
  readonly mistypes: boolean;
  readonly codeMs: number;
}

/** A call that somebody wanted, and what it waited; undefined where it never came to anything. */
export interface Wanted {
  readonly kind: 'firstSend' | 'resend' | 'code';
  readonly atMs: number;
  readonly waitedMs: number | undefined;
}

/** What came of one verification. Times are from the start of the scenario. */
export interface Lived {
  readonly workflowId: string | undefined;
  readonly outcome: string;
  readonly endedAtMs: number;
  readonly wanted: readonly Wanted[];
}

const RETYPE_MS = 10_000;
const LOOK_MS = 100;

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * People in the numbers and shares of the input, which come independently of each other. The shares are dealt out, so that a run of
 * some hundred has no other shares than the input by chance.
 */
export function plansOf(input: CapacityInput, slotSeconds: number, random: () => number): Plan[] {
  const starts = input.startsByHour.flatMap((count, slot) =>
    Array.from({ length: Math.round(count) }, () => (slot + random()) * slotSeconds * 1_000),
  );
  const dealt = (share: number) =>
    shuffled(
      starts.map((_, index) => index < Math.round(share * starts.length)),
      random,
    );
  const [abandons, resends, mistypes] = [
    dealt(input.abandonedShare),
    dealt(input.resendShare),
    dealt(input.wrongCodeShare),
  ];
  const times = shuffled(codeSeconds(input.codeMedianSeconds, input.codeP95Seconds, starts.length), random);
  return shuffled(starts, random).map((startsAtMs, index) => ({
    startsAtMs,
    abandons: abandons[index] === true,
    resends: resends[index] === true,
    mistypes: mistypes[index] === true,
    codeMs: (times[index] ?? 1) * 1_000,
  }));
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** Lets everybody live, and resolves when the last verification has ended. */
export async function live(site: Site, input: CapacityInput, plans: readonly Plan[]): Promise<Lived[]> {
  const begunAt = performance.now();
  const now = () => performance.now() - begunAt;
  return await Promise.all(plans.map((plan) => liveOne(site, input, plan, now)));
}

async function liveOne(site: Site, input: CapacityInput, plan: Plan, now: () => number): Promise<Lived> {
  await sleep(plan.startsAtMs);
  const { sandbox, verifications } = site;
  const user = await site.user();
  const endsAtMs = now() + input.deadlineSeconds * 1_000;
  const wanted: Wanted[] = [];
  const messages = () => sandbox.inbox(user).length;
  /** Asks for a message and waits until it is there. */
  const message = async (kind: Wanted['kind'], ask: () => Promise<unknown>): Promise<boolean> => {
    const [atMs, before] = [now(), messages()];
    const asked = ask().catch(() => undefined);
    while (messages() === before && now() < endsAtMs) await sleep(LOOK_MS);
    const isThere = messages() > before;
    wanted.push({ kind, atMs, waitedMs: isThere ? now() - atMs : undefined });
    await asked;
    return isThere;
  };
  const policy = { deadline: `${input.deadlineSeconds} seconds`, resendCooldown: '1 second' } as const;
  let workflowId: string | undefined;
  const start = async () => {
    const started = await verifications.start({ accessToken: user.accessToken, attributeName: 'email', policy });
    workflowId = started.workflowId;
  };
  const submit = async (isRight: boolean) => {
    const atMs = now();
    while (now() < endsAtMs) {
      const right = sandbox.codeFor(user, 'email');
      const code = isRight ? right : right === '000000' ? '000001' : '000000';
      const answer = await verifications.submitCode(workflowId ?? '', { code }).catch(() => undefined);
      if (answer) {
        wanted.push({ kind: 'code', atMs, waitedMs: now() - atMs });
        return;
      }
      await sleep(RETYPE_MS);
    }
    wanted.push({ kind: 'code', atMs, waitedMs: undefined });
  };
  if ((await message('firstSend', start)) && !plan.abandons && workflowId) {
    const id: string = workflowId;
    if (plan.resends) {
      await sleep(input.resendAfterSeconds * 1_000);
      if (now() < endsAtMs) await message('resend', () => verifications.resendCode(id));
    }
    await sleep(plan.codeMs);
    if (plan.mistypes && now() < endsAtMs) {
      await submit(false);
      await sleep(RETYPE_MS);
    }
    if (now() < endsAtMs) await submit(true);
  }
  const outcome = await outcomeOf(site, workflowId);
  return { workflowId, outcome, endedAtMs: now(), wanted };
}

async function outcomeOf({ verifications }: Site, workflowId: string | undefined): Promise<string> {
  if (workflowId === undefined) return 'notStarted';
  return await verifications.wait(workflowId, { timeout: '5 minutes' }).then(
    ({ outcome }) => outcome,
    (error: unknown) => (error instanceof Error ? error.name : 'failed'),
  );
}
