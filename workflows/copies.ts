import { provenanceOf } from '@cognito-verification/codec/provenance';

/**
 * The inputs that a verification has taken in, by their seals. Nobody without a key can make one; but whoever may write to
 * the namespace could send one again that they have seen there, to use up attempts or to have another message sent.
 */
export class Copies {
  private readonly seen = new Set<string>();

  /** A caller that repeats a call seals it anew, and Temporal knows the call by its id. */
  isCopy(input: unknown): boolean {
    const sealId = provenanceOf(input)?.sealId;
    return sealId !== undefined && this.seen.has(sealId);
  }

  /** By the handler, not by its validator: validators are skipped in a replay. */
  note(input: unknown): void {
    const sealId = provenanceOf(input)?.sealId;
    if (sealId !== undefined) this.seen.add(sealId);
  }
}
