import { provenanceOf } from '@cognito-verification/codec/provenance';
import {
  type AnswerStamp,
  InvalidInputError,
  type MessageKind,
  mayBeCopy,
  parseStamp,
  type Stamp,
  unstamped,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import type { WorkflowInfo } from '@temporalio/workflow';

/**
 * A request whose time is further from the time at which the server started the verification is refused. It may be an old
 * one that somebody has sent again. A start takes seconds, so this leaves room for a starter whose clock is wrong.
 */
const REQUEST_GOOD_FOR_MS = 15 * 60_000;

/**
 * How far the clock of a sender may be behind. A message of an earlier verification that is not older than that, and names no
 * run, is not told from one of this verification, so the time is shorter than it takes to end one and start another.
 */
const CLOCKS_APART_MS = 2 * 60_000;

/**
 * Judges messages by their stamps and seals. Without a key nobody can make a message. But somebody with write access to the
 * namespace can send again what they have seen there, in this verification or in an earlier one of the same user, and as
 * another message, to use up attempts, to have another code sent, or to confirm.
 */
export class Stamps {
  /** The ids of the seals of the signals. */
  private readonly seen = new Set<string>();
  /** A message that names no run must not be older. */
  private readonly earliestMs: number;
  /** What is wrong with the clock of whoever started the verification. */
  readonly wrongClock: string | undefined;
  /** The request may be one that has been sent again. */
  readonly mayBeCopy: boolean;
  private readonly runId: string;
  private readonly reset: true | undefined;

  /**
   * @param request the input that the workflow was started with
   * @throws InvalidInputError when it has no right stamp, or was sent for an earlier start.
   */
  constructor(
    request: unknown,
    { runId, firstExecutionRunId, startTime }: Pick<WorkflowInfo, 'runId' | 'firstExecutionRunId' | 'startTime'>,
  ) {
    const startedAtMs = startTime.getTime();
    this.runId = firstExecutionRunId;
    this.reset = runId === firstExecutionRunId ? undefined : true;
    const { at } = stampOf(request, WORKFLOW_TYPE);
    this.mayBeCopy = mayBeCopy(startedAtMs, at);
    const sentAtMs = Date.parse(at);
    const skewMs = startedAtMs - sentAtMs;
    if (Math.abs(skewMs) > REQUEST_GOOD_FOR_MS) {
      throw new InvalidInputError(
        'stamp.at',
        `is ${apart(skewMs)} the time at which the server started this verification: the request is a copy of an earlier one, or the starter's clock is wrong. Correct the clock, and start again`,
      );
    }
    if (Math.abs(skewMs) > CLOCKS_APART_MS) {
      this.wrongClock = `The clock of whoever started this verification is wrong: its request is dated ${apart(skewMs)} the time of the server. Correct it.`;
    }
    // A starter whose clock is behind sends its later messages by the same clock. One whose clock is ahead must not make the
    // messages of others seem old.
    this.earliestMs = Math.min(startedAtMs, sentAtMs) - CLOCKS_APART_MS;
  }

  /**
   * Refuses a message that is of another kind, for another update, for another run, or older than this verification.
   * Only for validators, queries and the signal: a handler of an update must decide the same in a replay.
   * @param updateId the id of the update that brings it, if one does
   * @throws InvalidInputError
   */
  check(input: unknown, kind: MessageKind, updateId?: string): Stamp {
    const stamp = stampOf(input, kind);
    if (updateId !== undefined && stamp.id !== updateId) {
      const found = stamp.id === undefined ? 'is missing' : 'is of another update';
      throw new InvalidInputError('stamp.id', `${found}: an update says its own update id under its seal`);
    }
    if (kind === 'getStatus' && stamp.nonce === undefined) {
      throw new InvalidInputError('stamp.nonce', 'is missing: a query brings a random text, which its answer repeats');
    }
    if (stamp.runId !== undefined && stamp.runId !== this.runId) {
      throw new InvalidInputError(
        'stamp.runId',
        'names another verification of this user and attribute than the one that the message came to. Start again, or name the run that the start returned',
      );
    }
    if (stamp.runId === undefined) this.refuseOlder(stamp.at);
    return stamp;
  }

  /**
   * Refuses a signal that has come before. The copy of an update would need another update id than its stamp says.
   * @throws InvalidInputError
   */
  refuseCopy(signal: unknown): void {
    const sealId = provenanceOf(signal)?.sealId;
    if (sealId === undefined) return;
    if (this.seen.has(sealId)) throw new InvalidInputError('codeConfirmed', 'is a copy of one that has come already');
    this.seen.add(sealId);
  }

  /** What the answer to a message says. It checks nothing, because handlers use it. */
  answerTo(input: unknown, kind: MessageKind): AnswerStamp {
    const { id, nonce, asked } = Object(unstamped(input).stamp) as Partial<Stamp>;
    return { ...this.outcome, kind, id, nonce, asked };
  }

  /** What the outcome says. */
  get outcome(): AnswerStamp {
    return { kind: WORKFLOW_TYPE, runId: this.runId, reset: this.reset };
  }

  private refuseOlder(at: string): void {
    const earlyMs = this.earliestMs - Date.parse(at);
    if (earlyMs <= 0) return;
    throw new InvalidInputError(
      'stamp.at',
      `is ${minutes(earlyMs + CLOCKS_APART_MS)} before this verification was started: the message is a copy of an earlier one, or the sender's clock is wrong. Name the run (stamp.runId), or correct the clock`,
    );
  }
}

/** @throws InvalidInputError unless the message has a stamp of its kind. */
function stampOf(input: unknown, kind: MessageKind): Stamp {
  const stamp = parseStamp(input, kind === WORKFLOW_TYPE ? 'request' : kind);
  if (stamp.kind === kind) return stamp;
  throw new InvalidInputError('stamp.kind', `is ${stamp.kind}, and the message came as ${kind}: send it as what it is`);
}

function apart(skewMs: number): string {
  return `${minutes(Math.abs(skewMs))} ${skewMs > 0 ? 'before' : 'after'}`;
}

function minutes(ms: number): string {
  const count = Math.round(ms / 60_000);
  return `${count} ${count === 1 ? 'minute' : 'minutes'}`;
}
