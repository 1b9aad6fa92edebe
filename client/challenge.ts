/** What the client asks of a verification, and whether what comes back answers it. */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import {
  type AnswerStamp,
  type AskedDigest,
  isRecord,
  type MessageKind,
  type Stamp,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { isAnswerStamp } from './answers.js';
import { IdReusedError, UnexpectedAnswerError } from './errors.js';

/** What a message is for. */
export interface Asking {
  readonly kind: MessageKind;
  readonly workflowId: string;
  /** The first run id of the verification, if it is known. */
  readonly run?: string | undefined;
  /** The caller itself named the run. Default: whether it is known. */
  readonly held?: boolean;
  /** The update id. */
  readonly id?: string | undefined;
  /** What an update asks for, apart from its token: a repeat with a fresh one asks for the same. */
  readonly asks?: object | undefined;
  /** The signature of the token in the message was checked. */
  readonly proven?: true | undefined;
}

/**
 * One message, and the answer that fits it. The stamp of the message holds a challenge that only a worker with the key can
 * repeat in an answer: the id of an update, the nonce of a query, the first run id. So whoever answers in place of a worker,
 * with what a worker has sealed before, is found out.
 */
export class Challenge {
  private readonly nonce: string | undefined;
  private readonly key = randomBytes(16).toString('base64url');

  /** @param now the time in milliseconds since the epoch */
  constructor(
    private readonly asking: Asking,
    private readonly now: () => number,
  ) {
    this.nonce = asking.kind === 'getStatus' ? randomUUID() : undefined;
  }

  get workflowId(): string {
    return this.asking.workflowId;
  }

  /** Made anew for each try, because a worker compares its time with that of the start. */
  get stamp(): Stamp {
    const { nonce, key } = this;
    const { kind, id, run: runId, asks, proven } = this.asking;
    const at = new Date(this.now()).toISOString();
    return { kind, id, at, runId, nonce, asked: asks && { key, digest: digestOf(asks, key) }, proven };
  }

  /**
   * Refuses a status that does not answer this message.
   * @returns the status without its stamp, and the first run id of its verification
   * @throws UnexpectedAnswerError
   * @throws IdReusedError when it answers another message with the same id
   */
  take(status: VerificationStatus): { status: VerificationStatus; run: string } {
    const { stamp, ...rest } = status;
    const { workflowId, id, asks } = this.asking;
    const wrong = this.whatIsWrong(stamp, status);
    if (wrong === RESET) throw new UnexpectedAnswerError(workflowId, RESET, AFTER_RESET);
    if (wrong !== undefined) throw new UnexpectedAnswerError(workflowId, wrong);
    const { asked, runId } = stamp as AnswerStamp;
    if (asks && asked && !isSame(asks, asked)) throw new IdReusedError(workflowId, id ?? '');
    return { status: rest, run: runId };
  }

  /** The status of a failure, if it answers this message. */
  takeIfFits(status: VerificationStatus | undefined): VerificationStatus | undefined {
    if (!status || this.whatIsWrong(status.stamp, status) !== undefined) return undefined;
    return this.take(status).status;
  }

  private whatIsWrong(stamp: unknown, { state }: VerificationStatus): string | undefined {
    if (!isAnswerStamp(stamp)) return 'does not say what it answers';
    const { kind, id, run, held = run !== undefined } = this.asking;
    if (stamp.kind !== kind || (stamp.id ?? undefined) !== id) return 'answers another message';
    if ((stamp.nonce ?? undefined) !== this.nonce) return 'answers another question';
    if (run !== undefined && stamp.runId !== run) return 'is of another verification of this user and attribute';
    // Whoever resets an old run puts it in the place of the newest. What it says is true of the old one.
    if (stamp.reset && (kind === 'awaitDelivery' || (!held && (state === 'verified' || state === 'alreadyVerified'))))
      return RESET;
    return undefined;
  }
}

const RESET = 'is of a run that somebody has made by a reset of an earlier one';
const AFTER_RESET =
  'Name the run that the start of the earlier one returned, or cancel the verification and start again.';

/** HMAC-SHA256 of the JSON of what is asked, with the fields in order. */
function digestOf(asks: object, key: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(inOrder(asks)))
    .digest('base64url');
}

function isSame(asks: object, { key, digest }: AskedDigest): boolean {
  const [own, other] = [Buffer.from(digestOf(asks, key)), Buffer.from(digest)];
  return own.length === other.length && timingSafeEqual(own, other);
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, inOrder(field)]));
}
