import { ACCEPTED } from '../cognito-calls.js';
import type { Judgement } from '../judgement.js';
import type { Setting } from '../setting.js';
import { type SeenOfStage, type Stage, type Steps, textOf } from '../stage.js';
import type { State } from '../state.js';
import type { TestUser } from '../test-user.js';
import { firstCodeWins } from './codes.js';

const OLD = 'the old value, verified';
const OWN_VALUE = 'verifies the value that it went to';
const REFUSED = 'is refused';

/** A new e-mail that waits for its verification, in a pool that keeps the old one until then. */
export function pending(setting: Setting): Stage {
  return {
    name: 'pending',
    title: 'a new address that waits for its verification',
    messages: { email: 1, otherEmail: 4, phone: 0 },
    notAsked: setting.pool.keepsOriginal
      ? undefined
      : 'the pool does not keep the old address until the new one is verified (AttributesRequireVerificationBeforeUpdate)',
    ask: (steps) => askPending(steps, setting),
    judge: judgePending,
  };
}

async function askPending(steps: Steps, setting: Setting): Promise<void> {
  const { email } = setting.addresses;
  const user = await steps.user('changing', { email, email_verified: 'true' });
  const messages = await askChange(steps, user, setting);
  if (messages > 0) await askSendMeanwhile(steps, user, setting, messages);
  await steps.drop('changing', user);
  const other = await steps.user('going-back', { email, email_verified: 'true' });
  await askSetBack(steps, other, setting);
}

/** Assumed: the old value stays, and the same change once more sends once more. Answers how many messages went out. */
async function askChange(steps: Steps, user: TestUser, setting: Setting): Promise<number> {
  const first = await change(steps, 'change', user, setting.addresses.otherEmail);
  if (!first.delivers) return 0;
  await steps.repeatable('GetUser meanwhile', async () => valueIn(await user.attributes(), setting));
  const again = await change(steps, 'the same change again', user, setting.addresses.otherEmail);
  return again.delivers ? 2 : 1;
}

/** Assumed: a send meanwhile goes to the old value. */
async function askSendMeanwhile(steps: Steps, user: TestUser, setting: Setting, earlier: number): Promise<void> {
  const step = 'send meanwhile';
  if (steps.seen(step) === undefined) {
    await setting.tester.arrived({ inbox: 'otherEmail', count: earlier, sentAt: steps.sentAt('change') });
  }
  const { answer } = await steps.once(step, async () => {
    const sent = await user.send('email');
    return { answer: sent.answer, at: setting.clock.now() };
  });
  if (answer !== ACCEPTED) return;
  const nth = earlier + 1;
  if (steps.seen('where it arrived') === undefined) {
    const where = await setting.tester.whereIs({ user: user.name, nth, sentAt: steps.sentAt(step) });
    await steps.repeatable('where it arrived', async () => where);
  }
  const inbox = steps.seen('where it arrived') === 'otherEmail' ? 'otherEmail' : 'email';
  await steps.submit('its code', user, steps.code(user, nth, { sentBy: step, inbox }));
  await steps.repeatable('value after its code', async () => valueIn(await user.truth(), setting));
}

/** Assumed: to set the old value again withdraws the new one, with its code. */
async function askSetBack(steps: Steps, user: TestUser, setting: Setting): Promise<void> {
  const { email, otherEmail } = setting.addresses;
  const changed = await change(steps, 'change before going back', user, otherEmail);
  if (!changed.delivers) return;
  const code = steps.code(user, 1, { sentBy: 'change before going back', inbox: 'otherEmail' });
  if (steps.seen('code of the withdrawn value') === undefined) await code.get();
  const back = await change(steps, 'going back', user, email);
  if (back.answer === ACCEPTED) await steps.submit('code of the withdrawn value', user, code);
}

async function change(steps: Steps, step: string, user: TestUser, value: string) {
  return await steps.once(step, async () => {
    const { answer, destination } = await user.changeEmail(value);
    return { answer, delivers: destination !== undefined, at: steps.setting.clock.now() };
  });
}

function valueIn(attributes: ReadonlyMap<string, string> | undefined, { addresses }: Setting): string | null {
  const value = attributes?.get('email');
  if (value === undefined) return null;
  const which =
    value === addresses.email ? 'the old value' : value === addresses.otherEmail ? 'the new value' : 'another value';
  const flag = attributes?.get('email_verified');
  return `${which}, ${flag === 'true' ? 'verified' : flag === 'false' ? 'not verified' : 'without a flag'}`;
}

function judgePending(seen: SeenOfStage, judgement: Judgement, all: State['seen']): void {
  const text = (step: string) => textOf(seen, step);
  const changed = (step: string) => seen[step] as unknown as { answer: string; delivers: boolean } | undefined;
  const [first, again] = [changed('change'), changed('the same change again')];
  judgement.fact(
    'getUserWhilePending',
    OLD,
    text('GetUser meanwhile'),
    `UpdateUserAttributes: ${first?.answer ?? 'not called'}; ${seen['GetUser meanwhile'] === null ? 'GetUser did not tell an e-mail: the app client must be allowed to read email' : 'GetUser after it'}`,
  );
  const position = again?.answer !== ACCEPTED ? undefined : again.delivers ? 'sendsAgain' : 'sendsNothing';
  judgement.switch(
    'updateToPending',
    position,
    `the same change again: ${again?.answer ?? 'not called'}, its answer names ${again?.delivers ? 'a' : 'no'} delivery`,
  );
  const where = text('where it arrived');
  const inbox = where === 'otherEmail' ? 'pendingValue' : 'currentValue';
  judgement.switch(
    'sendWhilePending',
    where && inbox,
    `the send got ${(seen['send meanwhile'] as { answer: string } | undefined)?.answer ?? 'no answer'}; the message came to ${where ? `--${where === 'email' ? 'email' : 'other-email'}` : 'no inbox'}`,
  );
  const means = codeMeans(where, text('its code'), text('value after its code'));
  if (means === REFUSED && firstCodeWins(all['codes'] ?? {})) {
    judgement.skipped(
      'codeWhilePending',
      OWN_VALUE,
      'the code of the change, which came first, stays the good one: resend is firstWins',
    );
  } else
    judgement.fact(
      'codeWhilePending',
      OWN_VALUE,
      means,
      `that code got ${text('its code') ?? 'no answer'}; then the pool has ${text('value after its code') ?? 'an unknown value'}`,
    );
  const withdrawn = text('code of the withdrawn value');
  const goingBack =
    withdrawn === undefined
      ? undefined
      : withdrawn === ACCEPTED
        ? 'leaves the new one waiting'
        : 'withdraws the new one';
  judgement.fact(
    'oldValueSetAgain',
    'withdraws the new one',
    goingBack,
    `after it the code of the new value got ${withdrawn ?? 'no answer'}`,
  );
}

function codeMeans(
  where: string | undefined,
  answer: string | undefined,
  value: string | undefined,
): string | undefined {
  if (where === undefined || answer === undefined || value === undefined) return undefined;
  if (answer !== ACCEPTED) return REFUSED;
  const own = where === 'email' ? 'the old value, verified' : 'the new value, verified';
  return value === own ? OWN_VALUE : `leads to ${value}`;
}
