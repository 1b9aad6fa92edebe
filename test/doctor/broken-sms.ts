/** What can be wrong with SMS. The two first are those that nobody but users would find. */
import type { Broken } from './broken.js';
import { POOL } from './rig.js';

const ROLE = POOL.SmsConfiguration.SnsCallerArn;
const US_NUMBER = { PhoneNumber: '+18005550100', IsoCountryCode: 'US', NumberType: 'TOLL_FREE' } as const;
const TEN_DLC = { ...US_NUMBER, PhoneNumber: '+12065550100', NumberType: 'TEN_DLC' } as const;
const registration = (RegistrationStatus: 'REVIEWING' | 'REQUIRES_UPDATES') => ({
  RegistrationId: 'registration-1',
  RegistrationType: 'US_TOLL_FREE_REGISTRATION',
  RegistrationStatus,
});
const limit = (EnforcedLimit: number, MaxLimit: number, Overridden = true) => ({
  SpendLimits: { TEXT_MESSAGE_MONTHLY_SPEND_LIMIT: { EnforcedLimit, MaxLimit, Overridden } },
});

export const BROKEN_SMS: readonly Broken[] = [
  {
    what: 'the SMS sandbox of the account',
    end: 'aws',
    account: { sns: { IsInSandbox: true }, smsVoice: { AccountAttributes: { ACCOUNT_TIER: 'SANDBOX' } } },
    check: 'sms-sandbox',
    verdict: 'failure',
    remedy: 'Ask AWS for production access',
  },
  {
    what: 'no number of the United States',
    end: 'aws',
    account: { smsVoice: { PhoneNumbers: [] } },
    check: 'sms-origination',
    verdict: 'failure',
    remedy: 'request-phone-number --region us-east-1 --iso-country-code US',
  },
  {
    what: 'no number of the United States, which nobody has asked about',
    end: 'aws',
    account: { smsVoice: { PhoneNumbers: [] } },
    question: { countries: [] },
    check: 'sms-origination',
    verdict: 'warning',
    remedy: 'doctor --country DE',
  },
  {
    what: 'the sandbox by the tier alone',
    end: 'aws',
    account: { smsVoice: { AccountAttributes: { ACCOUNT_TIER: 'SANDBOX' } } },
    check: 'sms-sandbox',
    verdict: 'failure',
    remedy: 'describe-account-attributes',
  },
  {
    what: 'a toll-free number in review',
    end: 'aws',
    account: { smsVoice: { Registrations: [registration('REVIEWING')] } },
    check: 'sms-origination',
    verdict: 'failure',
    remedy: 'Finish the registration',
  },
  {
    what: 'a toll-free registration that wants updates',
    end: 'aws',
    account: { smsVoice: { Registrations: [registration('REQUIRES_UPDATES')] } },
    check: 'sms-origination',
    verdict: 'failure',
    remedy: 'describe-registrations',
  },
  {
    what: 'a 10DLC number that is not active',
    end: 'aws',
    account: { smsVoice: { PhoneNumbers: [{ ...TEN_DLC, Status: 'PENDING' }] } },
    check: 'sms-origination',
    verdict: 'failure',
    remedy: 'the carriers decide',
  },
  {
    what: 'a simulator number alone',
    end: 'aws',
    account: { smsVoice: { PhoneNumbers: [{ ...US_NUMBER, NumberType: 'SIMULATOR' }] } },
    check: 'sms-origination',
    verdict: 'failure',
    remedy: 'toll-free number is the quickest',
  },
  {
    what: 'a second number that waits',
    end: 'aws',
    account: {
      smsVoice: {
        PhoneNumbers: [
          { ...US_NUMBER, RegistrationId: 'registration-1' },
          { ...TEN_DLC, Status: 'PENDING' },
        ],
      },
    },
    check: 'sms-origination',
    verdict: 'warning',
    remedy: 'or give it back',
  },
  {
    what: 'a country without a sender',
    end: 'line',
    question: { countries: ['US', 'IN'] },
    check: 'sms-origination',
    verdict: 'warning',
    remedy: 'Look up IN in AWS’s table',
  },
  {
    what: 'a country that Protect blocks',
    end: 'line',
    account: {
      smsVoice: {
        AccountAttributes: { DEFAULT_PROTECT_CONFIGURATION_ID: 'protect-1' },
        ProtectConfigurations: [
          {
            ProtectConfigurationId: 'protect-1',
            AccountDefault: true,
            CountryRuleSet: { US: { ProtectStatus: 'BLOCK' } },
          },
        ],
      },
    },
    check: 'sms-protect',
    verdict: 'failure',
    remedy: '"US":{"ProtectStatus":"ALLOW"}',
  },
  {
    what: 'a spend limit that is used up',
    end: 'aws',
    account: {
      cloudWatch: { SMSMonthToDateSpentUSD: 1000, TextMessageMonthlySpend: 1000 },
      smsVoice: limit(1, 1000, false),
      sns: { attributes: { MonthlySpendLimit: '1000' } },
    },
    check: 'sms-spend-limit',
    verdict: 'failure',
    remedy: 'Service Quotas',
  },
  {
    what: 'an own limit nearly used up',
    end: 'line',
    account: { cloudWatch: { TextMessageMonthlySpend: 17 }, smsVoice: limit(20, 100) },
    check: 'sms-spend-limit',
    verdict: 'warning',
    remedy: '--monthly-limit 100',
  },
  {
    what: 'the limit of SNS nearly used up',
    end: 'line',
    account: { cloudWatch: { SMSMonthToDateSpentUSD: 17 }, sns: { attributes: { MonthlySpendLimit: '20' } } },
    check: 'sms-spend-limit',
    verdict: 'warning',
    remedy: 'MonthlySpendLimit=1000',
  },
  {
    what: 'the limit of a new account',
    end: 'aws',
    account: {
      cloudWatch: { SMSMonthToDateSpentUSD: null, TextMessageMonthlySpend: null },
      smsVoice: limit(1, 1, false),
      sns: { attributes: { MonthlySpendLimit: '1' } },
    },
    check: 'sms-spend-limit',
    verdict: 'warning',
    remedy: 'Ask AWS for more',
  },
  {
    what: 'more numbers that have opted out than one page has',
    end: 'without',
    account: {
      smsVoice: {
        OptedOutNumbers: Array.from({ length: 101 }, (_, index) => ({ OptedOutNumber: `+1206555${1_000 + index}` })),
      },
    },
    check: 'sms-opt-outs',
    verdict: 'warning',
    remedy: 'Offer them e-mail',
  },
  {
    what: 'no SMS configuration',
    end: 'console',
    pool: { SmsConfiguration: {} },
    check: 'sms-configuration',
    verdict: 'failure',
    remedy: 'let it make a new IAM role',
  },
  {
    what: 'no external id',
    end: 'line',
    pool: { SmsConfiguration: { SnsCallerArn: ROLE } },
    check: 'sms-configuration',
    verdict: 'warning',
    remedy: 'asks for an external id',
  },
  {
    what: 'a region from which SNS cannot send',
    end: 'line',
    pool: { SmsConfiguration: { ...POOL.SmsConfiguration, SnsRegion: 'eu-west-1' } },
    check: 'sms-configuration',
    verdict: 'failure',
    remedy: 'Let the pool send from us-east-1',
  },
  {
    what: 'a role that may not send',
    end: 'line',
    pool: { SmsConfigurationFailure: 'InvalidSmsRoleAccessPolicyException' },
    check: 'sms-configuration-failure',
    verdict: 'failure',
    remedy: 'sns:Publish',
  },
  {
    what: 'a role that Cognito cannot take, and that may not send',
    end: 'line',
    pool: { SmsConfigurationFailure: 'InvalidSmsRoleTrustRelationshipException,InvalidSmsRoleAccessPolicyException' },
    check: 'sms-configuration-failure',
    verdict: 'failure',
    remedy: '"sts:ExternalId":"a1b2c3"',
  },
  {
    what: 'no external id for End User Messaging',
    end: 'line',
    pool: { SmsConfiguration: { EumsSms: { CallerArn: ROLE } } },
    check: 'sms-configuration',
    verdict: 'warning',
    remedy: 'update-assume-role-policy',
  },
  {
    what: 'a region from which End User Messaging cannot send',
    end: 'line',
    pool: { SmsConfiguration: { EumsSms: { CallerArn: ROLE, ExternalId: 'a1', Region: 'eu-west-1' } } },
    check: 'sms-configuration',
    verdict: 'failure',
    remedy: 'Let the pool send from us-east-1',
  },
  {
    what: 'a German sender id that the pool names, for users in the United States',
    end: 'line',
    account: { smsVoice: { SenderIds: [{ SenderId: 'BAKERY', IsoCountryCode: 'DE' }] } },
    pool: {
      SmsConfiguration: {
        EumsSms: {
          CallerArn: ROLE,
          ExternalId: 'a1',
          OriginationIdentity: 'arn:aws:sms-voice:us-east-1:000000000000:sender-id/BAKERY/DE',
        },
      },
    },
    check: 'sms-origination',
    verdict: 'failure',
    remedy: 'Or name none, as the command does: AWS then chooses',
  },
  {
    what: 'a number that the pool names and nobody has',
    end: 'line',
    pool: { SmsConfiguration: { EumsSms: { CallerArn: ROLE, ExternalId: 'a1', OriginationIdentity: '+12065550111' } } },
    check: 'sms-sender-of-pool',
    verdict: 'failure',
    remedy: 'Or name none, as the command does',
  },
];
