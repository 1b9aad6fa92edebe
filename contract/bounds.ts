/**
 * How large each value from outside may be. Temporal takes 2 MB in one payload and 50 MB in a history, and warns from 512 KiB
 * (`limit.blobSize`, `limit.historySize`). With these bounds no message and no status reaches 64 KiB. A verification takes 1,500
 * updates and then only codes: the tokens of all of them, each of the greatest length, are half of a history.
 */
import { isPrintable, printable } from './printable.js';
import type { CodeDelivery, VerificationFailure } from './status.js';
import { isRecord } from './values.js';

/** In UTF-16 code units unless it says otherwise. */
export const BOUNDS = {
  /** Cognito masks it: an address has at most 254 characters (RFC 5321, 4.5.3.1.3), a number 15 digits. */
  destination: 256,
  /** Cognito has `EMAIL` and `SMS`. */
  deliveryMedium: 32,
  /** What the sender of `codeConfirmed` calls it. */
  reference: 200,
  /** `requestId` and `attemptId`. */
  id: 200,
  /** An address (RFC 5321, 4.5.3.1.3). A number is shorter (E.164). */
  newValue: 254,
  /** A UUID. */
  previousRunId: 36,
  accessTokenReference: 512,
  /**
   * Cognito states no bound. Its tokens have one or two thousand characters; an API that takes them in a header takes 8 to 16
   * thousand.
   */
  accessToken: 16_384,
  /** Cognito's own bound: `[\S]{1,2048}`. */
  code: 2_048,
  failureType: 100,
  failureMessage: 1_000,
} as const;

/**
 * Cognito takes names and values of up to 131,072 characters each and does not bound their number. Here they are in the
 * history once more with each send, up to 20 times.
 */
export const METADATA_BOUNDS = {
  entries: 100,
  name: 256,
  value: 8_192,
  /** In all, as JSON in UTF-8. */
  bytes: 32_768,
} as const;

/** The form of a delivery medium. Cognito has two; a third would not have to wait for a release of ours. */
const MEDIUM = new RegExp(`^[A-Z][A-Z_]{0,${BOUNDS.deliveryMedium - 1}}$`);

/** Whether it may be shown as the destination of a code. */
export function isDestination(value: unknown): value is string {
  return typeof value === 'string' && value.length <= BOUNDS.destination && isPrintable(value);
}

/** Whether it may be shown as the medium of a delivery. */
export function isDeliveryMedium(value: unknown): value is string {
  return typeof value === 'string' && MEDIUM.test(value);
}

/**
 * The delivery that an endpoint, or a recorded message, tells of. The message has left, so nothing in it is an error: what has
 * another type, size or form was not told. Neither was an empty text, which some endpoints put in place of a field.
 */
export function deliveryTold(destination: unknown, deliveryMedium: unknown): CodeDelivery {
  return {
    destination: destination !== '' && isDestination(destination) ? destination : undefined,
    deliveryMedium: isDeliveryMedium(deliveryMedium) ? deliveryMedium : undefined,
  };
}

/** Whether two deliveries say the same. Two numbers may have the same mask. */
export function isSameDelivery(one: unknown, other: unknown): boolean {
  if (!isRecord(one) || !isRecord(other)) return false;
  const fields = ['destination', 'deliveryMedium'];
  return fields.every((field) => (one[field] ?? undefined) === (other[field] ?? undefined));
}

/** A failure as a status may hold it: a name in one word, and a message on one line of a bounded length. */
export function boundedFailure(type: string | null | undefined, message: string): VerificationFailure {
  return {
    type: type && type.length <= BOUNDS.failureType && /^[\w.: -]+$/.test(type) ? type : 'Error',
    message: printable(shortened(message, BOUNDS.failureMessage)),
  };
}

/** The beginning of a text, with `…` at its end if there is more. */
function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** How many bytes a text has in UTF-8. The sandbox of the workflow has no Buffer. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
