import { type Provenance, provenanceOf } from '@cognito-verification/codec/provenance';
import { InvalidInputError } from '@cognito-verification/contract';

/** How far the clock of whoever starts verifications may be behind Temporal's. */
const REQUEST_GOOD_FOR_MS = 15 * 60_000;

/** How far the clocks of those who send messages may be apart: less than anyone takes to end one verification and start another. */
const CLOCKS_APART_MS = 2 * 60_000;

/**
 * Inputs that somebody sends again, known by their seals. Nobody without a key can make one; but whoever may write to
 * the namespace could send what they have seen there, in this verification or in an earlier one of the same user, to use
 * up attempts, to have another message sent, or to confirm.
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
   * What the codec of a sample has sealed says no time, and only a copy within this verification is known.
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

  /** By the handler, not by its validator: validators are skipped in a replay. */
  note(input: unknown): void {
    const sealId = provenanceOf(input)?.sealId;
    if (sealId !== undefined) this.seen.add(sealId);
  }
}

function sealedTooEarly(input: string, earlyMs: number): InvalidInputError {
  const minutes = Math.round(earlyMs / 60_000);
  return new InvalidInputError(
    input,
    `was sealed ${minutes} minutes before this verification was started: it is a copy, or the clock of whoever sent it is wrong`,
  );
}
