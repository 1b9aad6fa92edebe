/** The people of the soak: each opens a verification, and later ends it in the way that is its habit. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerifyUserAttributeCommand } from '@aws-sdk/client-cognito-identity-provider';
import { type StartedVerification, VerificationError } from '@cognito-verification/client';
import type { VerificationPolicy } from '@cognito-verification/contract';
import type { SandboxUser } from '../sandbox/index.js';
import type { SoakStand } from './soak-stand.js';

/** How a verification must end. */
type Ending = 'verified' | 'cancelled' | 'expired';

/**
 * What people do, how many of a hundred, and how their verification must end. `limited` is a user who has used up Cognito's sends of the hour:
 * the verification is rate limited until its deadline.
 */
export const HABITS = {
  typesTheCode: { percent: 76, ending: 'verified' },
  mistypesFirst: { percent: 8, ending: 'verified' },
  asksForAnother: { percent: 8, ending: 'verified' },
  confirmsElsewhere: { percent: 4, ending: 'verified' },
  cancels: { percent: 2, ending: 'cancelled' },
  limited: { percent: 2, ending: 'expired' },
} as const satisfies Record<string, { percent: number; ending: Ending }>;
export type Habit = keyof typeof HABITS;

/** A person with an open verification. */
export interface Person {
  user: SandboxUser;
  /** When the access token of `user` was new, by the clock of this process. */
  tokenAt: number;
  readonly habit: Habit;
  readonly verification: Pick<StartedVerification, 'workflowId' | 'run'>;
  /** The newest code that has come; undefined while none has. */
  code: string | undefined;
  /** The fault by which Cognito refuses every send to this user; others have none. */
  readonly limit: string | undefined;
}

/** The shortest cool-down that a policy allows, so that nobody waits long for another code. */
const COOLDOWN_MS = 1_000;
const POLICY: VerificationPolicy = { resendCooldown: COOLDOWN_MS };
const PAUSE_MS = 1_000;
/** The sandbox's access tokens are good for an hour. */
const TOKEN_MS = 50 * 60_000;
/** Faults meet one call in a hundred, so that nobody needs as many tries. */
const TRIES = 10;

const UNANSWERED: ReadonlySet<string> = new Set(['WorkerUnavailable', 'TemporalUnavailable']);

/** The habit of the n-th person: the same mix in any hundred people. */
export function habitOf(n: number): Habit {
  // 37 and 100 have no common factor, so each remainder comes once in a hundred.
  let rest = (n * 37) % 100;
  for (const [habit, { percent }] of Object.entries(HABITS)) {
    if (rest < percent) return habit as Habit;
    rest -= percent;
  }
  return 'typesTheCode';
}

/** A new user opens a verification. @throws VerificationError, or Error when it is in another state than it must be */
export async function arrive(stand: SoakStand, habit: Habit): Promise<Person> {
  const tokenAt = performance.now();
  const user = await stand.sandbox.createUser({ poolId: stand.userPoolId });
  const { username, accessToken } = user;
  const exception = { name: 'LimitExceededException' };
  const limit =
    habit === 'limited'
      ? stand.sandbox.setFault({ operation: 'GetUserAttributeVerificationCode', username, exception })
      : undefined;
  const policy: VerificationPolicy = limit ? { ...POLICY, deadline: '1 minute' } : POLICY;
  const request = { accessToken, attributeName: 'email', policy, requestId: randomUUID() } as const;
  const { status, ...verification } = await repeatedly(() => stand.verifications.start(request));
  const outcome = status.sends.at(-1)?.outcome;
  // A refusal that was lost looks like a message that may have left.
  const isToldOrLost = ['rateLimited', 'sending'].includes(status.state) || outcome === 'uncertain';
  if (limit && !isToldOrLost) throw new Error(`a send past the limit left it ${status.state}, the send ${outcome}`);
  return { user, tokenAt, habit, verification, code: newestCode(stand, user), limit };
}

/** When a code was submitted, and how long its verdict took, or the error in place of one. */
export interface Verdict {
  readonly at: number;
  readonly tookMs: number;
}

/**
 * The person ends the verification.
 * @returns the verdicts that the client has got
 * @throws Error when it does not end as it must
 */
export async function leave(stand: SoakStand, person: Person): Promise<Verdict[]> {
  const { habit, verification } = person;
  const verdicts: Verdict[] = [];
  if (performance.now() - person.tokenAt > TOKEN_MS) await bringToken(stand, person);
  switch (habit) {
    case 'cancels':
      await repeatedly(() => stand.verifications.cancel(verification));
      break;
    case 'limited':
      break;
    case 'confirmsElsewhere':
      await receiveCode(stand, person);
      await verifyElsewhere(stand, person);
      await repeatedly(() => stand.verifications.confirm(verification));
      break;
    case 'mistypesFirst':
      await receiveCode(stand, person);
      await submit(stand, person, person.code === '000000' ? '000001' : '000000', verdicts);
      await submitUntilVerified(stand, person, verdicts);
      break;
    case 'asksForAnother':
      await askForAnother(stand, person);
      await submitUntilVerified(stand, person, verdicts);
      break;
    case 'typesTheCode':
      await submitUntilVerified(stand, person, verdicts);
  }
  const { outcome, failure } = await stand.verifications.wait(verification, { timeout: '3 minutes' });
  if (person.limit !== undefined) stand.sandbox.clearFaults(person.limit);
  const { ending } = HABITS[habit];
  if (outcome !== ending) throw new Error(`it ended as ${outcome} (${failure?.type ?? 'no failure'}), not ${ending}`);
  const isVerified = stand.sandbox.attribute(person.user, 'email').verified;
  if (isVerified !== (ending === 'verified')) throw new Error(`it ended as ${ending}, but the pool says otherwise`);
  return verdicts;
}

async function bringToken(stand: SoakStand, person: Person): Promise<void> {
  const accessToken = await stand.sandbox.issueAccessToken(person.user);
  await repeatedly(() => stand.verifications.renewAccessToken(person.verification, { accessToken }));
  person.user = { ...person.user, accessToken };
  person.tokenAt = performance.now();
}

async function submitUntilVerified(stand: SoakStand, person: Person, verdicts: Verdict[]): Promise<void> {
  const answers: string[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const answer = await submit(stand, person, await receiveCode(stand, person), verdicts);
    if (answer === 'verified') return;
    answers.push(answer);
    // An uncertain send may have replaced the code that came before it.
    if (answer === 'mismatch' || answer === 'codeExpired') await askForAnother(stand, person);
    else await sleep(PAUSE_MS);
  }
  throw new Error(`the right code was answered with ${answers.join(', ')}`);
}

/** Submits a code once. The answer is the result, or the code of the error. */
async function submit(stand: SoakStand, person: Person, code: string, verdicts: Verdict[]): Promise<string> {
  const at = performance.now();
  try {
    return (await stand.verifications.submitCode(person.verification, { code })).result;
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    // The verdict on an earlier submit, whose answer got lost, may have ended it. `wait` tells how.
    return error.code === 'VerificationEnded' ? 'verified' : error.code;
  } finally {
    verdicts.push({ at, tookMs: performance.now() - at });
  }
}

/** Repeats a call that a busy server or worker has not answered in time, as a service would. */
async function repeatedly<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof VerificationError && UNANSWERED.has(error.code) && tries < TRIES)) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** The person's code. Where a send got lost, the person asks for another one. */
async function receiveCode(stand: SoakStand, person: Person): Promise<string> {
  for (let tries = 0; tries < TRIES && person.code === undefined; tries++) {
    await sleep(PAUSE_MS);
    person.code = newestCode(stand, person.user);
    if (person.code === undefined) await askForAnother(stand, person);
  }
  if (person.code === undefined) throw new Error(`no code came, though it was asked for ${TRIES} times`);
  return person.code;
}

async function askForAnother(stand: SoakStand, person: Person): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      await stand.verifications.resendCode(person.verification);
      person.code = newestCode(stand, person.user) ?? person.code;
      return;
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      // Verified meanwhile, or no more sends: the next submit tells.
      if (error.code === 'VerificationEnded') return;
      if (error.code !== 'ResendNotAllowed') continue;
      await sleep(COOLDOWN_MS + 100);
    }
  }
}

function newestCode({ sandbox }: SoakStand, user: SandboxUser): string | undefined {
  return sandbox.inbox(user).at(-1)?.code;
}

/** Acts as an application that calls Cognito itself. */
async function verifyElsewhere(stand: SoakStand, { user, code: Code }: Person): Promise<void> {
  const { accessToken: AccessToken, userPoolId } = user;
  const command = new VerifyUserAttributeCommand({ AccessToken, AttributeName: 'email', Code });
  for (let tries = 0; tries < TRIES && !stand.sandbox.attribute(user, 'email').verified; tries++) {
    await stand.cognito
      .forUserPool(userPoolId)
      .send(command)
      .catch(async () => await sleep(PAUSE_MS));
  }
}
