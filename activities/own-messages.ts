/** The codes that Cognito has sent by itself during one run, as its history tells of them. */
import { type CountedCall, isRecord, isSameDelivery, type SendOutcome } from '@cognito-verification/contract';

/** The request has no event of an update. */
const REQUEST = 'request';

const ALREADY_SENT: SendOutcome = 'alreadySent';

/**
 * Counts them. Anybody may say that Cognito has sent a code, so the verification's own records are believed: the newest answer
 * lists what it has taken in. Of what it has not answered only the word of a sender counts that has checked the token.
 */
export class OwnMessages {
  private listed: readonly CountedCall[] = [];
  /** What no answer has taken in, by the event of its message. */
  private readonly claimed = new Map<string, CountedCall>();
  private opening: unknown;
  private tokenCounts = false;

  /** @param runId the first run id, which answers name */
  constructor(private readonly runId: string) {}

  get calls(): readonly CountedCall[] {
    // Without a token that counts, what the request says was only provisional.
    return [...(this.tokenCounts ? this.listed : []), ...this.claimed.values()];
  }

  /** Cognito has taken a token. */
  tokenTaken(): void {
    this.tokenCounts = true;
  }

  takeRequest(request: Record<string, unknown>, at: string): void {
    this.opening = request['alreadySent'] ?? undefined;
    this.takeMessage(REQUEST, request, at);
  }

  /** A start that joined, or the one that came together with the request. */
  takeStart(eventId: string, message: Record<string, unknown>, at: string): void {
    // The start says its own delivery a second time, in its update.
    if (this.opening && isSameDelivery(message['alreadySent'], this.opening)) this.claimed.delete(REQUEST);
    this.opening = undefined;
    this.takeMessage(eventId, message, at);
  }

  /**
   * Takes what an answer, the result or a failure holds.
   * @param eventId that of the message that is answered
   */
  takeAnswer(answer: unknown, eventId?: string): void {
    const status = isRecord(answer) && isRecord(answer['status']) ? answer['status'] : answer;
    if (!isRecord(status) || !isRecord(status['stamp']) || status['stamp']['runId'] !== this.runId) return;
    if (!Array.isArray(status['sends'])) return;
    this.claimed.delete(REQUEST);
    if (eventId) this.claimed.delete(eventId);
    const sends = status['sends'].filter(isRecord).filter(({ outcome }) => outcome === ALREADY_SENT);
    this.listed = sends.map(({ at }) => ({ at: String(at) }));
  }

  private takeMessage(eventId: string, { alreadySent, stamp }: Record<string, unknown>, at: string): void {
    const isProven = isRecord(stamp) && stamp['proven'] === true;
    if (isProven) this.tokenCounts = true;
    if (isProven && isRecord(alreadySent)) this.claimed.set(eventId, { at });
  }
}
