import { ACCEPTED, type Answer } from '../cognito-calls.js';
import type { Judgement } from '../judgement.js';
import type { Setting } from '../setting.js';
import { formOf, otherThan, type SeenOfStage, type Stage, type Steps, textOf } from '../stage.js';
import type { Sent, TestUser } from '../test-user.js';

const EXPIRED = 'ExpiredCodeException';
const MISMATCH = 'CodeMismatchException';
const EMAIL_MASK = 'first letter and ***, @, first letter and ***';
const PHONE_MASK = '+, a * for each digit but the last four';

/** Codes: their form, their masks, and which of them are good. */
export function codes(setting: Setting): Stage {
  return {
    name: 'codes',
    title: 'codes, and what a second send does to the first one',
    messages: { email: 4, otherEmail: 0, phone: setting.addresses.phone === undefined ? 0 : 1 },
    ask: (steps) => askCodes(steps, setting),
    judge: (seen, judgement) => judgeCodes(seen, judgement, setting),
  };
}

async function askCodes(steps: Steps, { addresses }: Setting): Promise<void> {
  const { email, phone } = addresses;
  const user = await steps.user('one', { email, ...(phone !== undefined && { phone_number: phone }) });
  await askNeverRequested(steps, user);
  const used = await askTwoCodes(steps, user);
  if (used !== undefined) await askUsedCode(steps, user, used);
  if (phone !== undefined) await askPhoneMask(steps, user, phone);
  await steps.drop('one', user);
  if (used === undefined || steps.seen('the second code') !== undefined) return;
  const other = await steps.user('two', { email });
  await askNewestFirst(steps, other);
}

/** Assumed: a code for an attribute that never had one is told to be expired. */
async function askNeverRequested(steps: Steps, user: TestUser): Promise<void> {
  await steps.once('a code never sent', () => user.verify('email', '000000'));
}

/** Assumed: the second code ends the first one. Answers which code was used. */
async function askTwoCodes(steps: Steps, user: TestUser) {
  const first = steps.code(user, 1, { sentBy: 'first send', nextBy: 'second send' });
  const second = steps.code(user, 2, { sentBy: 'second send' });
  if ((await send(steps, 'first send', user)) !== ACCEPTED) return undefined;
  if (steps.seen('form of a code') === undefined) {
    const form = formOf(await first.get());
    await steps.repeatable('form of a code', async () => form);
  }
  if (steps.seen('a wrong code') === undefined) {
    const wrong = otherThan(await first.get());
    await steps.once('a wrong code', () => user.verify('email', wrong));
  }
  if ((await send(steps, 'second send', user)) !== ACCEPTED) return undefined;
  const used = (await steps.submit('the first code', user, first)) === ACCEPTED ? first : second;
  const isUsed = used === first || (await steps.submit('the second code', user, second)) === ACCEPTED;
  if (steps.seen('same code') === undefined) {
    // Only now: a typing error has been corrected.
    const isSame = (await first.get()) === (await second.get());
    await steps.repeatable('same code', async () => isSame);
  }
  return isUsed ? used : undefined;
}

/** Assumed: after success, any code is told to be expired. */
async function askUsedCode(steps: Steps, user: TestUser, used: { get(): Promise<string> }): Promise<void> {
  for (const [step, code] of [
    ['the used code again', (typed: string) => typed],
    ['another code after success', otherThan],
  ] as const) {
    if (steps.seen(step) !== undefined) continue;
    const submitted = code(await used.get());
    await steps.once(step, () => user.verify('email', submitted));
  }
}

/** The first code was good after a second send. Is the second one good as well? */
async function askNewestFirst(steps: Steps, user: TestUser): Promise<void> {
  if ((await send(steps, 'third send', user)) !== ACCEPTED) return;
  // Nobody can tell two messages apart that come at once: the first one has to be there before the second one goes out.
  if (steps.seen('fourth send') === undefined) await steps.code(user, 1, { sentBy: 'third send' }).get();
  if ((await send(steps, 'fourth send', user)) !== ACCEPTED) return;
  await steps.submit('the newest code', user, steps.code(user, 2, { sentBy: 'fourth send' }));
}

/** Assumed: the number is shown by its last four digits. */
async function askPhoneMask(steps: Steps, user: TestUser, phone: string): Promise<void> {
  const step = 'text message';
  if (steps.seen(step) === undefined && !(await steps.setting.tester.mayText('to see how Cognito masks a number'))) {
    await steps.repeatable(step, async () => ({ answer: 'declined', mask: null }));
  }
  await steps.once(step, async () => {
    const { answer, destination } = await user.send('phone_number');
    const expected = `+${'*'.repeat(Math.max(phone.length - 5, 0))}${phone.slice(-4)}`;
    return {
      answer,
      mask: destination === undefined ? null : destination === expected ? PHONE_MASK : formOf(destination),
    };
  });
}

async function send(steps: Steps, step: string, user: TestUser): Promise<Answer> {
  const { answer } = await steps.once(step, async () => {
    const sent = await user.send('email');
    const { calls, clock } = steps.setting;
    const { headers } = calls.lastWire();
    return { answer: sent.answer, mask: maskOf(sent, steps.setting), headers, at: clock.now() };
  });
  return answer;
}

function maskOf({ destination }: Sent, { addresses }: Setting): string | null {
  if (destination === undefined) return null;
  const [local = '', domain = ''] = addresses.email.split('@');
  const expected = `${local.slice(0, 1)}***@${domain.slice(0, 1)}***`;
  return destination === expected ? EMAIL_MASK : formOf(destination);
}

interface SendSeen {
  answer: string;
  mask: string | null;
  headers: string[];
}

function judgeCodes(seen: SeenOfStage, judgement: Judgement, { addresses }: Setting): void {
  const text = (step: string) => textOf(seen, step);
  const first = seen['first send'] as unknown as SendSeen | undefined;
  const never = text('a code never sent');
  judgement.switch('neverRequested', never, `VerifyUserAttribute for a user who got no code: ${never ?? 'not called'}`);
  judgeResend(seen, judgement);
  judgement.fact('wrongCode', MISMATCH, text('a wrong code'), 'a code that differs from the one sent');
  judgement.fact('usedCode', EXPIRED, text('the used code again'), 'the code that verified, submitted once more');
  judgement.fact(
    'codeAfterSuccess',
    EXPIRED,
    text('another code after success'),
    'any other code, after one has verified',
  );
  judgement.fact(
    'codeForm',
    formOf('000000'),
    text('form of a code'),
    'the code as it was typed; 9 is a digit, x a letter',
  );
  judgement.fact(
    'emailMask',
    EMAIL_MASK,
    first?.mask ?? undefined,
    `GetUserAttributeVerificationCode: ${first?.answer ?? 'not called'}`,
  );
  const sms = seen['text message'] as unknown as { answer: string; mask: string | null } | undefined;
  if (addresses.phone === undefined) judgement.skipped('phoneMask', PHONE_MASK, 'it needs --phone, and a text message');
  else if (sms?.answer === 'declined') judgement.skipped('phoneMask', PHONE_MASK, 'the text message was declined');
  else
    judgement.fact(
      'phoneMask',
      PHONE_MASK,
      sms?.mask ?? undefined,
      `a send to the number: ${sms?.answer ?? 'not called'}`,
    );
  const headers = first?.headers.join(', ');
  judgement.fact('acceptedHeaders', 'x-amzn-requestid', headers, 'the answer to an accepted send');
}

/** Whether the first code stays good after a second send, and the second one is not. */
export function firstCodeWins(seen: SeenOfStage): boolean {
  return textOf(seen, 'the first code') === ACCEPTED && isRefused(textOf(seen, 'the newest code'));
}

function isRefused(answer: string | undefined): boolean {
  return answer === MISMATCH || answer === EXPIRED;
}

function judgeResend(seen: SeenOfStage, judgement: Judgement): void {
  const steps = ['the first code', 'the second code', 'the newest code'];
  const [first, second, newest] = steps.map((step) => textOf(seen, step));
  const evidence = [
    `after a second send the first code got ${first ?? 'no answer'}`,
    ...(second === undefined ? [] : [`then the second got ${second}`]),
    ...(newest === undefined ? [] : [`another user's second code, submitted first, got ${newest}`]),
  ].join('; ');
  if (seen['same code'] === true) judgement.switch('resend', 'the same code again', 'both messages had the same code');
  else if (isRefused(first) && second === ACCEPTED) judgement.switch('resend', 'lastWins', evidence);
  else if (isRefused(first) && isRefused(second)) judgement.switch('resend', 'neither code is good', evidence);
  else if (first === ACCEPTED && newest === ACCEPTED) judgement.switch('resend', 'bothValid', evidence);
  else if (firstCodeWins(seen)) judgement.switch('resend', 'firstWins', evidence);
  else judgement.switch('resend', undefined, evidence);
}
