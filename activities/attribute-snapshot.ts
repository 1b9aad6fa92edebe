/** A look at the attribute, and the facts that are kept of it. */
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type CognitoIdentityProviderClient, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { type AttributeName, decodeAccessToken, FAILURE_TYPES, Secret } from '@cognito-verification/contract';
import { log } from '@temporalio/activity';
import { UnresolvedAccessToken } from './access-token-source.js';
import { failureName, readFailure } from './failures.js';

/** What Cognito shows of the attribute at one moment. An absent field was not told, which says nothing about its value. */
export interface AttributeSnapshot {
  verified?: boolean | undefined;
  /** HMAC-SHA256 of the value, keyed with the text of `salt`; base64url. Only digests with the same salt can be compared. */
  valueDigest?: string | undefined;
  /** The same of the value that the attribute is to get, where the look was told it. */
  newValueDigest?: string | undefined;
  /** Random: with a key that somebody can know, a digest reveals a phone number by trying. A secret of the verification. */
  salt: string;
  /** The value, masked as Cognito masks destinations. */
  destination?: string | undefined;
}

/** The value that a verification is about, for the activity that waits until Cognito shows it as verified. */
export interface AwaitedValue {
  valueDigest: string;
  /** The value must be another one than this: a new value takes its place only when it is verified. */
  mustDiffer: boolean;
  /** That of the value which the user may have until then. */
  keptDigest?: string | undefined;
}

/** Whose attribute is read, and by what. */
export interface Look {
  client: CognitoIdentityProviderClient;
  accessToken: Secret;
  /** The user whose attribute it must be. */
  sub: string;
  attributeName: AttributeName;
  /** The key of the digest. Default: a new one. */
  salt?: string | undefined;
  /** The value that the attribute is to get. Default: none. */
  newValue?: Secret | undefined;
  /** Ends the look. */
  signal: AbortSignal;
  /** Told of each failure, also where the look may do without an answer. */
  onFailure?: ((error: unknown) => void) | undefined;
  /** Told of the value that each look reads. It must not leave the activity, so no snapshot holds it. */
  onValue?: ((value: Secret) => void) | undefined;
}

/** The read before a send is useful but not necessary, and the user waits for it. */
const READ_BEFORE_SEND_TIMEOUT_MS = 3_000;

/** Shorter than the time-out of the activity, so that no request outlives the activity. */
const READ_TIMEOUT_MS = 4_000;

/** How long the attribute is read again while it does not show what an accepted code has done. */
const AWAIT_VERIFIED_MS = 10_000;
const READ_AGAIN_MS = 1_000;

/**
 * Reads the attribute as it is now. Only to be called in an activity.
 * @throws UnresolvedAccessToken if the token is of another user, or the error of the AWS SDK
 */
export async function readSnapshot(look: Look, timeoutMs: number = READ_TIMEOUT_MS): Promise<AttributeSnapshot> {
  const { client, accessToken, attributeName, salt = randomBytes(32).toString('base64url') } = look;
  const command = new GetUserCommand({ AccessToken: accessToken.reveal() });
  const abortSignal = AbortSignal.any([look.signal, AbortSignal.timeout(timeoutMs)]);
  const { UserAttributes } = await client.send(command, { abortSignal }).catch((error: unknown) => {
    look.onFailure?.(error);
    throw error;
  });
  const attributes = new Map(UserAttributes?.map(({ Name, Value }) => [Name, Value]));
  refuseOfAnother(look, attributes.get('sub'));
  const flag = attributes.get(`${attributeName}_verified`);
  const value = attributes.get(attributeName);
  if (value) look.onValue?.(new Secret(value));
  return {
    verified: flag === 'true' ? true : flag === 'false' ? false : undefined,
    valueDigest: value ? digestOf(value, salt) : undefined,
    newValueDigest: look.newValue && digestOf(look.newValue.reveal(), salt),
    salt,
    destination: value ? masked(attributeName, value) : undefined,
  };
}

function digestOf(value: string, salt: string): string {
  return createHmac('sha256', salt).update(value).digest('base64url');
}

/**
 * Reads the attribute before a send; undefined if that fails, since no failure of it may delay or stop the send.
 * @param options `tokenNeeded`: but for the refusal of its token, which the send would meet too. Default: `false`
 * @throws UnresolvedAccessToken if the token is of another user
 */
export async function readIfQuick(
  look: Look,
  { tokenNeeded = false }: { tokenNeeded?: boolean } = {},
): Promise<AttributeSnapshot | undefined> {
  try {
    return await readSnapshot(look, READ_BEFORE_SEND_TIMEOUT_MS);
  } catch (error) {
    if (error instanceof UnresolvedAccessToken) throw error;
    if (tokenNeeded && readFailure(error).send === 'accessTokenRejected') throw error;
    log.info('The attribute could not be read before the send', { reason: failureName(error) });
    return undefined;
  }
}

/**
 * Reads the attribute, and for up to 10 s again while it does not show the awaited value as verified.
 * @throws as `readSnapshot` does
 */
export async function readUntilVerified(look: Look, awaited: AwaitedValue): Promise<AttributeSnapshot> {
  const untilMs = Date.now() + AWAIT_VERIFIED_MS;
  for (;;) {
    const snapshot = await readSnapshot(look);
    if (!mayChange(snapshot, awaited) || Date.now() + READ_AGAIN_MS > untilMs) return snapshot;
    await setTimeout(READ_AGAIN_MS, undefined, { signal: look.signal });
  }
}

/** Whether a look shows the value as verified; without one, whatever it shows. */
export function isShownVerified(snapshot: AttributeSnapshot, awaited: AwaitedValue | undefined): boolean {
  return snapshot.verified === true && !(awaited && mayChange(snapshot, awaited));
}

/** Whether what was read may be older than the accepted code. What is not told will not be told a second later either. */
function mayChange({ verified, valueDigest }: AttributeSnapshot, awaited: AwaitedValue): boolean {
  const isTheSame = valueDigest === awaited.valueDigest;
  if (awaited.keptDigest !== undefined && valueDigest === awaited.keptDigest) return true;
  return awaited.mustDiffer ? isTheSame : isTheSame && verified === false;
}

/** Cognito has just taken the token, so where the answer does not say whose it is, the token's own claim does. */
function refuseOfAnother({ accessToken, sub }: Look, told: string | undefined): void {
  if ((told ?? decodeAccessToken(accessToken.reveal()).sub) === sub) return;
  throw new UnresolvedAccessToken(FAILURE_TYPES.accessTokenRefused, 'Cognito says that the token is of another user.');
}

/** As Cognito masks it. */
export function masked(attributeName: AttributeName, value: string): string {
  if (attributeName === 'email') {
    const [local, domain] = value.split('@').map((part) => /^[\p{L}\p{N}]/u.exec(part)?.[0] ?? '');
    return `${local ?? ''}***@${domain ?? ''}***`;
  }
  const digits = value.replaceAll(/\D/g, '').slice(-15);
  return `+${'*'.repeat(Math.max(digits.length - 4, 1))}${digits.slice(-4)}`;
}
