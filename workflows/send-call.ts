import type { ParsedRequest, Secret } from '@cognito-verification/contract';
import { isCancellation } from '@temporalio/workflow';
import { type AccessTokens, type NoToken, withToken } from './access-tokens.js';
import { type SendVerdict, sendCode } from './cognito-calls.js';
import { sendCodeDirectly } from './direct-calls.js';
import { type HeldToken, isSame } from './held-token.js';
import { type NotYet, shownBy } from './look-before-send.js';
import type { Looks } from './looks.js';
import type { Resending } from './mailbox.js';
import type { CallState } from './policy.js';
import type { SendRecords } from './send-records.js';
import type { Terms } from './terms.js';
import { Underway } from './underway.js';

/** What the call needs of its verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly terms: Terms;
  readonly looks: Looks;
}

/** The answer to a send for which Cognito took the token, or may have; or none, for lack of a token. */
export type TakenSend = Exclude<SendVerdict, { verdict: 'accessTokenRejected' }> | NoToken | NotYet;

/** A person waits for what a start says of a send that must wait. */
const MOST_FOR_LOOK_MS = 5_000;

/** The call that asks Cognito to send a code, at most one at a time, and its answer until that is taken. */
export class SendCall {
  private readonly call = new Underway<TakenSend>();
  /** An answer that `take` has not handed over yet. */
  private untaken: SendVerdict | undefined;
  private hasEnded = false;
  private isCalledOff = false;
  private triedDirectly = false;
  private isTriedAgain = false;
  /** What was asked for so far: codes to these values, or to the one that the user has. */
  private readonly askedFor: (Secret | undefined)[] = [];

  /** @param onTryAgain called where the first try has failed, and another one follows at once */
  constructor(
    private readonly parts: Parts,
    private readonly records: SendRecords,
    private readonly onTryAgain: () => void,
  ) {}

  get state(): CallState {
    return this.call.state;
  }

  /** The first try of the call that is under way is known to have failed. */
  get triesAgain(): boolean {
    return this.isTriedAgain;
  }

  /** The answer that waits to be taken says that the attribute was verified already. */
  get foundVerified(): boolean {
    return this.call.state === 'settled' && this.untaken?.verdict === 'alreadyVerified';
  }

  /** @param resending the re-send that was asked for, if one was */
  start(resending: Resending | undefined): void {
    this.call.start(() => this.send(resending));
  }

  /** Looks whether the attribute is verified, before the first send waits for its time. */
  startLook(): void {
    this.call.start(async () => {
      const { request, looks } = this.parts;
      const summary = `Read ${request.attributeName} before a send that must wait`;
      const look = await looks.calls.look(summary, { direct: true, untilMs: Date.now() + MOST_FOR_LOOK_MS });
      const shown = shownBy(look.verdict === 'read' ? look.attribute : undefined);
      if (shown.verdict === 'alreadyVerified') this.untaken = shown;
      return shown;
    });
  }

  /** See `Sends`. */
  askedForAnother(newValue: Secret | undefined): boolean {
    return this.askedFor.some((value) => (value && newValue ? !value.equals(newValue) : value !== newValue));
  }

  /** Hands the answer over. */
  take(): TakenSend {
    this.untaken = undefined;
    this.isTriedAgain = false;
    try {
      return this.call.take();
    } catch (error) {
      if (!this.isCalledOff || !isCancellation(error)) throw error;
      return { verdict: 'notYet' };
    }
  }

  /** It is not tried again. A try that is with Cognito goes on: nobody could tell what comes of it otherwise. */
  callOff(): void {
    this.isCalledOff = true;
    this.call.stop();
  }

  /** Stops a send that is still being tried. */
  cancel(): void {
    this.call.cancel();
  }

  /** Lists an answer that came together with the end, since its message may have left. */
  end(): void {
    this.hasEnded = true;
    if (this.untaken) this.records.add(this.untaken);
  }

  private send(resending: Resending | undefined): Promise<TakenSend> {
    const { request, tokens, looks, terms } = this.parts;
    const { attributeName, owner } = request;
    const summary = `Send ${this.records.counted.length + 1} of at most ${terms.policy.maxSends}: ${attributeName}`;
    // Of a request that does not count only with the token that it came with.
    const claimOf = (held: HeldToken) => (terms.proven ? terms : (held.claims[0] ?? terms));
    const changeOf = (held: HeldToken) => (terms.proven ? terms.change : (held.claims[0] ?? terms.change));
    const callWith = (held: HeldToken) => ({
      owner,
      attributeName,
      tokenInput: held.tokenInput,
      salt: looks.target?.salt,
      recordAttribute: this.records.nothingSent || !looks.target,
      unlessVerified: this.records.nothingSent && !claimOf(held).reverify,
      newValue: changeOf(held).newValue,
      replaceAtOnce: changeOf(held).replaceAtOnce || undefined,
      clientMetadata: metadataFor(held, { resending, tokens, terms }),
    });
    return withToken(
      tokens,
      'send',
      async (held) => {
        this.askedFor.push(changeOf(held).newValue);
        return (await this.sendDirectly(callWith(held), summary)) ?? (await sendCode(callWith(held), summary));
      },
      {
        onAnswer: (answer) => {
          looks.noteSend(answer.attribute, { first: this.records.nothingSent });
          looks.noteOldValue(answer);
          if (answer.verdict === 'accessTokenRejected' || this.hasEnded) this.records.add(answer);
          else this.untaken = answer;
        },
      },
    );
  }

  /**
   * The first send goes out with the workflow task that begins it, once: it is what a person waits for. All others go by the task
   * queue of calls, which takes over here too where the first had no effect.
   */
  private async sendDirectly(call: Parameters<typeof sendCode>[0], summary: string): Promise<SendVerdict | undefined> {
    // A change draws on what the attempts of all pools draw on.
    if (this.triedDirectly || !this.records.nothingSent || call.newValue) return undefined;
    this.triedDirectly = true;
    const answer = await sendCodeDirectly(call, summary);
    if (answer.verdict === 'notCalled') return undefined;
    if (answer.verdict !== 'throttled' && answer.verdict !== 'unreachable') return answer;
    this.parts.looks.noteSend(answer.attribute, { first: this.records.nothingSent });
    this.isTriedAgain = true;
    if (this.call.state === 'underWay' && !this.isCalledOff) this.onTryAgain();
    return undefined;
  }
}

/** What is passed to the triggers of the user pool: of a request that does not count only with the token that it came with. */
function metadataFor(
  held: HeldToken,
  { resending, tokens, terms }: { resending: Resending | undefined; tokens: AccessTokens; terms: Terms },
): Record<string, string> | undefined {
  const { given, clientMetadata } = resending ?? {};
  if (given && clientMetadata && (tokens.counts(given) || isSame(given.tokenInput, held.tokenInput)))
    return clientMetadata;
  return terms.proven ? terms.clientMetadata : held.claims[0]?.clientMetadata;
}
