import { type Provenance, provenanceOf } from '@cognito-verification/codec/provenance';
import { InvalidInputError } from '@cognito-verification/contract';

/** A request that is older than this when it starts counts as a copy. It leaves room for a starter whose clock is slow. */
const REQUEST_GOOD_FOR_MS = 15 * 60_000;

/** How far the clocks of two senders may be apart: less than it takes to end one verification and start another. */
const CLOCKS_APART_MS = 2 * 60_000;

/**
 * Finds inputs that come a second time, by their seals. Without a key no input can be made. But someone with write access to
 * the namespace could send again what they have seen there, in this verification or in an earlier one of the same user, to
 * use up attempts, to have another message sent, or to confirm.
 */
export class Copies {
  private readonly seen = new Set<string>();
  private readonly request: Provenance | undefined;

  /**
   * @param request the input that the workflow was started with
   * @throws InvalidInputError when it was sealed for an earlier start.
   */
  constructor(request: unknown, startedAtMs: number) {
    this.request = provenanceOf(request);
    this.note(request);
    const { sealedAtMs = startedAtMs } = this.request ?? {};
    if (startedAtMs - sealedAtMs > REQUEST_GOOD_FOR_MS) throw sealedTooEarly('request', startedAtMs - sealedAtMs);
  }

  /**
   * The seal of another codec may hold no time. Then only a copy within this verification is found.
   * @throws InvalidInputError for a copy.
   */
  refuse(input: unknown, message: string): void {
    const { sealId, sealedAtMs } = provenanceOf(input) ?? {};
    if (sealId === undefined) return;
    // A caller that repeats a call seals it anew, and Temporal knows the call by its id.
    if (this.seen.has(sealId)) {
      throw new InvalidInputError(message, 'is a copy of an input that this verification has had already');
    }
    const earlyMs = (this.request?.sealedAtMs ?? 0) - (sealedAtMs ?? Number.POSITIVE_INFINITY);
    if (earlyMs > CLOCKS_APART_MS) throw sealedTooEarly(message, earlyMs);
  }

  /** Remembers an input. Handlers call it, not validators, since a replay skips validators. */
  note(input: unknown): void {
    const sealId = provenanceOf(input)?.sealId;
    if (sealId !== undefined) this.seen.add(sealId);
  }
}

function sealedTooEarly(input: string, earlyMs: number): InvalidInputError {
  const minutes = Math.round(earlyMs / 60_000);
  return new InvalidInputError(
    input,
    `was sealed ${minutes} minutes before this verification was started: it is a copy, or the sender's clock is wrong`,
  );
}
