/**
 * What each message says about itself, as a field of its value and so under its seal: what it is, for which run and which
 * update, and when it was sent. A service in another language writes it too. Somebody who may write to the namespace and has
 * no key can send again what they have seen there, and cannot change what it says.
 */
import type { MessageKind } from './names.js';

/** Only `kind` and `at` are in every stamp. */
export interface Stamp {
  /** The name of the message; of the request the workflow type. */
  kind: MessageKind;
  /**
   * The id of the update, as Temporal has it. Required in an update. A request may have that of the `awaitDelivery` that comes
   * with it, so that its answer can say whether the start joined.
   */
  id?: string | undefined;
  /** When it was sent, by the sender's clock: ISO 8601 in UTC, with a `Z` at its end. */
  at: string;
  /**
   * The first run id of the verification that it is for. A sender that knows it says so: the message then counts in no
   * other verification. Required in a `codeConfirmed` that the policy trusts. Default: the message counts in any
   * verification that was not started after `at`.
   */
  runId?: string | undefined;
  /** Random, for this one question. Required in a query, whose answer repeats it, and in no other message. */
  nonce?: string | undefined;
  /** What an update asks for. Its answer repeats that of the first message with the same id. Default: the sender does not compare. */
  asked?: AskedDigest | undefined;
  /** The sender has checked the signature of the access token in the message. Default: it has not. */
  proven?: true | undefined;
}

/** What a message asks for, apart from its token, as only the sender can recompute it. */
export interface AskedDigest {
  /** Random, and of this message alone. Of the form of a nonce. */
  key: string;
  /** HMAC-SHA256, keyed with the text of `key`; base64url without padding. */
  digest: string;
}

/**
 * What each answer says about itself, in its status: which message it answers, and of which run it is. The caller compares
 * it with what was asked, because somebody who may answer in place of a worker can send an earlier answer again.
 */
export interface AnswerStamp {
  /** Of the message; of an outcome the workflow type. */
  kind: MessageKind;
  /** The id of the update that is answered. */
  id?: string | undefined;
  /** The nonce of the query that is answered. */
  nonce?: string | undefined;
  /** What the first message with this id asked for, as it came. */
  asked?: AskedDigest | undefined;
  /** The first run id of the verification. A reset makes another run, and keeps the first run id. */
  runId: string;
  /** Somebody has reset an earlier run, which made this one. Absent otherwise. */
  reset?: true | undefined;
}

/** A message as it crosses Temporal. */
export type Stamped<Message> = Message & { stamp: Stamp };

/** Temporal has a start within a second; this leaves room for one that had to be repeated. */
const SURELY_FRESH_MS = 10_000;

/**
 * Whether a request may be the copy of one that has opened an earlier verification: its times lie too far apart. What it says
 * of earlier runs is then not all, and those that the server lists count as well. A wrong clock costs that list and no more.
 * @param startedAtMs when the server started the run
 * @param sentAt when the request was sent, by its stamp
 */
export function mayBeCopy(startedAtMs: number, sentAt: unknown): boolean {
  return !(Math.abs(startedAtMs - Date.parse(String(sentAt))) <= SURELY_FRESH_MS);
}

/** A message without its stamp, for the parsers, and the stamp as it is. What is no object has none, and the parsers refuse it. */
export function unstamped(input: unknown): { message: unknown; stamp: unknown } {
  if (typeof input !== 'object' || input === null || Array.isArray(input) || input instanceof Error) {
    return { message: input, stamp: undefined };
  }
  const { stamp, ...message } = input as Record<string, unknown>;
  return { message, stamp };
}
