/** What each message does, alone or together with others that are sent at the same instant. */
import type { Life } from './life.js';
import { attemptsLeft, counted, isEnd, type World } from './world.js';
import type { Choices } from './worlds.js';

/** A fully specified message: the code that it holds, and the token that it brings. */
export type Message =
  | { kind: 'submit'; code: number | undefined; token?: number }
  | { kind: 'submitMalformed' }
  | { kind: 'resend'; token?: number }
  | { kind: 'renew'; token: number }
  | { kind: 'join'; token: number }
  /** With a token of another user. */
  | { kind: 'foreign' }
  | { kind: 'confirm' }
  | { kind: 'cancel' }
  /** The attribute is verified elsewhere, without a message to us. */
  | { kind: 'verifiedElsewhere' }
  /** The user changes the value of the attribute to the one of this number. */
  | { kind: 'change'; value: number }
  /** Global sign-out. */
  | { kind: 'revokeTokens' };

/** The other messages of the same instant. */
export interface Crossing {
  /** It is sent together with others. */
  crossing: boolean;
  later: readonly Message[];
  /** The codes before it use up all attempts while they are being checked. */
  exhausts: boolean;
  choices: Choices;
}

export function take(life: Life, message: Message & { id: number }, crossing: Crossing): void {
  const { world } = life;
  const { id } = message;
  const over = isEnd(world.state) || life.past(world.expiresAt);
  switch (message.kind) {
    case 'verifiedElsewhere':
      world.cognito.verified = true;
      life.answer(id, 'done');
      return;
    case 'change':
      life.cognito.change(message.value);
      life.answer(id, 'done');
      return;
    case 'revokeTokens':
      for (const token of world.tokens) token.good = false;
      life.answer(id, 'done');
      return;
    case 'submitMalformed':
      life.answer(id, 'InvalidRequest');
      return;
    case 'foreign':
      life.answer(id, 'AccessTokenRefused');
      return;
    case 'cancel':
      if (isEnd(world.state) && world.state !== 'cancelled') answerUnheard(life, id, crossing);
      else {
        life.answer(id, 'done');
        if (!isEnd(world.state)) life.end('cancelled');
      }
      return;
    case 'confirm':
      if (isEnd(world.state)) answerUnheard(life, id, crossing);
      else {
        life.answer(id, 'done');
        life.confirm();
      }
      return;
  }
  if (over) {
    refuseLate(life, message.kind, id, crossing);
    return;
  }
  switch (message.kind) {
    case 'submit':
      submit(life, { ...message, id }, crossing);
      return;
    case 'resend':
      resend(life, { ...message, id }, crossing);
      return;
    case 'renew': {
      const refusal = life.tokenRefusal(message.token);
      if (refusal) {
        life.answer(id, refusal);
        return;
      }
      life.renew(message.token);
      life.answer(id, 'status');
      life.tokenCame();
      return;
    }
    case 'join': {
      const refusal = life.tokenRefusal(message.token);
      if (refusal) {
        life.answer(id, refusal);
        return;
      }
      const crowded = life.crowded(message.token);
      life.offer(message.token);
      const token = world.tokens[message.token];
      if (token) token.startedAt ??= world.now;
      if (!crowded) {
        life.takePlace(id, message.token);
        world.joinsWaiting.push(id);
      }
      life.tokenCame();
      life.goOn();
      if (crowded) life.answer(id, 'status');
    }
  }
}

/** Answers a message without a verdict after the end; next to the one that ends it, the server may have taken it before. */
function answerUnheard(life: Life, id: number, { crossing }: Crossing): void {
  life.answer(id, ...(crossing ? ['VerificationEnded', 'done'] : ['VerificationEnded']));
}

/** Answers a message after the end; next to the message that ends the verification, it may have been accepted before. */
function refuseLate(
  { world, failedWith }: Life,
  kind: Message['kind'],
  id: number,
  { crossing, exhausts }: Crossing,
): void {
  const answer = world.state === 'failed' ? failedWith : kind === 'submit' ? 'verified' : 'status';
  const possible = crossing && (kind !== 'submit' || world.state !== 'cancelled');
  world.answers[id] = possible ? ['VerificationEnded', answer] : ['VerificationEnded'];
  const exhausted = { submit: 'AttemptsExhausted', resend: 'ResendNotAllowed:attemptsExhausted' } as Record<
    string,
    string
  >;
  if (exhausts && exhausted[kind]) world.answers[id]?.push(exhausted[kind]);
}

type Submit = Extract<Message, { kind: 'submit' }> & { id: number };

function submit(life: Life, { id, code, token }: Submit, { later, exhausts, choices }: Crossing): void {
  const { world } = life;
  if (life.crowded(token)) {
    life.answer(id, 'TooManyMessages');
    return;
  }
  // It may come before the code is counted that uses up the attempts, and then waits for what comes of that one.
  const exhausted = exhausts ? choices.oneOf([false, true]) : attemptsLeft(world) === 0 && !world.codeAccepted;
  if (exhausted) life.answer(id, 'AttemptsExhausted');
  else if (counted(world).length === 0 && world.state !== 'sending') life.answer(id, 'CodeNotSent');
  else {
    life.takePlace(id, token);
    world.queue.push({ message: id, code, token });
    const ends = later.some(({ kind }) => kind === 'cancel' || kind === 'confirm') && !world.check;
    const course = ends ? choices.oneOf(COURSES) : 'answered';
    if (course === 'answered') life.takeCodes();
    else overtake(life, course);
  }
}

/**
 * The end comes while the code is with Cognito, or along with Cognito's answer, and that answer reaches no caller. `untold`: the
 * server throws away the workflow task in which a right code was checked, and the next one begins with the end.
 */
const COURSES = ['answered', 'overtaken', 'overtakenWithItsAnswer', 'untold'] as const;

function overtake(life: Life, course: Exclude<(typeof COURSES)[number], 'answered'>): void {
  const { world } = life;
  const before = structuredClone(world);
  const [submitted] = world.queue;
  const { meanwhile } = life;
  life.meanwhile = undefined;
  life.takeCodes();
  life.meanwhile = meanwhile;
  const newAttempts = world.attempts.slice(before.attempts.length);
  if (newAttempts.length === 0 || !submitted) return;
  const { verified } = world.cognito;
  for (const key of Object.keys(world) as (keyof World)[]) delete world[key];
  const last = newAttempts.at(-1);
  const isUntold = course === 'untold' && last?.outcome === 'accepted';
  Object.assign(world, before, isUntold ? {} : { queue: [] });
  world.cognito.verified = verified;
  world.overtaken.attempts += newAttempts.length;
  if (isUntold) return;
  if (course === 'overtaken' && last) last.outcome = 'checking';
  world.attempts.push(...newAttempts);
  const nothing = { since: world.now, look: {}, calls: 0, sendsBefore: 0 };
  world.check = { ...submitted, ...nothing, stage: 'call' };
}

type Resend = Extract<Message, { kind: 'resend' }> & { id: number };

function resend(life: Life, { id, token }: Resend, { crossing, later, exhausts, choices }: Crossing): void {
  const { world } = life;
  const ofToken = token === undefined ? undefined : life.tokenRefusal(token);
  if (ofToken || life.crowded(token)) {
    life.answer(id, ofToken ?? 'TooManyMessages');
    return;
  }
  if (exhausts && choices.oneOf([false, true])) {
    life.answer(id, 'ResendNotAllowed:attemptsExhausted');
    return;
  }
  const refusal = life.resendRefusal(token);
  if (refusal) {
    // Next to another message, it may have joined that message's send in time.
    life.answer(id, ...(crossing ? [refusal, 'status', 'ResendFailed', life.failedWith] : [refusal]));
    return;
  }
  life.takePlace(id, token);
  if (token !== undefined) {
    life.offer(token);
    // The send that waited for a token serves the caller who brings one.
    const joins = world.state === 'awaitingToken' && world.sendWanted && life.usable().length > 0;
    if (joins) world.resendsWaiting.push(id);
    life.tokenCame();
    if (joins) return;
    if (isEnd(world.state)) {
      life.answer(id, life.failedWith, 'status');
      return;
    }
  }
  if (life.lookDecides()) {
    world.resendsHeld.push({ message: id, token });
    return;
  }
  // A right code next to it may end the verification while the send is with Cognito.
  const canOvertake = crossing && !world.check && later.some(({ kind }) => kind === 'submit');
  life.takeResend({ message: id, token }, () => canOvertake && choices.oneOf([false, true]));
}
