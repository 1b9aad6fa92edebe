/** Changes an attribute to a new value, upon which Cognito sends a code to it. */
import {
  type CodeDeliveryDetailsType,
  type CognitoIdentityProviderClient,
  GetUserAttributeVerificationCodeCommand,
  UpdateUserAttributesCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Secret, ServedUserPool } from '@cognito-verification/contract';
import { UnresolvedAccessToken } from './access-token-source.js';
import { type AttributeSnapshot, type Look, readIfQuick, readSnapshot } from './attribute-snapshot.js';
import { type FailedCall, noMessageNamed, replacesAtOnce, unreadBefore } from './call-failure.js';
import type { AlreadyVerified, SendCodeInput, SendCodeResult } from './cognito.js';
import { readFailure } from './failures.js';

/** What a change is made with. */
export interface Change {
  readonly input: Omit<SendCodeInput, 'newValue'>;
  readonly newValue: Secret;
  readonly accessToken: Secret;
  readonly client: CognitoIdentityProviderClient;
  readonly pool: ServedUserPool;
  readonly look: Look;
  readonly failed: FailedCall;
  /**
   * To be called before Cognito is asked for anything that has an effect. Returns the signal that ends that.
   * @throws ApplicationFailure where the message must not leave now
   */
  readonly ask: () => Promise<AbortSignal>;
}

/** What ends a call that has an effect. */
interface Asking {
  readonly signal: AbortSignal;
}

/** What Cognito says of the code that it has sent; undefined where it says nothing. */
type Changed = Pick<SendCodeResult, 'attribute' | 'oldValue'> & { details: CodeDeliveryDetailsType | undefined };

/**
 * Cognito sends nothing for a value that the attribute has already: then a code is asked for. So a lost answer is made up for by the
 * next call, which finds the value changed.
 */
export async function changeValue(change: Change): Promise<Changed | Omit<AlreadyVerified, 'runId'>> {
  const { input, pool, look, failed } = change;
  const attribute = await readBefore({ ...look, newValue: change.newValue });
  failed.attribute = attribute;
  if (isChanged(attribute)) {
    if (input.unlessVerified && attribute.verified === true) return { alreadyVerified: true, attribute };
    // An earlier try may have made the change, and its answer is not handed on.
    failed.oldValue = attribute.verified === true ? undefined : 'replaced';
    const details = await askForCode({ ...change, signal: await change.ask() });
    return { details, attribute, oldValue: failed.oldValue };
  }
  if (!input.replaceAtOnce && pool.keepsOriginal !== true) throw replacesAtOnce(input.attributeName, input.userPoolId);
  const signal = await change.ask();
  const asking = { ...change, signal, look: { ...look, signal } };
  try {
    const sent = await update(asking);
    failed.oldValue = await whatOfTheOld(asking, attribute);
    if (!sent && failed.oldValue !== 'replaced') throw noMessageNamed(input.attributeName, failed);
    // A pool that verifies nothing by itself has only changed the value.
    return { details: sent ?? (await askForCode(asking)), attribute, oldValue: failed.oldValue };
  } catch (error) {
    if (MAY_HAVE_CHANGED.has(readFailure(error).send)) failed.oldValue ??= await whatOfTheOld(asking, attribute);
    throw error;
  }
}

const MAY_HAVE_CHANGED: ReadonlySet<string> = new Set(['uncertain', 'undeliverable']);

/** Undefined where it cannot be read, or is a third one. No failure of it may take the place of the answer. */
async function whatOfTheOld(
  { look, newValue, pool }: Change,
  before: AttributeSnapshot,
): Promise<SendCodeResult['oldValue']> {
  const after = await readIfQuick({ ...look, salt: before.salt, newValue }).catch(() => undefined);
  if (!after) return undefined;
  if (isChanged(after)) return 'replaced';
  // Where the app client may not read the value, equal digests are none.
  if (after.valueDigest === undefined && pool.keepsOriginal !== true) return undefined;
  return after.valueDigest === before.valueDigest ? 'kept' : undefined;
}

function isChanged({ valueDigest, newValueDigest }: AttributeSnapshot): boolean {
  return valueDigest !== undefined && valueDigest === newValueDigest;
}

/** Nothing was asked for yet, so that a lost answer may be made up for by another try. */
async function readBefore(look: Look): Promise<AttributeSnapshot> {
  try {
    return await readSnapshot(look);
  } catch (error) {
    if (error instanceof UnresolvedAccessToken || readFailure(error).send !== 'uncertain') throw error;
    throw unreadBefore(error, look.attributeName);
  }
}

async function update({ input, newValue, accessToken, client, signal }: Change & Asking) {
  const { attributeName: Name, clientMetadata } = input;
  const command = new UpdateUserAttributesCommand({
    AccessToken: accessToken.reveal(),
    UserAttributes: [{ Name, Value: newValue.reveal() }],
    ClientMetadata: clientMetadata,
  });
  const { CodeDeliveryDetailsList: list } = await client.send(command, { abortSignal: signal });
  // Some endpoints leave out the name of the attribute.
  return list?.find(({ AttributeName = Name }) => AttributeName === Name);
}

/** Has Cognito send a code to the value that it holds, or that waits. */
export async function askForCode({
  input,
  accessToken,
  client,
  signal,
}: Pick<Change, 'input' | 'accessToken' | 'client'> & Asking): Promise<CodeDeliveryDetailsType | undefined> {
  const command = new GetUserAttributeVerificationCodeCommand({
    AccessToken: accessToken.reveal(),
    AttributeName: input.attributeName,
    ClientMetadata: input.clientMetadata,
  });
  const { CodeDeliveryDetails } = await client.send(command, { abortSignal: signal });
  return CodeDeliveryDetails;
}
