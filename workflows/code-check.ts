import {
  type AttemptOutcome,
  type AttributeName,
  attributeUnreadable,
  CALL_FAILURE_TYPES,
  type ParsedRequest,
  type SubmitCodeResult,
  type VerificationFailure,
} from '@cognito-verification/contract';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { UncountedAttempt } from '../activities/cognito.js';
import { type AccessTokens, type NoToken, withToken } from './access-tokens.js';
import { type AttemptVerdict, verifyCode } from './cognito-calls.js';
import { LONGEST_DIRECT_MS, verifyCodeDirectly } from './direct-calls.js';
import { type HeldToken, lives } from './held-token.js';
import type { Look } from './look-calls.js';
import type { Looks } from './looks.js';
import type { Submitted } from './mailbox.js';
import type { Ending } from './policy.js';
import { type Judgement, judge, type Target } from './proof.js';

/** What a check needs of its verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly looks: Looks;
}

/**
 * `call`: by a local activity. `remembered`: the worker process is only asked for attempts whose workflow tasks were lost, this one
 * included. `none`: there can be none.
 */
export type Directness = 'call' | 'remembered' | 'none';

/** The attempts that were made so far. */
interface Counter {
  readonly left: number;
  readonly lostAnswer: boolean;
  /** How an attempt may begin; see `Directness`. */
  readonly directness: Directness;
  /** The updates whose attempts are counted. */
  readonly countedUpdates: readonly string[];
  /** Counts an attempt before Cognito is asked, or with its answer; the outcome is filled in when it is known. */
  count(updateId: string, at?: string): (outcome: AttemptOutcome) => void;
  /** Makes a direct call, whose attempt is counted with its answer. */
  uncounted<Answer>(call: () => Promise<Answer>): Promise<Answer>;
  /** Whether the update was one of those below; it no longer is. */
  forgetLost(updateId: string): boolean;
  /** Counts attempts whose workflow tasks were lost. */
  countLost(attempts: readonly UncountedAttempt[]): void;
}

/** What came of a code: the answer to the caller, why there is none, or the end of the verification. */
export type CheckEnd =
  | { verdict: 'answered'; result: Exclude<SubmitCodeResult, 'verified'> }
  | { verdict: 'unavailable'; failure: VerificationFailure }
  | { verdict: 'ended'; ending: Ending }
  /** Attempts had to be counted first: whether it may be checked is decided anew. */
  | { verdict: 'again' };

/** Calls for one code: the first, and one more if its answer was lost and the attribute is not verified. */
const MOST_CALLS = 2;

/** What is left of the time for the look after an attempt, and the least for an attempt itself. */
const FOR_LOOK_MS = 10_000;
const LEAST_FOR_ATTEMPT_MS = 5_000;

/** The check of one code: the calls to Cognito, and what they say. */
export class CodeCheck {
  /** @param answerByMs when the caller must have an answer */
  constructor(
    private readonly parts: Parts,
    private readonly attempts: Counter,
    private readonly answerByMs: number,
  ) {}

  /** Asks Cognito. */
  run(input: Submitted): Promise<CheckEnd | NoToken> {
    // A token that came with the code is the only one used for it: a forged one must not spend the real user's attempts.
    const { given } = input;
    return withToken(this.parts.tokens, 'attempt', (held) => this.check(held, input), { given });
  }

  /** A code was accepted before: another one could only spend an attempt. What is missing is the proof. */
  proveOnly({ given }: Submitted): Promise<CheckEnd> {
    return this.prove(undefined, given);
  }

  /**
   * Counts each call before it is made. Reads the attribute before the first one if nobody has, since nothing could be proven
   * after it, or if nobody has checked the token, since a forged one must cost no attempt; and after a lost answer, before
   * anything is said.
   */
  private async check(
    held: HeldToken,
    { code, given, updateId }: Submitted,
  ): Promise<CheckEnd | { verdict: 'accessTokenRejected' }> {
    const { looks, tokens } = this.parts;
    const { attributeName, owner } = this.parts.request;
    const { tokenInput } = held;
    const end = looks.target && !tokens.mayBeForged(held) ? undefined : await this.lookBefore(held);
    if (end) return end;
    for (let calls = 1; ; calls++) {
      const withinMs = this.answerByMs - FOR_LOOK_MS - Date.now();
      if (withinMs < LEAST_FOR_ATTEMPT_MS) return { verdict: 'unavailable', failure: OUT_OF_TIME };
      const attempt = { owner, attributeName, tokenInput, code, salt: looks.target?.salt, target: looks.calls.awaited };
      const summary = `Check a code for ${attributeName}`;
      const { directness, countedUpdates: counted } = this.attempts;
      const rememberedOnly = directness === 'remembered' || !lives(held, Date.now() + LONGEST_DIRECT_MS);
      const direct =
        calls === 1 && directness !== 'none'
          ? await this.attempts.uncounted(() =>
              verifyCodeDirectly({ ...attempt, updateId, counted, rememberedOnly }, summary),
            )
          : undefined;
      if (direct?.verdict === 'notCalled' && direct.uncounted?.length) {
        this.attempts.countLost(direct.uncounted);
        return { verdict: 'again' };
      }
      // Nobody knows an answer to this very code, so that it is another attempt.
      const isAnswered = direct && direct.verdict !== 'notCalled';
      if (calls === 1 && !isAnswered && this.attempts.forgetLost(updateId)) return { verdict: 'again' };
      const settle = this.attempts.count(updateId, isAnswered ? direct.at : undefined);
      const answer = isAnswered ? direct : await verifyCode(attempt, summary, withinMs);
      settle(OUTCOMES[answer.verdict]);
      if (answer.verdict === 'accessTokenRejected') return { verdict: answer.verdict };
      tokens.learn(held, 'attempt', answer.verdict);
      if (answer.verdict === 'accepted') {
        looks.accept();
        return await this.prove(answer.attribute);
      }
      if (answer.verdict !== 'uncertain' && answer.verdict !== 'codeExpired') return endOf(answer);
      const look = answer.attribute
        ? ({ verdict: 'read', attribute: answer.attribute } as const)
        : await looks.calls.look(`Read whether ${attributeName} is verified by now`, {
            given,
            untilMs: this.answerByMs,
            forProof: true,
          });
      const ending = look.verdict === 'read' ? looks.judge('found', look.attribute) : undefined;
      if (ending) return { verdict: 'ended', ending };
      // A direct call of a lost workflow task is in no history, whichever call is made after it.
      const mayBeRepeat = this.attempts.lostAnswer || direct !== undefined;
      const unknown = mayBeRepeat && whyUnknown(look, answer.verdict, looks.target, attributeName);
      if (unknown) return unknown;
      if (answer.verdict !== 'uncertain' || calls === MOST_CALLS || this.attempts.left === 0) return endOf(answer);
    }
  }

  /**
   * Looks with the token of the attempt: at the target, where the first send could not or has not ended yet. A code that
   * nothing could prove is not spent.
   */
  private async lookBefore(held: HeldToken): Promise<CheckEnd | { verdict: 'accessTokenRejected' } | undefined> {
    const { looks, request, tokens } = this.parts;
    const look = await looks.calls.read(held, `Read ${request.attributeName} before the attempt`, { budget: 'quick' });
    if (look.verdict === 'accessTokenRejected') return { verdict: look.verdict };
    if (look.verdict !== 'read') return { verdict: 'unavailable', failure: look.failure };
    tokens.learn(held, 'read', look.verdict);
    const ending = looks.target ? undefined : looks.takeTarget(look.attribute);
    return ending && { verdict: 'ended', ending };
  }

  /**
   * A code was accepted: what the attribute shows ends the verification. Without a look that tells, the caller hears that the
   * proof is outstanding, and the looks go on by themselves.
   * @param attribute what the attempt has read after it
   */
  private async prove(attribute?: AttributeSnapshot, given?: HeldToken): Promise<CheckEnd> {
    const { looks, request } = this.parts;
    let ending = attribute && looks.judge('accepted', attribute);
    if (ending) return { verdict: 'ended', ending };
    const summary = `Read ${request.attributeName}, for which a code was accepted`;
    const look = await looks.calls.look(summary, { given, untilMs: this.answerByMs });
    ending = look.verdict === 'read' ? looks.judge('accepted', look.attribute) : looks.putOff(look);
    if (ending) return { verdict: 'ended', ending };
    if (look.verdict === 'noToken') return REJECTED;
    return { verdict: 'unavailable', failure: look.verdict === 'read' ? OUT_OF_TIME : look.failure };
  }
}

/** No token is left that Cognito takes. */
export const REJECTED = { verdict: 'answered', result: 'accessTokenRejected' } as const;

const OUT_OF_TIME: VerificationFailure = {
  type: CALL_FAILURE_TYPES.outOfTime,
  message: 'Other calls took the time in which this code should have had its answer.',
};

const OUTCOMES: Record<AttemptVerdict['verdict'], AttemptOutcome> = {
  accepted: 'accepted',
  mismatch: 'mismatch',
  codeExpired: 'codeExpired',
  rateLimited: 'rateLimited',
  accessTokenRejected: 'accessTokenRejected',
  uncertain: 'uncertain',
  throttled: 'notMade',
  unreachable: 'notMade',
  blocked: 'notMade',
  failed: 'failed',
};

const UNTOLD: ReadonlySet<Judgement> = new Set(['valueNotTold', 'flagNotTold', 'beforeNotTold']);

/**
 * After a lost answer: why a look does not tell whether the code was accepted. Then another try is not safe, and a code that
 * Cognito may have taken must not be called expired.
 */
function whyUnknown(
  look: Look,
  answer: 'uncertain' | 'codeExpired',
  target: Target | undefined,
  attributeName: AttributeName,
): CheckEnd | undefined {
  if (look.verdict === 'noToken') return REJECTED;
  if (look.verdict !== 'read') return { verdict: 'unavailable', failure: look.failure };
  // A flag that was never set is not told either, so that the code may be tried once more.
  if (answer === 'uncertain' || !target || !UNTOLD.has(judge(target, 'found', look.attribute))) return undefined;
  return { verdict: 'unavailable', failure: attributeUnreadable(attributeName, 'the flag') };
}

function endOf(answer: Exclude<AttemptVerdict, { verdict: 'accepted' | 'accessTokenRejected' }>): CheckEnd {
  switch (answer.verdict) {
    case 'mismatch':
    case 'codeExpired':
    case 'rateLimited':
      return { verdict: 'answered', result: answer.verdict };
    case 'throttled':
    case 'unreachable':
    case 'blocked':
    case 'uncertain':
      return { verdict: 'unavailable', failure: answer.failure };
    case 'failed':
      return { verdict: 'ended', ending: { outcome: 'failed', failure: answer.failure } };
    default:
      return answer satisfies never;
  }
}
