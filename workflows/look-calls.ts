import type { ParsedRequest } from '@cognito-verification/contract';
import type { AwaitedValue } from '../activities/attribute-snapshot.js';
import { type AccessTokens, type NoToken, withToken } from './access-tokens.js';
import { type LookBudget, type ReadVerdict, readAttribute } from './cognito-calls.js';
import { readAttributeDirectly } from './direct-calls.js';
import type { HeldToken } from './held-token.js';
import type { Target } from './proof.js';
import type { Terms } from './terms.js';

/** What the calls need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly terms: Terms;
}

/** What is known when a look is made. */
interface Known {
  readonly target: Target | undefined;
  readonly codeAccepted: boolean;
  /** The target was not verified before its code went out. */
  readonly acceptanceShows: boolean;
}

/** What came of a look. */
export type Look = ReadVerdict | NoToken;

interface LookOptions {
  given?: HeldToken | undefined;
  untilMs?: number | undefined;
  direct?: boolean | undefined;
  forProof?: boolean | undefined;
}

/** The calls that look at the attribute: with which token, and what each is told. */
export class LookCalls {
  constructor(
    private readonly parts: Parts,
    private readonly known: Known,
  ) {}

  /** The value that an accepted code has verified, for the activity that waits until it shows. */
  get awaited(): AwaitedValue | undefined {
    const { target } = this.known;
    if (!target) return undefined;
    const { valueDigest, mustDiffer, keptDigest } = target;
    return { valueDigest, mustDiffer, keptDigest };
  }

  /**
   * Looks at the attribute, with the best token that Cognito takes. After an accepted code the look waits for its effect.
   * @param summary what the Web UI shows beside the activity
   * @param options `given`: the only token to use; `untilMs`: when it must have ended; `direct`: whether the first try may be
   *   a local activity; `forProof`: whether the verification ends by what it may show
   */
  look(summary: string, { given, untilMs, direct = false, forProof = false }: LookOptions = {}): Promise<Look> {
    return withToken(
      this.parts.tokens,
      'read',
      async (held) => {
        const look = direct ? await readAttributeDirectly(this.callOf(held, forProof), summary) : undefined;
        if (look && look.verdict !== 'notCalled') return look;
        const withinMs = untilMs === undefined ? undefined : Math.max(1_000, untilMs - Date.now());
        return await readAttribute(this.callOf(held, forProof), summary, { withinMs });
      },
      { given },
    );
  }

  /** Looks at the attribute with this token. */
  read(held: HeldToken, summary: string, budget: LookBudget): Promise<ReadVerdict> {
    return readAttribute(this.callOf(held, false), summary, budget);
  }

  private callOf({ tokenInput }: HeldToken, forProof: boolean): Parameters<typeof readAttribute>[0] {
    const { attributeName, owner } = this.parts.request;
    const { target, codeAccepted, acceptanceShows } = this.known;
    const { newValue } = this.parts.terms.change;
    const awaited = codeAccepted ? this.awaited : undefined;
    const proves = forProof && acceptanceShows && !codeAccepted ? this.awaited : undefined;
    return { owner, attributeName, tokenInput, salt: target?.salt, target: awaited, proves, newValue };
  }
}
