import * as v from 'valibot';
import { BadInput, checkInput, fields, JsonObject, Text } from '../schema.js';
import { SesSettings } from './email-settings.js';
import { IamSettings } from './iam-settings.js';
import { CloudWatchSettings, CognitoLimits, ServiceQuotaSettings, Wafv2Settings } from './limit-settings.js';
import { SmsVoiceSettings, SnsSettings } from './sms-settings.js';

/**
 * What the pretended AWS account is like in one region. The default is a healthy one: out of every sandbox, with money left, and
 * with a registered number for the United States. What AWS's answers hold has AWS's names here.
 */
export const Account = fields({
  /** What AWS says of the caller's credentials. It looks at no signature, but wants one. */
  credentials: v.optional(v.picklist(['valid', 'invalid', 'expired']), 'valid'),
  /** IAM actions that the caller may not do, such as `sns:GetSMSAttributes`, `sns:*` or `*`. */
  deniedActions: v.optional(v.array(Text), []),
  sns: v.optional(SnsSettings, {}),
  /** AWS End User Messaging SMS, whose numbers SNS uses too. */
  smsVoice: v.optional(SmsVoiceSettings, {}),
  ses: v.optional(SesSettings, {}),
  serviceQuotas: v.optional(ServiceQuotaSettings, {}),
  wafv2: v.optional(Wafv2Settings, {}),
  cloudWatch: v.optional(CloudWatchSettings, {}),
  cognito: v.optional(CognitoLimits, {}),
  iam: v.optional(IamSettings, {}),
});
export type Account = v.InferOutput<typeof Account>;

/** A part of an object, at any depth. Lists are whole. */
type Part<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Part<T[K]> | undefined }
    : T;

/** Changes of the account. What is absent or undefined stays as it is; a list replaces the one before. */
export type AccountChanges = Part<v.InferInput<typeof Account>>;

/** Any object: `AwsAccount` checks changes together with what they leave as it is. */
export const AccountChanges = v.custom<AccountChanges>((value) => v.is(JsonObject, value));

/** The AWS account that the calls of a deployment's checks see: the same in all regions, but for changes to one of them. */
export class AwsAccount {
  private everywhere: Record<string, unknown> = {};
  private regions: Record<string, Record<string, unknown>> = {};

  /** The account as a region sees it. */
  in(region: string): Account {
    return v.parse(Account, merge(this.everywhere, this.regions[region] ?? {}));
  }

  /**
   * Changes the account.
   * @param region only there. Default: in every region, also where that was changed before.
   * @throws BadInput for what an account cannot have; then nothing changes
   */
  change(changes: AccountChanges, region?: string): void {
    if (region !== undefined && !/^[a-z0-9-]{1,32}$/.test(region))
      throw new BadInput(`region: Invalid region ${region}`);
    const checked = checkInput(JsonObject, changes, 'account');
    const next = merge(region === undefined ? this.everywhere : (this.regions[region] ?? {}), checked);
    checkInput(Account, next, 'account');
    if (region !== undefined) {
      this.regions[region] = next;
      return;
    }
    this.everywhere = next;
    for (const [name, own] of Object.entries(this.regions)) this.regions[name] = merge(own, checked);
  }

  /** Makes the account healthy again. */
  reset(): void {
    this.everywhere = {};
    this.regions = {};
  }
}

function merge(before: Record<string, unknown>, changes: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const old = merged[name];
    if (value !== undefined)
      merged[name] = v.is(JsonObject, value) ? merge(v.is(JsonObject, old) ? old : {}, value) : value;
  }
  return merged;
}
