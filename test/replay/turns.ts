/** A history as turns: the events before each, the actions of the workflow, and the edge of the state picture. */
import type { ListedState, VerificationState } from '@cognito-verification/contract';
import type { ReadFailure, Reading, Step } from './reading.js';

/** One workflow task that was completed. */
export interface Turn {
  /** What has arrived since the previous turn. */
  news: readonly Step[];
  /** What the workflow did, in order, including the updates that it accepted. */
  commands: readonly Step[];
  /** The state when the turn began; in the first turn, the state after the start. */
  before: VerificationState;
  after: VerificationState;
  /** Transitions, by their names in edges.ts. */
  edges: readonly string[];
}

type OfKind<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

/** The steps of one kind. */
export function only<Kind extends Step['kind']>(steps: readonly Step[], kind: Kind): OfKind<Kind>[] {
  return steps.filter((step): step is OfKind<Kind> => step.kind === kind);
}

/** What a failed call meant to the workflow; `sent` if it did not fail. */
export function verdictOf({ value, failure }: { value?: unknown; failure?: ReadFailure }): string {
  if (!failure) return value === undefined ? 'uncertain' : 'sent';
  const [details] = failure.details as readonly { failure?: string; dailyEmailLimit?: true }[];
  if (details?.dailyEmailLimit) return 'dailyEmailLimit';
  // 2: no worker took it.
  return details?.failure ?? (failure.type === 'TemporalTimeout:2' ? 'unreachable' : 'uncertain');
}

/** Follows the state through a history. */
export function turnsOf(reading: Reading): Turn[] {
  const follower = new Follower(reading);
  return split(reading.steps).map(({ news, commands }) => follower.turn(news, commands));
}

const COMMANDS: ReadonlySet<Step['kind']> = new Set(['call', 'timer', 'state', 'update', 'updateAnswer', 'end']);

function split(steps: readonly Step[]): { news: Step[]; commands: Step[] }[] {
  const turns: { news: Step[]; commands: Step[] }[] = [];
  let news: Step[] = [];
  for (const step of steps) {
    if (step.kind === 'task') {
      turns.push({ news, commands: [] });
      news = [];
    } else if (COMMANDS.has(step.kind) || (step.kind === 'answer' && step.local)) turns.at(-1)?.commands.push(step);
    else news.push(step);
  }
  return turns;
}

const BY_THEN = /^Sends again if nothing was confirmed/;
const SLOWLY = /^Tries again after /;

/** The list tells `sending` from `awaitingCode` only where a send is tried again slowly, so both derive from the calls. */
class Follower {
  private state: VerificationState | 'start' = 'start';
  /** The state that was written last; a start writes `codePending`. */
  private written: VerificationState = 'awaitingCode';
  private isFirst = true;
  private automaticDue = false;
  private resendCame = false;
  private edges: string[] = [];

  constructor(private readonly reading: Reading) {}

  turn(news: readonly Step[], commands: readonly Step[]): Turn {
    this.edges = [];
    this.isFirst = this.state === 'start';
    const { request } = this.reading;
    if (this.state === 'start' && request && !this.isRefusedAtOnce(commands)) {
      if (request.alreadySent) this.go('awaitingCode', 'Cognito had sent a code by itself');
      else this.go('sending');
    }
    const before: VerificationState = this.state === 'start' ? 'awaitingCode' : this.state;
    if (only(news, 'rang').some(({ summary }) => BY_THEN.test(String(summary)))) this.automaticDue = true;
    this.resendCame ||= only(commands, 'update').some(({ name }) => name === 'resendCode');
    const [settled] = only(news, 'answer').filter(({ activity }) => activity === 'sendCode');
    for (const step of commands) {
      if (step.kind === 'call' && step.activity === 'sendCode') this.sends(news);
      if (step.kind === 'state') this.writes(step.state, { settled, commands, news });
      if (step.kind === 'end' && this.state === 'start' && step.how === 'failed') {
        this.go('failed', 'the request is refused');
      }
    }
    this.fallsBack(settled, commands);
    return { news, commands, before, after: this.state as VerificationState, edges: this.edges };
  }

  private go(to: VerificationState, why?: string): void {
    this.edges.push(`${this.state} → ${to}${why ? `: ${why}` : ''}`);
    this.state = to;
  }

  private isRefusedAtOnce(commands: readonly Step[]): boolean {
    return only(commands, 'end').some(({ how }) => how === 'failed') && only(commands, 'state').length === 0;
  }

  private sends(news: readonly Step[]): void {
    const slowly = only(news, 'rang').some(({ summary }) => SLOWLY.test(String(summary)));
    if (this.state === 'sending' && slowly) this.go('sending', 'tried again after a while');
    else if (this.state === 'awaitingCode') this.go('sending', this.whySends());
    else if (this.state === 'rateLimited') this.go('sending', 'at retryAt');
    else if (this.state === 'awaitingToken') this.go('sending', 'a token for a send');
    this.automaticDue = false;
  }

  private whySends(): string {
    if (this.automaticDue) return 'automatic';
    return this.resendCame ? 'wanted' : 'no code was sent before, says a start that counts';
  }

  private writes(listed: ListedState, seen: Seen): void {
    // Read from the calls.
    if (listed === 'sending') return;
    const to = listed === 'codePending' ? 'awaitingCode' : listed;
    this.written = to;
    const begins = only(seen.commands, 'call').some(({ activity }) => activity === 'sendCode');
    // A send begins with it, or the answer to one falls back to it.
    const isOfSend = begins || (this.state === 'sending' && seen.settled !== undefined);
    // A start that did not write it has it written in its first task, whatever comes in that.
    if (listed === 'codePending' && (isOfSend || this.isFirst || this.state === to)) return;
    this.go(to, this.reason(to, seen));
  }

  private reason(to: VerificationState, seen: Seen): string {
    switch (to) {
      case 'verified':
        return this.reading.outcome?.proof ?? 'by nobody';
      case 'alreadyVerified':
        return 'before the first send';
      case 'expired':
        return this.reading.outcome?.reason ?? 'the deadline';
      case 'cancelled':
        return 'on request';
      case 'rateLimited':
        if (!seen.settled) return 'what earlier verifications leave';
        return verdictOf(seen.settled) === 'dailyEmailLimit' ? 'the e-mails of the day' : 'the hour';
      case 'awaitingToken':
        if (this.state === 'sending') return 'no token that Cognito takes';
        if (attemptAnswered(seen)) return 'for a code';
        return this.looksForTarget(seen) ? 'for the value to which the code went' : 'for a confirmation';
      case 'failed':
        return failedFor(seen);
      default:
        return this.backToTheCode(seen);
    }
  }

  /** The look that Cognito refused was not for a confirmation. */
  private looksForTarget({ news }: Seen): boolean {
    const calls = only(this.reading.steps, 'call');
    return only(news, 'answer').some((answer) => {
      const summary = String(calls.find(({ call }) => call === answer.call)?.summary);
      return answer.activity === 'readAttribute' && summary.includes(' before it is verified');
    });
  }

  private backToTheCode({ settled, commands }: Seen): string {
    if (this.state === 'sending' && settled) return SETTLED[verdictOf(settled)] ?? verdictOf(settled);
    if (this.state !== 'awaitingToken') return 'Cognito had sent a code by itself';
    const joined = only(commands, 'update').some(({ input }) => (input as { alreadySent?: unknown })?.alreadySent);
    return joined ? 'Cognito had sent a code by itself' : 'a token';
  }

  /** A send that returns to the state that was written last writes nothing. */
  private fallsBack(settled: OfKind<'answer'> | undefined, commands: readonly Step[]): void {
    if (!settled || this.state !== 'sending') return;
    const goesOn = commands.some(
      (step) =>
        (step.kind === 'call' && step.activity === 'sendCode') ||
        (step.kind === 'timer' && SLOWLY.test(String(step.summary))),
    );
    if (!goesOn) this.go(this.written, this.reason(this.written, { settled, commands, news: [] }));
  }
}

interface Seen {
  settled: OfKind<'answer'> | undefined;
  news: readonly Step[];
  commands: readonly Step[];
}

/** Why a send leads to `awaitingCode`. */
const SETTLED: Readonly<Record<string, string>> = {
  sent: 'sent',
  uncertain: 'uncertain',
  throttled: 'given up, after an earlier send',
  unreachable: 'given up, after an earlier send',
  failed: 'refused for good, an earlier code still works',
  undeliverable: 'refused for good, an earlier code still works',
  blocked: 'refused for good, an earlier code still works',
};

function attemptAnswered({ news, commands }: Seen): boolean {
  const answered = only([...news, ...commands], 'answer').some(({ activity }) => activity === 'verifyCode');
  return answered || only(commands, 'updateAnswer').some(({ name }) => name === 'submitCode');
}

function failedFor({ settled, news, commands }: Seen): string {
  const answers = only([...news, ...commands], 'answer');
  const attempt = answers.some((one) => one.activity === 'verifyCode' && one.failure && verdictOf(one) === 'failed');
  if (attempt) return 'a code was refused for good';
  const accepted = answers.some((one) => one.activity === 'verifyCode' && !one.failure);
  if (accepted) return 'a code was accepted, and the value is not verified';
  const verdict = settled && verdictOf(settled);
  return verdict === 'throttled' || verdict === 'unreachable' ? 'given up' : 'refused for good';
}
