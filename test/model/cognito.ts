/** Cognito as one user experiences it: codes, limits, tokens, and faults. */
import {
  ATTEMPT_TROUBLES,
  type AttemptMeaning,
  meaningOf,
  READ_TROUBLES,
  type ReadMeaning,
  SEND_TROUBLES,
  type SendMeaning,
  type Trouble,
  type Troubles,
} from './faults.js';
import { HOUR, type Shown, type World } from './world.js';
import type { Choices } from './worlds.js';

const SENDS_AN_HOUR = 5;
const ATTEMPTS_AN_HOUR = 15;
const CODE_LIVES = 24 * HOUR;

type Call = keyof Troubles;

export class ModelCognito {
  constructor(
    private readonly world: World,
    private readonly choices: Choices,
  ) {}

  /** Whether a time has come; either answer is possible if it is about now. */
  past(at: number): boolean {
    const { now, fuzz } = this.world;
    if (Math.abs(now - at) > fuzz) return now >= at;
    return this.choices.oneOf([true, false]);
  }

  /** `throttledOnce` is tried again within a second, with another look at the attribute. */
  send(token: number): SendMeaning | 'throttledOnce' {
    const once = this.world.cognito.troubles.send?.once;
    const trouble: Trouble<SendMeaning> | undefined = this.trouble('send', SEND_TROUBLES);
    if (trouble?.means === 'throttled') return once ? 'throttledOnce' : 'throttled';
    this.world.cognito.sendCalls += 1;
    if (trouble && !trouble.happens) return trouble.means ?? 'sent';
    const effect = this.sendEffect(token, trouble?.lost === true);
    return trouble?.means ?? effect;
  }

  /** Asks for a code for the value that it holds, where troubles are those of a change. */
  sendUntroubled(token: number): SendMeaning {
    this.world.cognito.sendCalls += 1;
    return this.sendEffect(token, false);
  }

  /** The worker changes the value. Cognito limits that by nothing. */
  update(token: number, value: number): SendMeaning | 'throttledOnce' {
    const once = this.world.cognito.troubles.send?.once;
    const trouble: Trouble<SendMeaning> | undefined = this.trouble('send', SEND_TROUBLES);
    if (trouble?.means === 'throttled') return once ? 'throttledOnce' : 'throttled';
    this.world.cognito.sendCalls += 1;
    if (trouble && !trouble.happens) return trouble.means ?? 'sent';
    const isTaken = this.takes(token);
    if (isTaken) this.change(value, trouble?.lost === true);
    return trouble?.means ?? (isTaken ? 'sent' : 'refused');
  }

  attempt(token: number, code: number | undefined): AttemptMeaning {
    const once = this.world.cognito.troubles.attempt?.once;
    const trouble: Trouble<AttemptMeaning> | undefined = this.trouble('attempt', ATTEMPT_TROUBLES);
    if (trouble?.means === 'throttled') return once ? this.attempt(token, code) : 'throttled';
    this.world.cognito.attemptCalls += 1;
    if (trouble && !trouble.happens) return trouble.means ?? 'verified';
    const effect = this.attemptEffect(token, code);
    return trouble?.means ?? effect;
  }

  /** A look that is an activity of its own is tried again; the look before a send is not. */
  read(token: number, glance = false): ReadMeaning {
    const once = this.world.cognito.troubles.read?.once;
    const trouble: Trouble<ReadMeaning> | undefined = this.trouble('read', READ_TROUBLES);
    if (trouble?.means === 'throttled' && once && !glance) return this.read(token);
    if (trouble?.means) return trouble.means;
    return this.takes(token) ? 'read' : 'refused';
  }

  /** What a look shows. */
  get shown(): Shown {
    const { told, value, verified } = this.world.cognito;
    return { value: told === 'noValue' ? undefined : value, verified: told === 'noFlag' ? undefined : verified };
  }

  /** The user changes the value, upon which Cognito sends a code to the new one by itself. */
  change(value: number, lost = false): void {
    const { cognito } = this.world;
    const isNew = value !== cognito.value;
    if (isNew || cognito.pending !== undefined) cognito.code = undefined;
    cognito.pending = undefined;
    if (!isNew) return;
    if (cognito.keeps) cognito.pending = value;
    else Object.assign(cognito, { value, verified: false });
    this.makeCode(value, lost);
  }

  /** Whether a call would be throttled under the current faults. */
  blocks(call: Call): boolean {
    const set = this.world.cognito.troubles[call];
    if (!set || set.once) return false;
    const tables = { send: SEND_TROUBLES, attempt: ATTEMPT_TROUBLES, read: READ_TROUBLES };
    return meaningOf(tables[call], set) === 'throttled';
  }

  /** The failure type for the most recent trouble. */
  failureType(call: 'send' | 'attempt'): string {
    return this.lastType[call] ?? 'Unknown';
  }

  /** The call is not made, for this reason. */
  refuseSend(type: string): 'failed' {
    this.lastType.send = type;
    return 'failed';
  }

  private readonly lastType: Partial<Record<Call, string>> = {};

  private trouble<Meaning>(call: Call, table: Record<string, Trouble<Meaning>>): Trouble<Meaning> | undefined {
    const { troubles } = this.world.cognito;
    const set = troubles[call];
    if (!set) return undefined;
    if (set.once) delete troubles[call];
    const { met } = this.world.cognito;
    met[`${call} ${set.name}`] = (met[`${call} ${set.name}`] ?? 0) + 1;
    const trouble = table[set.name];
    if (trouble?.type !== undefined) this.lastType[call] = trouble.type;
    return trouble;
  }

  private takes(token: number): boolean {
    const { good, expiresAt } = this.world.tokens[token] ?? { good: false, expiresAt: 0 };
    return good && !this.past(expiresAt);
  }

  private sendEffect(token: number, lost: boolean): SendMeaning {
    const { cognito } = this.world;
    if (!this.takes(token)) return 'refused';
    if (!this.spend(cognito.sends, SENDS_AN_HOUR)) return 'rateLimited';
    this.makeCode(cognito.value, lost);
    return 'sent';
  }

  private makeCode(value: number, lost = false): void {
    const { cognito, now } = this.world;
    cognito.codes += 1;
    cognito.code = { number: cognito.codes, expiresAt: now + CODE_LIVES, value };
    if (!lost) cognito.inbox.push(cognito.codes);
  }

  private attemptEffect(token: number, code: number | undefined): AttemptMeaning {
    const { cognito } = this.world;
    if (!this.takes(token)) return 'refused';
    if (!this.spend(cognito.attempts, ATTEMPTS_AN_HOUR)) return 'rateLimited';
    if (!cognito.code || this.past(cognito.code.expiresAt)) return 'codeExpired';
    if (code !== cognito.code.number) return 'mismatch';
    if (cognito.pending === cognito.code.value) Object.assign(cognito, { value: cognito.pending, pending: undefined });
    cognito.code = undefined;
    cognito.verified = true;
    return 'verified';
  }

  private spend(spent: number[], allowed: number): boolean {
    const inTheHour = spent.filter((at) => !this.past(at + HOUR));
    if (inTheHour.length >= allowed) return false;
    spent.push(this.world.now);
    return true;
  }
}
