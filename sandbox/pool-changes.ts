import * as v from 'valibot';
import { checkInput, fields, JsonObject, Text, wholeNumber } from './schema.js';
import { checkClientSettings, checkPoolSettings } from './settings.js';
import type { AppClient, UserPool } from './state.js';

/** A setting that `null` takes out. */
function setting<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(v.nullable(schema));
}

const Attributes = v.array(Text);
const Verifiable = v.array(v.picklist(['email', 'phone_number']));
const Validity = setting(wholeNumber(1, 1_000_000));
const Unit = v.optional(v.picklist(['seconds', 'minutes', 'hours', 'days']));
const Trigger = v.optional(fields({ LambdaVersion: Text, LambdaArn: Text }));

/**
 * Settings of a user pool to change, under the names of `DescribeUserPool`. A member replaces the whole one before it. How users
 * are named cannot be changed, as on AWS.
 */
export const UserPoolChanges = fields({
  AutoVerifiedAttributes: setting(Verifiable),
  UserAttributeUpdateSettings: setting(fields({ AttributesRequireVerificationBeforeUpdate: Verifiable })),
  /** Without it the pool sends no SMS. */
  SmsConfiguration: setting(
    fields({
      SnsCallerArn: v.optional(Text),
      ExternalId: v.optional(Text),
      SnsRegion: v.optional(Text),
      EumsSms: v.optional(
        fields({
          CallerArn: Text,
          ExternalId: v.optional(Text),
          OriginationIdentity: v.optional(Text),
          ConfigurationSetName: v.optional(Text),
          InEntityId: v.optional(Text),
          InTemplateId: v.optional(Text),
          Region: v.optional(Text),
        }),
      ),
    }),
  ),
  /** What Cognito has noticed, such as `SNSSandbox`. It changes nothing else. */
  SmsConfigurationFailure: setting(Text),
  EmailConfigurationFailure: setting(Text),
  EmailConfiguration: setting(
    fields({
      SourceArn: v.optional(Text),
      ReplyToEmailAddress: v.optional(Text),
      EmailSendingAccount: v.optional(v.picklist(['COGNITO_DEFAULT', 'DEVELOPER'])),
      From: v.optional(Text),
      ConfigurationSet: v.optional(Text),
    }),
  ),
  /** The texts of the pool's messages. Without `{####}` there is no code in them, and no message goes out. */
  VerificationMessageTemplate: setting(
    fields({
      SmsMessage: v.optional(v.string()),
      EmailMessage: v.optional(v.string()),
      EmailSubject: v.optional(v.string()),
      EmailMessageByLink: v.optional(v.string()),
      EmailSubjectByLink: v.optional(v.string()),
      DefaultEmailOption: v.optional(v.picklist(['CONFIRM_WITH_CODE', 'CONFIRM_WITH_LINK'])),
    }),
  ),
  /** For a description only: the sandbox calls no function, but for the trigger that `setCustomMessage` sets. */
  LambdaConfig: setting(
    v.intersect([
      JsonObject,
      v.object({
        CustomMessage: v.optional(Text),
        CustomSMSSender: Trigger,
        CustomEmailSender: Trigger,
        KMSKeyID: v.optional(Text),
      }),
    ]),
  ),
  UserPoolTier: setting(v.picklist(['LITE', 'ESSENTIALS', 'PLUS'])),
  DeletionProtection: setting(v.picklist(['ACTIVE', 'INACTIVE'])),
  AccountRecoverySetting: setting(JsonObject),
});
export type UserPoolChanges = v.InferOutput<typeof UserPoolChanges>;

/** Settings of an app client to change, under the names of `DescribeUserPoolClient`. A member replaces the whole one before it. */
export const UserPoolClientChanges = fields({
  ReadAttributes: setting(Attributes),
  WriteAttributes: setting(Attributes),
  AccessTokenValidity: Validity,
  IdTokenValidity: Validity,
  RefreshTokenValidity: Validity,
  TokenValidityUnits: setting(fields({ AccessToken: Unit, IdToken: Unit, RefreshToken: Unit })),
  EnableTokenRevocation: setting(v.boolean()),
  ExplicitAuthFlows: setting(Attributes),
  PreventUserExistenceErrors: setting(v.picklist(['LEGACY', 'ENABLED'])),
  AllowedOAuthScopes: setting(Attributes),
  AllowedOAuthFlows: setting(Attributes),
  /** Of Amazon Pinpoint. It changes nothing else. */
  AnalyticsConfiguration: setting(JsonObject),
});
export type UserPoolClientChanges = v.InferOutput<typeof UserPoolClientChanges>;

/** Changes a pool. @throws BadInput, CognitoException */
export function changeUserPool(pool: UserPool, changes: UserPoolChanges): void {
  const settings = changed(pool.settings, checkInput(UserPoolChanges, changes, 'changes'));
  checkPoolSettings(settings);
  pool.settings = settings;
}

/** Changes an app client. @throws BadInput, CognitoException */
export function changeUserPoolClient(client: AppClient, changes: UserPoolClientChanges): void {
  const settings = changed(client.settings, checkInput(UserPoolClientChanges, changes, 'changes'));
  checkClientSettings(settings);
  client.settings = settings;
}

function changed(before: Record<string, unknown>, changes: object): Record<string, unknown> {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const merged = { ...before, ...structuredClone(Object.fromEntries(given)) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}
