import type { Cognito } from './cognito.js';
import { codeMismatch, expiredCode } from './exceptions.js';
import type { IssuedCode, User, VerifiableAttribute } from './state.js';

/** Cognito keeps an attribute's code for a day, and has no setting for it. */
const CODE_LIFETIME_MS = 24 * 3_600_000;

/** Makes a code for `value`, and puts it into the attribute's slot as the switch `resend` says. */
export function issueCode(cognito: Cognito, user: User, attributeName: VerifiableAttribute, value: string): string {
  const now = cognito.clock.now();
  const code = cognito.switches.code ?? cognito.generateCode();
  const issued: IssuedCode = { code, value, expiresAt: now + CODE_LIFETIME_MS };
  const earlier = (user.slots[attributeName]?.issued ?? []).filter((other) => other.expiresAt > now);
  user.slots[attributeName] = { issued: slotAfterResend(cognito.switches.resend, earlier, issued) };
  return issued.code;
}

function slotAfterResend(resend: string, earlier: IssuedCode[], issued: IssuedCode): IssuedCode[] {
  if (resend === 'lastWins' || earlier.length === 0) return [issued];
  return resend === 'bothValid' ? [...earlier, issued] : earlier;
}

/** The value that `code` was sent to. Throws Cognito's exception if the code is not good now. */
export function valueOfCode(
  { clock, switches }: Cognito,
  user: User,
  attributeName: VerifiableAttribute,
  code: string,
): string {
  const slot = user.slots[attributeName];
  if (slot === undefined) {
    throw switches.neverRequested === 'ExpiredCodeException' ? expiredCode() : codeMismatch();
  }
  const live = slot.issued.filter((issued) => issued.expiresAt > clock.now());
  if (live.length === 0) throw expiredCode();
  const match = live.find((issued) => issued.code === code);
  if (match !== undefined) return match.value;
  throw slot.issued.some((issued) => issued.code === code) ? expiredCode() : codeMismatch();
}

/**
 * Ends all codes of the attribute. Call it when one of them was used, and when the value has changed: a code that went
 * to the old value would verify a value it never reached.
 */
export function endCodes(user: User, attributeName: VerifiableAttribute): void {
  const slot = user.slots[attributeName];
  if (slot !== undefined) slot.issued = [];
}
