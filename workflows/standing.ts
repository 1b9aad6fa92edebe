/**
 * Whether the word of a message counts, and what is taken of those whose word does not: few places, so that they leave the
 * others to those that do.
 */
import { isRecord, type TokenInput } from '@cognito-verification/contract';
import type { AccessTokens } from './access-tokens.js';
import type { HeldToken } from './held-token.js';
import type { Mailbox, Standing } from './mailbox.js';
import { tooManyMessages, tooManyRefusedTokens } from './refusals.js';

/** Whether the word of a message counts, by its token. */
export function standingOf(token: HeldToken | undefined): Standing {
  if (!token) return 'tokenless';
  return token.proven ? 'proven' : 'unproven';
}

/** Whether the sender says under its seal that it has checked the signature of the token in the message. */
export function isChecked(input: unknown): boolean {
  return isRecord(input) && isRecord(input['stamp']) && input['stamp']['proven'] === true;
}

/**
 * Refuses a token that cannot be of use.
 * @throws InvalidInputError
 */
export function checkToken(tokens: AccessTokens, tokenInput: TokenInput | undefined): void {
  if (tokenInput) tokens.checkAlive(tokenInput, Date.now());
}

/**
 * Refuses a message that is not a code, if there is no room for it.
 * @param checked as `isChecked` says
 * @throws ApplicationFailure
 */
export function refuseTooMany(
  { mailbox, tokens }: { readonly mailbox: Mailbox; readonly tokens: AccessTokens },
  tokenInput: TokenInput | undefined,
  checked: boolean,
): void {
  const standing = standingOf(tokenInput && tokens.of(tokenInput, checked));
  if (mailbox.full(standing)) throw tooManyMessages(standing);
  const untilMs = tokens.untakenUntil(Date.now());
  if (standing === 'unproven' && tokenInput?.accessToken && untilMs !== undefined) throw tooManyRefusedTokens(untilMs);
}
