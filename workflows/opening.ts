import { type CodeDelivery, idOfNextStart, isRecord, isSameDelivery } from '@cognito-verification/contract';
import type { Claim } from './terms.js';

/** The request that opened the verification, and what comes with it once more in its update. */
export class Opening {
  /** The id of the update that came together with the request. */
  private readonly id: unknown;
  private saysTwice: boolean;

  /**
   * @param input the request as it came
   * @param claim what it asks for
   */
  constructor(
    input: unknown,
    readonly claim: Claim,
  ) {
    this.id = stampId(input);
    // Its update cannot be told from a start that joins.
    this.saysTwice = this.id === undefined && claim.alreadySent !== undefined;
  }

  /**
   * Whether the update came together with the request, or repeats the one that did because its start had met a verification
   * without attempts left before; undefined where a request in another language does not tell.
   */
  cameWith(input: unknown): boolean | undefined {
    const id = stampId(input);
    return this.id === undefined ? undefined : [id, idOfNextStart(String(id))].includes(this.id);
  }

  /**
   * Whether the start that opened the verification says its delivery the second time: in its update, after the request. After
   * that an equal one is news, since two numbers may have the same mask.
   */
  saidTwice(delivery: CodeDelivery): boolean {
    const isEqual = isSameDelivery(delivery, this.claim.alreadySent);
    const isSaidTwice = this.saysTwice && isEqual;
    this.saysTwice = false;
    return isSaidTwice;
  }
}

/** Undefined where it is `null` too. */
function stampId(input: unknown): unknown {
  const stamp = isRecord(input) ? input['stamp'] : undefined;
  return isRecord(stamp) ? (stamp['id'] ?? undefined) : undefined;
}
