/** The people of a scenario: each starts a verification, waits for the message, and types codes, as the model thinks of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdFor } from '@cognito-verification/contract';
import type { CapacityInput } from '../../capacity/input.js';
import { type Person, RETYPE_SECONDS } from '../../capacity/people.js';
import type { Site } from './site.js';

/** A call that somebody wanted, and what it waited; undefined where it never came to anything. */
export interface Wanted {
  readonly kind: 'firstSend' | 'resend' | 'code';
  readonly atMs: number;
  readonly waitedMs: number | undefined;
}

/** What came of one verification. Times are from the start of the scenario. */
export interface Lived {
  readonly workflowId: string;
  readonly outcome: string;
  readonly endedAtMs: number;
  readonly wanted: readonly Wanted[];
}

const LOOK_MS = 100;
/** Longer than the verification takes with an answer. */
const PATIENT = { timeout: '2 minutes' } as const;

/** Lets everybody live, and resolves when the last verification has ended. */
export async function live(site: Site, input: CapacityInput, people: readonly Person[]): Promise<Lived[]> {
  const begunAt = performance.now();
  const now = () => performance.now() - begunAt;
  return await Promise.all(people.map((person) => liveOne(site, input, person, now)));
}

async function liveOne(site: Site, input: CapacityInput, person: Person, now: () => number): Promise<Lived> {
  await sleep(person.startsAtSeconds * 1_000);
  const { sandbox, verifications } = site;
  const user = await site.user();
  const endsAtMs = now() + input.deadlineSeconds * 1_000;
  const wanted: Wanted[] = [];
  const messages = () => sandbox.inbox(user).length;
  /** Asks for a message and waits until it is there, or for a re-send until it is refused. */
  const message = async (kind: Wanted['kind'], ask: () => Promise<unknown>): Promise<boolean> => {
    const [atMs, before] = [now(), messages()];
    let isAnswered = false;
    const answered = () => {
      isAnswered = true;
    };
    const asked = ask().then(answered, answered);
    const isWaiting = () => now() < endsAtMs && (kind === 'firstSend' || !isAnswered);
    while (messages() === before && isWaiting()) await sleep(LOOK_MS);
    const isThere = messages() > before;
    wanted.push({ kind, atMs, waitedMs: isThere ? now() - atMs : undefined });
    if (kind === 'resend') await asked;
    return isThere;
  };
  const policy = { deadline: `${input.deadlineSeconds} seconds`, resendCooldown: '1 second' } as const;
  // Known before the start has its answer: who has the message types its code.
  const workflowId = workflowIdFor({ userPoolId: user.userPoolId, sub: user.sub, attributeName: 'email' });
  const request = { accessToken: user.accessToken, attributeName: 'email', policy } as const;
  const submit = async (isRight: boolean) => {
    const atMs = now();
    while (now() < endsAtMs) {
      const right = sandbox.codeFor(user, 'email');
      const code = isRight ? right : right === '000000' ? '000001' : '000000';
      const answer = await verifications.submitCode(workflowId, { code }, PATIENT).catch(() => undefined);
      if (answer) {
        wanted.push({ kind: 'code', atMs, waitedMs: now() - atMs });
        return;
      }
      await sleep(RETYPE_SECONDS * 1_000);
    }
    wanted.push({ kind: 'code', atMs, waitedMs: undefined });
  };
  if ((await message('firstSend', () => verifications.start(request, PATIENT))) && !person.abandons) {
    if (person.resends) {
      await sleep(input.resendAfterSeconds * 1_000);
      if (now() < endsAtMs) await message('resend', () => verifications.resendCode(workflowId, {}, PATIENT));
    }
    await sleep(person.codeSeconds * 1_000);
    if (person.mistypes && now() < endsAtMs) {
      await submit(false);
      await sleep(RETYPE_SECONDS * 1_000);
    }
    if (now() < endsAtMs) await submit(true);
  }
  const outcome = await outcomeOf(site, workflowId);
  return { workflowId, outcome, endedAtMs: now(), wanted };
}

async function outcomeOf({ verifications }: Site, workflowId: string): Promise<string> {
  return await verifications.wait(workflowId, { timeout: '5 minutes' }).then(
    ({ outcome }) => outcome,
    (error: unknown) => (error instanceof Error ? error.name : 'failed'),
  );
}
