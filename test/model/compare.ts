/** The observations of a verification, and how they differ from the model. */
import type { VerificationStatus } from '@cognito-verification/contract';
import { attemptsLeft, codeEnds, cooldownEnds, counted, type Entry, isEnd, sendsLeft, type World } from './world.js';

/** A verification at rest, as observed. */
export interface Seen {
  status: VerificationStatus;
  /** The answers to each message so far. */
  answers: ReadonlyMap<number, string>;
  /** The messages that were posted. */
  posted: readonly number[];
  /** Messages in the user's inbox. */
  inbox: number;
  /** Calls that were not throttled away. */
  sendCalls: number;
  attemptCalls: number;
}

/** The tolerance for a time that the model can only guess, and for one that follows from known times. */
const GUESSED = 75_000;
const KNOWN = 3_000;

/** The differences; none if the world is the observed one. `loose` if time has passed unobserved. */
export function differences(world: World, seen: Seen, loose: boolean): string[] {
  const result: string[] = [];
  const differ = (what: string, model: unknown, actual: unknown) => {
    if (model !== actual) result.push(`${what}: the model says ${String(model)}, seen ${String(actual)}`);
  };
  const { status } = seen;
  const tolerance = world.fuzz + (loose ? GUESSED : KNOWN);
  const about = (what: string, model: number | undefined, actual: string | undefined, apart = tolerance) => {
    const at = actual === undefined ? undefined : Date.parse(actual);
    const same = at === undefined || model === undefined ? at === model : Math.abs(at - model) <= apart;
    if (!same) result.push(`${what}: the model says ${formatTime(model)}, seen ${actual}`);
  };
  differ('state', world.state, status.state);
  differ('sends', outcomes(world.sends), outcomes(status.sends));
  differ('attempts', outcomes(world.attempts), outcomes(status.attempts));
  differ('sendsLeft', Math.max(0, sendsLeft(world)), status.sendsLeft);
  differ('attemptsLeft', attemptsLeft(world), status.attemptsLeft);
  differ('deliveryUncertain', counted(world).at(-1)?.outcome === 'uncertain', status.deliveryUncertain);
  const proof = isEnd(world.state) ? world.proof : world.codeAccepted ? 'outstanding' : undefined;
  if (!isEnd(world.state)) differ('proof', proof, status.proof);
  differ('oldValue', world.state === 'verified' ? undefined : world.oldValue, status.oldValue);
  differ('reason', world.reason, status.reason);
  differ('failure', world.failure ?? '', status.failure?.type ?? '');
  differ('calls for a send', world.cognito.sendCalls, seen.sendCalls - margin(world, seen, 'sends'));
  differ('calls for an attempt', world.cognito.attemptCalls, seen.attemptCalls - margin(world, seen, 'attempts'));
  const extra = seen.inbox - world.cognito.inbox.length;
  if (extra < 0 || extra > world.overtaken.sends) differ('messages', world.cognito.inbox.length, seen.inbox);
  if (result.length > 0) return result;

  for (const [index, { at }] of world.sends.entries()) about(`send ${index}`, at, status.sends[index]?.at);
  for (const [index, { at }] of world.attempts.entries()) about(`attempt ${index}`, at, status.attempts[index]?.at);
  about('expiresAt', world.expiresAt, status.expiresAt);
  if (!isEnd(world.state)) {
    about('retryAt', retryAt(world, status), status.retryAt);
    const ends = codeEnds(world);
    about('codeExpiresAt', ends && Math.min(ends, world.expiresAt), status.codeExpiresAt);
  }
  if (world.state === 'awaitingCode') {
    const isPointless = world.codeAccepted || world.changePending || attemptsLeft(world) === 0;
    const allowed = isPointless ? undefined : cooldownEnds(world);
    const by = status.resendAllowedAt;
    // A time in the past depends on when the verification last looked at its clock.
    const over = allowed !== undefined && by !== undefined && allowed <= world.now && Date.parse(by) <= world.now;
    if (!over) about('resendAllowedAt', allowed, by);
  }
  for (const message of seen.posted) {
    const answer = seen.answers.get(message);
    const allowed = world.answers[message];
    const right = answer === undefined ? allowed === undefined : allowed?.includes(answer);
    if (!right)
      result.push(
        `message ${message}: the model says ${allowed?.join(' or ') ?? 'it waits'}, seen ${answer ?? 'no answer'}`,
      );
  }
  return result;
}

/** When the send, or a code, may be tried again. A past time stays in the status until the verification looks at its clock. */
function retryAt(world: World, status: VerificationStatus): number | undefined {
  if (world.retryAt !== undefined) return world.retryAt;
  const blocked = world.attemptsBlockedUntil;
  const over = blocked !== undefined && blocked <= world.now;
  return over && status.retryAt === undefined ? undefined : blocked;
}

/** Calls that were with Cognito when the verification ended. */
function margin({ cognito, overtaken }: World, seen: Seen, calls: 'sends' | 'attempts'): number {
  const extra = calls === 'sends' ? seen.sendCalls - cognito.sendCalls : seen.attemptCalls - cognito.attemptCalls;
  return Math.max(0, Math.min(overtaken[calls], extra));
}

/** The world with its times as observed, so that the times that follow from them are exact. */
export function adopted(world: World, { status }: Seen): World {
  const from = <Outcome>(entries: Entry<Outcome>[], seen: { at: string }[]) =>
    entries.map((entry, index) => ({ ...entry, at: Date.parse(seen[index]?.at ?? '') }));
  const moved = { ...world, sends: from(world.sends, status.sends), attempts: from(world.attempts, status.attempts) };
  moved.expiresAt = Date.parse(status.expiresAt);
  if (status.retryAt === undefined) return moved;
  const at = Date.parse(status.retryAt);
  if (moved.retryAt !== undefined) {
    if (moved.nextSendAt === moved.retryAt) moved.nextSendAt = at;
    moved.retryAt = at;
  } else if (moved.attemptsBlockedUntil !== undefined) moved.attemptsBlockedUntil = at;
  return moved;
}

/** Removes duplicate worlds. */
export function different(worlds: World[]): World[] {
  return [...new Map(worlds.map((world) => [JSON.stringify(world), world])).values()];
}

const outcomes = (entries: readonly { outcome: string }[]) => entries.map(({ outcome }) => outcome).join(', ');
const formatTime = (at: number | undefined) => (at === undefined ? 'none' : new Date(at).toISOString());
