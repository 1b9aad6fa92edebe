/**
 * What a verification goes by: the policy and the `clientMetadata` in force. Those of the request that opened it are
 * provisional until a request counts, because its token does.
 */
import {
  type AttributeName,
  type CodeDelivery,
  deliveryTold,
  isRecord,
  POLICY_FIELDS,
  PolicyError,
  type PolicyFieldName,
  parseDuration,
  type ResolvedPolicy,
  resolvePolicy,
  Secret,
} from '@cognito-verification/contract';

/** No request may hold a verification open for longer. */
export const LONGEST_DEADLINE_MS = parseDuration(POLICY_FIELDS.deadline.most) as number;

/** What a request asks for, apart from the user and the attribute. */
export interface Claim {
  /** When it came. Its deadline is counted from then. */
  readonly atMs: number;
  readonly policy: ResolvedPolicy;
  /** The fields of its policy that the request names; the others are defaults. */
  readonly named: ReadonlySet<PolicyFieldName>;
  readonly clientMetadata: Record<string, string> | undefined;
  readonly alreadySent: CodeDelivery | undefined;
  /** A code is wanted also where the attribute is verified already. */
  readonly reverify: boolean;
  /** The value that the attribute is to get. */
  readonly newValue: Secret | undefined;
  readonly replaceAtOnce: boolean;
}

/**
 * The claim of a message whose validator has checked it. It refuses nothing, because a replay must read every recorded
 * message, whatever later versions refuse.
 */
export function claimOf(message: unknown, attributeName: AttributeName, atMs: number): Claim {
  const { policy, alreadySent, reverify, newValue, replaceAtOnce } = isRecord(message) ? message : {};
  return {
    ...policyOf(policy, attributeName),
    atMs,
    clientMetadata: metadataOf(message),
    alreadySent: isRecord(alreadySent)
      ? deliveryTold(alreadySent['destination'], alreadySent['deliveryMedium'])
      : undefined,
    reverify: reverify === true,
    newValue: typeof newValue === 'string' ? new Secret(newValue) : undefined,
    replaceAtOnce: replaceAtOnce === true,
  };
}

/** The entries that are texts: other languages write `null` for an entry that is not set. */
export function metadataOf(message: unknown): Claim['clientMetadata'] {
  const metadata = isRecord(message) ? message['clientMetadata'] : undefined;
  if (!isRecord(metadata)) return undefined;
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}

function policyOf(policy: unknown, attributeName: AttributeName): Pick<Claim, 'policy' | 'named'> {
  const fields = Object.entries(isRecord(policy) ? policy : {}).filter(
    ([, value]) => (value ?? undefined) !== undefined,
  );
  try {
    const named = new Set(fields.map(([name]) => name as PolicyFieldName));
    return { policy: resolvePolicy(Object.fromEntries(fields), attributeName), named };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { policy: resolvePolicy({}, attributeName), named: new Set() };
  }
}

/** The terms of one verification, by the requests that have come so far. */
export class Terms {
  private isProven = false;

  /** @param claim that of the request that opened the verification */
  constructor(private claim: Claim) {}

  get policy(): ResolvedPolicy {
    return this.claim.policy;
  }

  /** Passed with every send once it counts. */
  get clientMetadata(): Claim['clientMetadata'] {
    return this.claim.clientMetadata;
  }

  /** A code is wanted also where the attribute is verified already: any request that counts may ask for it. */
  get reverify(): boolean {
    return this.claim.reverify;
  }

  /** The value that the attribute is to get, and whether it may take the place of the old one at once. */
  get change(): Pick<Claim, 'newValue' | 'replaceAtOnce'> {
    return this.claim;
  }

  /** A request counts. */
  get proven(): boolean {
    return this.isProven;
  }

  /** What `codeConfirmed` means is not known before a request counts that asks to trust it. */
  get confirmable(): boolean {
    return this.isProven || this.claim.policy.confirmation !== 'trust';
  }

  /** When the policy ends the verification. */
  get expiresAtMs(): number {
    return this.claim.atMs + this.claim.policy.deadlineMs;
  }

  /**
   * Takes a request that counts: the first one is in force from then on, and a later one may only tighten the policy, and
   * ask for a code. Where the first says nothing of a new value, that of the opening one stays.
   * @returns whether it takes the place of another one
   */
  take(claim: Claim): boolean {
    if (this.isProven) {
      const reverify = this.claim.reverify || claim.reverify;
      this.claim = { ...this.claim, policy: tightened(this.claim, claim), reverify };
      return false;
    }
    const isAnother = claim !== this.claim;
    this.isProven = true;
    const { newValue, replaceAtOnce } = claim.newValue ? claim : this.claim;
    // Nobody may be believed who does not say which value it is.
    const policy = newValue ? { ...claim.policy, confirmation: 'recheck' as const } : claim.policy;
    this.claim = { ...claim, policy, newValue, replaceAtOnce };
    return isAnother;
  }
}

/** The policy in force, with what the policy of a later request names and is tighter. */
function tightened(
  { policy: ours, atMs }: Pick<Claim, 'policy' | 'atMs'>,
  later: Pick<Claim, 'policy' | 'named' | 'atMs'>,
): ResolvedPolicy {
  const wanted = <Field extends keyof ResolvedPolicy>(name: PolicyFieldName, field: Field) =>
    later.named.has(name) ? later.policy[field] : ours[field];
  const { resendAfterMs } = ours;
  const endsMs = later.named.has('deadline') ? later.atMs + later.policy.deadlineMs : Number.POSITIVE_INFINITY;
  return {
    deadlineMs: Math.min(ours.deadlineMs, endsMs - atMs),
    codeLifetimeMs: Math.min(ours.codeLifetimeMs, wanted('codeLifetime', 'codeLifetimeMs')),
    // An automatic re-send is never added, and never made earlier.
    resendAfterMs: resendAfterMs && Math.max(resendAfterMs, wanted('resendAfter', 'resendAfterMs') ?? 0),
    resendCooldownMs: Math.max(ours.resendCooldownMs, wanted('resendCooldown', 'resendCooldownMs')),
    maxSends: Math.min(ours.maxSends, wanted('maxSends', 'maxSends')),
    maxAttempts: Math.min(ours.maxAttempts, wanted('maxAttempts', 'maxAttempts')),
    confirmation: wanted('confirmation', 'confirmation') === 'recheck' ? 'recheck' : ours.confirmation,
    codeFormat: wanted('codeFormat', 'codeFormat') === 'sixDigits' ? 'sixDigits' : ours.codeFormat,
  };
}
