/**
 * What the settings of a pool and of an app client say. The settings themselves are the only place that says it: what a
 * description answers is what the operations do.
 */
import { type Input, optionalFlag, optionalInteger, optionalText, structure, textList } from './members.js';
import { isCaseSensitive } from './names.js';
import type { AppClient, UserPool } from './state.js';

/** Anything with the members of a pool's or a client's request. */
type Settled = Pick<UserPool | AppClient, 'settings'>;

/** The attributes to which Cognito sends a code by itself. */
export function autoVerified({ settings }: Settled): string[] {
  return textList(settings, 'AutoVerifiedAttributes');
}

/** The attributes whose old value stays until the new one is verified. */
export function verifyBeforeUpdate({ settings }: Settled): string[] {
  return textList(structure(settings, 'UserAttributeUpdateSettings'), 'AttributesRequireVerificationBeforeUpdate');
}

/** The attributes that are the user's name. */
export function usernameAttributes({ settings }: Settled): string[] {
  return textList(settings, 'UsernameAttributes');
}

/** The attributes by which a user may sign in as well. */
export function aliasAttributes({ settings }: Settled): string[] {
  return textList(settings, 'AliasAttributes');
}

/** Whether the pool can send SMS. */
export function sendsSms({ settings }: Settled): boolean {
  return Object.keys(structure(settings, 'SmsConfiguration')).length > 0;
}

/** `COGNITO_DEFAULT` has a daily limit and takes no custom e-mail text; `DEVELOPER` is the account's own SES. */
export function emailAccount({ settings }: Settled): 'COGNITO_DEFAULT' | 'DEVELOPER' {
  const given = optionalText(structure(settings, 'EmailConfiguration'), 'EmailSendingAccount');
  return given === 'DEVELOPER' ? 'DEVELOPER' : 'COGNITO_DEFAULT';
}

/** How the client's users may sign in. Cognito's own default is without the password flows. */
export function authFlows({ settings }: Settled): string[] {
  const flows = textList(settings, 'ExplicitAuthFlows');
  return flows.length > 0 ? flows : ['ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH'];
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const USUAL = { AccessToken: [1, 'hours'], RefreshToken: [30, 'days'] } as const;

/** How long a token of the client is good. Cognito counts access tokens in hours and refresh tokens in days. */
export function lifetimeSeconds({ settings }: Settled, token: 'AccessToken' | 'RefreshToken'): number {
  const [usual, usualUnit] = USUAL[token];
  const given = optionalInteger(settings, `${token}Validity`);
  if (given === undefined) return usual * (UNIT_SECONDS[usualUnit] ?? 1);
  const unit = optionalText(structure(settings, 'TokenValidityUnits'), token) ?? usualUnit;
  return given * (UNIT_SECONDS[unit] ?? 1);
}

/** Whether the client's tokens can be revoked. */
export function canRevoke({ settings }: Settled): boolean {
  return optionalFlag(settings, 'EnableTokenRevocation') ?? true;
}

/** Throws Cognito's exception for members of a pool that are of the wrong kind. */
export function checkPoolSettings(settings: Input): void {
  const pool = { settings };
  for (const read of [autoVerified, verifyBeforeUpdate, usernameAttributes, aliasAttributes, sendsSms, emailAccount])
    read(pool);
  isCaseSensitive(settings);
}

/** Throws Cognito's exception for members of an app client that are of the wrong kind. */
export function checkClientSettings(settings: Input): void {
  const client = { settings };
  for (const read of [authFlows, canRevoke]) read(client);
  for (const token of ['AccessToken', 'RefreshToken'] as const) lifetimeSeconds(client, token);
  for (const list of ['ReadAttributes', 'WriteAttributes']) textList(settings, list);
}
