/**
 * Lines for the AWS CLI. UpdateUserPool and UpdateUserPoolClient set whatever they are not given back to its default, so a line
 * hands over what the pool or the client has when it runs, and one change. It names fields only: their values, in which there may
 * be addresses, never enter the report.
 */
import type {
  UpdateUserPoolClientRequest,
  UpdateUserPoolRequest,
  UserPoolType,
} from '@aws-sdk/client-cognito-identity-provider';
import type { AppClient, Pool } from './user-pools.js';

/** The members that DescribeUserPool answers and UpdateUserPool takes. It takes the name too, which stays if it is not given. */
type PoolField = keyof UserPoolType & keyof UpdateUserPoolRequest;

/** The compiler says which one is missing here: a line would set it back to its default. */
const POOL_FIELDS = Object.keys({
  Policies: true,
  DeletionProtection: true,
  LambdaConfig: true,
  AutoVerifiedAttributes: true,
  SmsVerificationMessage: true,
  EmailVerificationMessage: true,
  EmailVerificationSubject: true,
  VerificationMessageTemplate: true,
  SmsAuthenticationMessage: true,
  UserAttributeUpdateSettings: true,
  MfaConfiguration: true,
  DeviceConfiguration: true,
  EmailConfiguration: true,
  SmsConfiguration: true,
  UserPoolTags: true,
  AdminCreateUserConfig: true,
  UserPoolAddOns: true,
  AccountRecoverySetting: true,
  UserPoolTier: true,
  KeyConfiguration: true,
  IssuerConfiguration: true,
  AcrConfiguration: true,
} satisfies Record<PoolField, true>) as PoolField[];

/** The template holds the same texts, and AWS refuses two that differ. */
const REPLACED_BY_TEMPLATE: readonly string[] = [
  'SmsVerificationMessage',
  'EmailVerificationMessage',
  'EmailVerificationSubject',
];

/** The members that DescribeUserPoolClient answers and UpdateUserPoolClient takes. */
type ClientField = Exclude<keyof AppClient['settings'] & keyof UpdateUserPoolClientRequest, 'UserPoolId' | 'ClientId'>;

const CLIENT_FIELDS = Object.keys({
  ClientName: true,
  RefreshTokenValidity: true,
  AccessTokenValidity: true,
  IdTokenValidity: true,
  TokenValidityUnits: true,
  ReadAttributes: true,
  WriteAttributes: true,
  ExplicitAuthFlows: true,
  SupportedIdentityProviders: true,
  CallbackURLs: true,
  LogoutURLs: true,
  DefaultRedirectURI: true,
  AllowedOAuthFlows: true,
  AllowedOAuthScopes: true,
  AllowedOAuthFlowsUserPoolClient: true,
  AnalyticsConfiguration: true,
  PreventUserExistenceErrors: true,
  EnableTokenRevocation: true,
  EnablePropagateAdditionalUserContextData: true,
  AuthSessionValidity: true,
  RefreshTokenRotation: true,
} satisfies Record<ClientField, true>) as ClientField[];

/**
 * What another line of the same report may have set by the time this one runs, although it is absent now. Every other member that a
 * line sets is there already, or there would be no finding about it.
 */
const SET_BY_LINES: Readonly<Record<string, string>> = {
  AutoVerifiedAttributes: '`[]`',
  UserAttributeUpdateSettings: '`{}`',
};

/** What JMESPath makes of what is there when the line runs, so that several lines of one report add up. */
class Expression {
  constructor(readonly text: string) {}
}

/** A list with one more member. */
export function withMember(list: string, member: string): Expression {
  return new Expression(`[not_null(${list},\`[]\`),\`["${member}"]\`][]`);
}

/** The attributes whose old value stays until a new one is verified: those that Cognito sends a code for. */
export const KEEPING_ALL = new Expression(
  '{AttributesRequireVerificationBeforeUpdate:not_null(AutoVerifiedAttributes,`[]`)}',
);

/** The same, with one more. */
export function keepingToo(attribute: string): Expression {
  const list = withMember('UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate', attribute);
  return new Expression(`{AttributesRequireVerificationBeforeUpdate:${list.text}}`);
}

/** `EumsSms` within the SmsConfiguration, with these members in place of what they are. */
export function withEumsSms(change: object): Expression {
  return new Expression(
    `merge(SmsConfiguration,{EumsSms:merge(SmsConfiguration.EumsSms,\`${JSON.stringify(change)}\`)})`,
  );
}

/** A line that makes the pool name no number, pool of numbers or sender id: AWS then chooses for each country. */
export function nameNoSender(pool: Pool): string {
  const kept = Object.entries(pool.settings.SmsConfiguration?.EumsSms ?? {}).flatMap(([name, value]) =>
    name === 'OriginationIdentity' || value === undefined ? [] : `${name}:${name}`,
  );
  const without = `merge(SmsConfiguration,{EumsSms:SmsConfiguration.EumsSms.{${kept.join(',')}}})`;
  return updateUserPool(pool, { SmsConfiguration: new Expression(without) });
}

/** The domain that lines for e-mail have in place of yours. */
export const YOUR_DOMAIN = 'example.com';

/**
 * A line that lets the pool send by an identity of Amazon SES, of its own account and region.
 * @param domain of the identity
 */
export function sendByIdentity(pool: Pool, domain: string, more: { readonly From?: string } = {}): string {
  const [, partition = 'aws', , , account = ''] = (pool.settings.Arn ?? '').split(':');
  const SourceArn = `arn:${partition}:ses:${pool.region}:${account}:identity/${domain}`;
  return updateUserPool(pool, { EmailConfiguration: { EmailSendingAccount: 'DEVELOPER', SourceArn, ...more } });
}

type Changes<Field extends string> = { readonly [Name in Field]?: object | string | number | boolean | null };

/** @param changes the new value of each; of an object only the members that change; `null` takes the member out */
export function updateUserPool({ id, region, settings }: Pool, changes: Changes<PoolField>): string {
  const fields = POOL_FIELDS.filter(
    (field) => !(settings.VerificationMessageTemplate && REPLACED_BY_TEMPLATE.includes(field)),
  );
  const picked = fields.flatMap((field) => {
    // AWS answers the old name of a setting of the password policy too, and does not take both.
    if (field === 'AdminCreateUserConfig' && settings.Policies?.PasswordPolicy) return withoutValidity(settings);
    // An AWS CLI that does not know the member would leave it out, and so take it from the pool: this fails there instead.
    if (field === 'SmsConfiguration' && settings.SmsConfiguration?.EumsSms) {
      return pick(field, settings[field], changes[field] ?? withEumsSms({}));
    }
    return pick(field, settings[field], changes[field]);
  });
  const where = `--region ${region} --user-pool-id ${id}`;
  return update('user-pool', where, `UserPool.{${picked.join(',')}}`);
}

/** @param changes as above */
export function updateUserPoolClient({ id, pool, settings }: AppClient, changes: Changes<ClientField>): string {
  const picked = CLIENT_FIELDS.flatMap((field) => pick(field, settings[field], changes[field]));
  const where = `--region ${pool.region} --user-pool-id ${pool.id} --client-id ${id}`;
  return update('user-pool-client', where, `UserPoolClient.{${picked.join(',')}}`);
}

function update(what: string, where: string, query: string): string {
  const now = `aws cognito-idp describe-${what} ${where} --output json --query '${query}'`;
  return `aws cognito-idp update-${what} ${where} --cli-input-json "$(${now})"`;
}

function pick(field: string, now: unknown, change: unknown): string[] {
  if (change === null) return [];
  if (change === undefined && now !== undefined) return [`${field}:${field}`];
  if (change === undefined) {
    const absent = SET_BY_LINES[field];
    return absent === undefined ? [] : [`${field}:not_null(${field},${absent})`];
  }
  if (change instanceof Expression) return [`${field}:${change.text}`];
  const literal = `\`${JSON.stringify(change)}\``;
  const isPart = typeof change === 'object' && !Array.isArray(change) && now !== undefined;
  return [isPart ? `${field}:merge(${field},${literal})` : `${field}:${literal}`];
}

function withoutValidity({ AdminCreateUserConfig = {} }: UserPoolType): string[] {
  const { UnusedAccountValidityDays: _days, ...kept } = AdminCreateUserConfig;
  const names = Object.keys(kept).map((name) => `${name}:${name}`);
  return names.length > 0 ? [`AdminCreateUserConfig:AdminCreateUserConfig.{${names.join(',')}}`] : [];
}
