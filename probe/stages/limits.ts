import { ACCEPTED, type Answer } from '../cognito-calls.js';
import type { Judgement } from '../judgement.js';
import type { Setting } from '../setting.js';
import type { SeenOfStage, Stage, Steps } from '../stage.js';
import type { State } from '../state.js';
import type { TestUser } from '../test-user.js';

export const LIMITED = 'LimitExceededException';
/** Each accepted send is a message. */
const MOST_SENDS = 10;
const MOST_ATTEMPTS = 40;
/** Cognito takes at most ten changes of a user in a second, and a call takes time of its own. */
const PAUSE_MS = 100;
/** A count takes seconds. It must not begin in one hour of the clock and end in the next. */
const BEFORE_THE_HOUR_MS = 20_000;
export const HOUR_MS = 3_600_000;

/** How many calls of a series Cognito took, and what ended it. */
export interface Count {
  readonly taken: number;
  readonly end: Answer;
}

/** Makes calls until the limit, or until there were too many. The pause keeps them below Cognito's rates. */
export async function countCalls(
  { setting }: Steps,
  most: number,
  call: () => Promise<Answer>,
  isTaken: (answer: Answer) => boolean,
): Promise<{ taken: number; end: Answer }> {
  for (let taken = 0; ; taken += 1) {
    const answer = await call();
    if (!isTaken(answer)) return { taken, end: answer };
    if (taken === most) return { taken: most, end: answer };
    await setting.clock.wait(PAUSE_MS);
  }
}

/**
 * Counts the wrong codes that Cognito takes from a user who has a code, as the users of a verification have: Cognito may count no
 * attempt where there is nothing to verify.
 */
export async function countAttempts(steps: Steps, user: TestUser): Promise<{ taken: number; end: Answer }> {
  const { answer } = await user.send('email');
  if (answer !== ACCEPTED) return { taken: 0, end: answer };
  return await countCalls(steps, MOST_ATTEMPTS, () => user.verify('email', '000000'), isAttempt);
}

/** A wrong code counts as well as a right one. */
export const isAttempt = (answer: Answer) => answer === 'CodeMismatchException' || answer === 'ExpiredCodeException';

/** Waits for the next hour of the clock if it is near. */
async function awayFromTheHour(steps: Steps, step: string): Promise<void> {
  const now = steps.setting.clock.now();
  const next = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
  if (steps.seen(step) === undefined && next - now < BEFORE_THE_HOUR_MS) {
    await steps.waitUntil(next + 1_000, Number.POSITIVE_INFINITY, 'the next hour of the clock');
  }
}

/** The limit of sends: how many, for which attributes, and what is checked before it. */
export function sends(setting: Setting): Stage {
  const { email, phone } = setting.addresses;
  return {
    name: 'sends',
    title: 'the limit of sends',
    messages: { email: MOST_SENDS + 1, otherEmail: 0, phone: phone === undefined ? 0 : 1 },
    async ask(steps) {
      const user = await steps.user('sender', { email, ...(phone !== undefined && { phone_number: phone }) });
      const asksForText = phone !== undefined && steps.seen('count') === undefined;
      const mayText =
        asksForText && (await setting.tester.mayText('to see whether e-mail and number have a limit each'));
      await awayFromTheHour(steps, 'count');
      // One step: whatever comes between two sends would change what is left of the limit.
      await steps.once('count', async () => {
        const count = await countCalls(
          steps,
          MOST_SENDS,
          async () => (await user.send('email')).answer,
          (answer) => answer === ACCEPTED,
        );
        return { ...count, ...(count.end === LIMITED && (await askAtTheLimit(user, mayText))) };
      });
    },
    judge: judgeSends,
  };
}

/** Assumed: the limit is checked before the attribute, and both attributes share it. */
async function askAtTheLimit(user: TestUser, mayText: boolean) {
  const otherAttribute = mayText ? (await user.send('phone_number')).answer : null;
  const wrongName = (await user.send('given_name')).answer;
  if (wrongName === LIMITED) return { otherAttribute, wrongName, removed: null, noValue: null };
  // A wrong name may have a limit of its own. A missing value has the one that is used up.
  const removed = (await user.changeEmail('')).answer;
  const noValue = removed === ACCEPTED ? (await user.send('email')).answer : null;
  return { otherAttribute, wrongName, removed, noValue };
}

type SendsSeen = Count & { otherAttribute?: string | null; wrongName?: string; noValue?: string | null };

function judgeSends(seen: SeenOfStage, judgement: Judgement): void {
  const count = seen['count'] as unknown as SendsSeen | undefined;
  judgeCount('sendsPerHour', count, MOST_SENDS, 'sends', judgement);
  judgement.switch('checkOrder', orderIn(count), orderEvidence(count));
}

function orderIn(count: SendsSeen | undefined): string | undefined {
  if (count?.wrongName === LIMITED || count?.noValue === LIMITED) return 'limitFirst';
  return count?.noValue === 'InvalidParameterException' ? 'attributeFirst' : undefined;
}

function orderEvidence(count: SendsSeen | undefined): string {
  const { wrongName, noValue } = count ?? {};
  const removed = noValue === undefined || noValue === null ? '' : `; for email without a value ${noValue}`;
  return wrongName === undefined
    ? 'the limit was not reached'
    : `at the limit a send for given_name got ${wrongName}${removed}`;
}

function judgeCount(
  name: 'sendsPerHour' | 'attemptsPerHour',
  count: Count | undefined,
  most: number,
  what: string,
  judgement: Judgement,
): void {
  if (count?.end === LIMITED) judgement.switch(name, count.taken, `${count.taken} ${what}, then ${LIMITED}`);
  else if (count?.taken === most) judgement.switch(name, `more than ${most}`, `no limit in ${most} ${what}`);
  else judgement.switch(name, undefined, `the series ended with ${count?.end ?? 'no call'}`);
}

/** Whether a call that Cognito refuses uses up the limit. */
export function refused({ addresses }: Setting): Stage {
  return {
    name: 'refused',
    title: 'whether refused sends count',
    messages: { email: 0, otherEmail: 0, phone: 0 },
    async ask(steps) {
      // Without a number, a send to it is refused, and no message goes out.
      const user = await steps.user('sender', { email: addresses.email });
      await awayFromTheHour(steps, 'refused sends');
      await steps.once('refused sends', () =>
        countCalls(
          steps,
          MOST_SENDS,
          async () => (await user.send('phone_number')).answer,
          (answer) => answer === 'InvalidParameterException',
        ),
      );
    },
    judge: judgeRefused,
  };
}

/** Assumed: only accepted calls count. */
function judgeRefused(seen: SeenOfStage, judgement: Judgement, all: State['seen']): void {
  const count = seen['refused sends'] as unknown as Count | undefined;
  const limit = all['sends']?.['count'] as SendsSeen | undefined;
  const later = all['window']?.['an hour after, where refused calls came'] as string | undefined;
  const evidence = [
    count === undefined
      ? 'no send was refused'
      : `${count.taken} sends without a number were refused, then came ${count.end}`,
    ...(later === undefined ? [] : [`an hour after the limit, but minutes after calls that it refused, came ${later}`]),
  ].join('; ');
  const seenHere =
    count?.end === LIMITED
      ? 'all'
      : orderIn(limit) === 'limitFirst' && count !== undefined && count.taken > (limit?.taken ?? 0)
        ? 'accepted'
        : undefined;
  const seenLater = later === undefined ? undefined : later === LIMITED ? 'all' : 'accepted';
  if (seenHere !== undefined && seenLater !== undefined && seenHere !== seenLater) {
    judgement.switch('limitCounts', 'some refused calls, and others not', evidence);
  } else if (seenHere === undefined && seenLater === undefined && count !== undefined) {
    judgement.switch('limitCounts', undefined, `${evidence}; --patience '70 minutes' may tell it`);
  } else judgement.switch('limitCounts', seenHere ?? seenLater, evidence);
}

/** The limit of attempts: how many, and for which attributes. */
export function attempts({ addresses }: Setting): Stage {
  const { email, phone } = addresses;
  return {
    name: 'attempts',
    title: 'the limit of attempts',
    messages: { email: 1, otherEmail: 0, phone: 0 },
    async ask(steps) {
      const user = await steps.user('guesser', { email, ...(phone !== undefined && { phone_number: phone }) });
      await awayFromTheHour(steps, 'count');
      await steps.once('count', async () => {
        const count = await countAttempts(steps, user);
        return {
          ...count,
          ...(count.end === LIMITED && { otherAttribute: await user.verify('phone_number', '000000') }),
        };
      });
    },
    judge: judgeAttempts,
  };
}

function judgeAttempts(seen: SeenOfStage, judgement: Judgement, all: State['seen']): void {
  const count = seen['count'] as unknown as (Count & { otherAttribute?: string }) | undefined;
  const sent = (all['sends']?.['count'] as SendsSeen | undefined)?.otherAttribute ?? undefined;
  judgeCount('attemptsPerHour', count, MOST_ATTEMPTS, 'wrong codes', judgement);
  const scopes = [scopeIn(count?.otherAttribute), scopeIn(sent)].filter((scope) => scope !== undefined);
  const evidence = [
    `at the limit of email, a code for phone_number got ${count?.otherAttribute ?? 'no answer'}`,
    ...(sent === undefined ? [] : [`a send to phone_number got ${sent}`]),
  ].join('; ');
  const [scope] = scopes;
  judgement.switch(
    'limitScope',
    scopes.some((other) => other !== scope) ? 'one for attempts, another for sends' : scope,
    evidence,
  );
}

/** Assumed: the user has one limit for both attributes. */
function scopeIn(answer: string | undefined): string | undefined {
  if (answer === LIMITED) return 'user';
  return answer === ACCEPTED || (answer !== undefined && isAttempt(answer)) ? 'attribute' : undefined;
}
