import * as v from 'valibot';
import { fields, JsonObject, Text, wholeNumber } from '../schema.js';

const Rate = wholeNumber(0, 1_000_000);

/** Quotas of Cognito by code, as public lists of Service Quotas have them: requests per second of a category. */
export const COGNITO_QUOTAS = {
  'L-55545DC8': { category: 'UserResourceRead', value: 50, adjustable: true },
  'L-6621E65D': { category: 'UserUpdate', value: 25, adjustable: false },
  'L-D6BD5178': { category: 'UserRead', value: 120, adjustable: true },
  'L-574C86AE': { category: 'UserResourceUpdate', value: 25, adjustable: false },
  'L-CFFBE34A': { category: 'UserPoolRead', value: 15, adjustable: false },
} as const;

/** What Service Quotas says. */
export const ServiceQuotaSettings = fields({
  /** The values that apply, by quota code. Default: AWS's own. `null`: none is known, and `GetServiceQuota` does not find it. */
  applied: v.optional(v.record(v.picklist(Object.keys(COGNITO_QUOTAS)), v.nullable(Rate)), {}),
});

/** What Cognito enforces now, by category of the API. Default: what is free. */
export const CognitoLimits = fields({
  ProvisionedLimits: v.optional(
    v.record(v.picklist(Object.values(COGNITO_QUOTAS).map(({ category }) => category)), Rate),
    {},
  ),
});

/** What AWS WAF says. */
export const Wafv2Settings = fields({
  /** For a pool without a web ACL: an answer that has none, or `WAFNonexistentItemException`. */
  withoutWebAcl: v.optional(v.picklist(['emptyAnswer', 'exception']), 'emptyAnswer'),
  webAcls: v.optional(
    v.array(
      fields({
        userPoolId: Text,
        Name: v.optional(Text, 'sandbox'),
        DefaultAction: v.optional(JsonObject, { Allow: {} }),
        /** Rules as the answer has them: `{ Name, Priority, Statement, Action, VisibilityConfig }`. */
        Rules: v.optional(v.array(JsonObject), []),
      }),
    ),
    [],
  ),
});

/** The month's spending on SMS in US dollars, as CloudWatch has it. `null`: nothing was sent, and there is no such metric. */
export const CloudWatchSettings = fields({
  /** Of SNS, in `AWS/SNS`. */
  SMSMonthToDateSpentUSD: v.optional(v.nullable(v.pipe(v.number(), v.minValue(0))), 3.5),
  /** Of End User Messaging, in `AWS/SMSVoice`. */
  TextMessageMonthlySpend: v.optional(v.nullable(v.pipe(v.number(), v.minValue(0))), 3.5),
});
