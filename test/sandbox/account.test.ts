/** What each service says of a healthy account, and to whom. */

import { describe, expect, it } from 'vitest';
import {
  ACTIONS,
  type Action,
  ask,
  identity,
  refusal,
  sandbox,
  somethingToFind,
  useAccount,
  usualName,
} from './account-rig.js';

useAccount();

describe('a healthy account', () => {
  const HEALTHY: Record<Action, unknown> = {
    'sns:GetSMSSandboxAccountStatus': { IsInSandbox: false },
    'sns:GetSMSAttributes': { attributes: { MonthlySpendLimit: '500', DefaultSMSType: 'Transactional' } },
    'sns:ListSMSSandboxPhoneNumbers': { PhoneNumbers: [] },
    'sns:ListPhoneNumbersOptedOut': { phoneNumbers: [] },
    'sns:CheckIfPhoneNumberIsOptedOut': { isOptedOut: false },
    'sns:ListOriginationNumbers': {
      PhoneNumbers: [
        {
          CreatedAt: expect.any(Date),
          PhoneNumber: '+18005550100',
          Status: 'ACTIVE',
          Iso2CountryCode: 'US',
          RouteType: 'Transactional',
          NumberCapabilities: ['SMS'],
        },
      ],
    },
    'sms-voice:DescribeAccountAttributes': { AccountAttributes: [{ Name: 'ACCOUNT_TIER', Value: 'PRODUCTION' }] },
    'sms-voice:DescribeSpendLimits': {
      SpendLimits: [
        { Name: 'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT', EnforcedLimit: 500, MaxLimit: 1000, Overridden: true },
        { Name: 'VOICE_MESSAGE_MONTHLY_SPEND_LIMIT', EnforcedLimit: 1, MaxLimit: 1, Overridden: false },
      ],
    },
    'sms-voice:DescribePhoneNumbers': {
      PhoneNumbers: [
        expect.objectContaining({
          PhoneNumber: '+18005550100',
          PhoneNumberArn: expect.stringMatching(
            /^arn:aws:sms-voice:eu-west-1:000000000000:phone-number\/phone-[\da-f]{32}$/,
          ),
          NumberType: 'TOLL_FREE',
          RegistrationId: 'registration-1',
          CreatedTimestamp: new Date('2026-01-01T00:00:00Z'),
        }),
      ],
    },
    'sms-voice:DescribeSenderIds': { SenderIds: [] },
    'sms-voice:DescribeRegistrations': {
      Registrations: [
        expect.objectContaining({ RegistrationType: 'US_TOLL_FREE_REGISTRATION', RegistrationStatus: 'COMPLETE' }),
      ],
    },
    'sms-voice:DescribePools': { Pools: [] },
    'sms-voice:DescribeConfigurationSets': { ConfigurationSets: [] },
    'sms-voice:DescribeProtectConfigurations': {
      ProtectConfigurations: [expect.objectContaining({ ProtectConfigurationId: 'protect-1', AccountDefault: false })],
    },
    'sms-voice:GetProtectConfigurationCountryRuleSet': expect.objectContaining({
      CountryRuleSet: { RU: { ProtectStatus: 'BLOCK' } },
      NumberCapability: 'SMS',
    }),
    'sms-voice:DescribeVerifiedDestinationNumbers': { VerifiedDestinationNumbers: [] },
    'sms-voice:DescribeOptedOutNumbers': expect.objectContaining({ OptOutListName: 'Default', OptedOutNumbers: [] }),
    'ses:GetAccount': expect.objectContaining({
      ProductionAccessEnabled: true,
      SendingEnabled: true,
      EnforcementStatus: 'HEALTHY',
      SendQuota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 100 },
      Details: { MailType: 'TRANSACTIONAL', ReviewDetails: { Status: 'GRANTED' } },
    }),
    'ses:GetEmailIdentity': expect.objectContaining({
      IdentityType: 'DOMAIN',
      VerifiedForSendingStatus: true,
      VerificationStatus: 'SUCCESS',
      DkimAttributes: { SigningEnabled: true, Status: 'SUCCESS' },
    }),
    'ses:GetSuppressedDestination': {
      SuppressedDestination: {
        EmailAddress: 'zoe+1@bakery.example',
        Reason: 'BOUNCE',
        LastUpdateTime: new Date('2026-01-01T00:00:00Z'),
      },
    },
    'servicequotas:GetServiceQuota': { Quota: expect.objectContaining({ Value: 50, Adjustable: true }) },
    'servicequotas:GetAWSDefaultServiceQuota': { Quota: expect.objectContaining({ Value: 50 }) },
    'wafv2:GetWebACLForResource': {},
    'cloudwatch:GetMetricStatistics': {
      Label: 'SMSMonthToDateSpentUSD',
      Datapoints: [{ Timestamp: new Date(Date.UTC(2026, 0, 5, 12)), Maximum: 3.5, Unit: 'None' }],
    },
    'cognito-idp:DescribeUserPool': {
      UserPool: expect.objectContaining({
        AutoVerifiedAttributes: ['email', 'phone_number'],
        EmailConfiguration: expect.objectContaining({ EmailSendingAccount: 'DEVELOPER' }),
        SmsConfiguration: expect.objectContaining({ ExternalId: 'sandbox', SnsRegion: 'us-east-1' }),
        LambdaConfig: {},
        UserPoolTier: 'ESSENTIALS',
      }),
    },
    'cognito-idp:DescribeUserPoolClient': {
      UserPoolClient: expect.objectContaining({ EnableTokenRevocation: true, ClientName: 'sandbox' }),
    },
    'cognito-idp:GetProvisionedLimit': {
      Limit: expect.objectContaining({ ProvisionedLimitValue: 25, FreeLimitValue: 25 }),
    },
  };

  it.each(ACTIONS)('answers %s', async (action) => {
    somethingToFind();
    expect(await ask[action]()).toEqual(HEALTHY[action]);
    const [service, operation] = action.split(':');
    const listed = sandbox.calls({ operation });
    expect(listed.map(({ service: seen, outcome }) => [seen, outcome])).toEqual([[service, 'ok']]);
    expect(JSON.stringify(sandbox.calls())).not.toMatch(/8005550100|bakery/);
  });

  it('says who the caller is', async () => {
    expect(await identity()).toMatchObject({ Account: '000000000000', Arn: expect.stringContaining('arn:aws:sts::') });
  });
});

describe('a caller', () => {
  it.each(ACTIONS)('without permission for %s is told so', async (action) => {
    somethingToFind();
    sandbox.setAccount({ deniedActions: [action] });
    const { name, message, $metadata } = await refusal(ask[action]());
    const isSns = action.startsWith('sns:');
    const shown = action.replace(/^sns/, 'SNS');
    expect(message).toMatch(
      new RegExp(
        `^User: arn:aws:sts::000000000000:\\S+ is not authorized to perform: ${shown} on resource: \\S+ because`,
      ),
    );
    const isInHeader = isSns || action.startsWith('ses:');
    expect([name, $metadata.httpStatusCode]).toEqual([
      isSns ? 'AuthorizationErrorException' : usualName(action, 'AccessDeniedException'),
      isInHeader ? 403 : 400,
    ]);
    sandbox.setAccount({ deniedActions: [] });
    await ask[action]();
  });

  it('who may do nothing still learns who it is', async () => {
    sandbox.setAccount({ deniedActions: ['*'] });
    for (const action of ACTIONS) expect((await refusal(ask[action]())).message).toContain('is not authorized');
    await identity();
    sandbox.setAccount({ deniedActions: ['sns:*', 'cognito-idp:GetWebACLForResource'] });
    expect((await refusal(ask['wafv2:GetWebACLForResource']())).message).toContain('cognito-idp:GetWebACLForResource');
    await refusal(ask['sns:GetSMSAttributes']());
    await ask['ses:GetAccount']();
  });

  it.each([
    ['invalid', /InvalidClientTokenId|UnrecognizedClientException/],
    ['expired', /ExpiredToken(Exception)?/],
  ] as const)('with %s credentials is refused by every service', async (credentials, names) => {
    sandbox.setAccount({ credentials });
    for (const call of [...Object.values(ask), identity]) expect((await refusal(call())).name).toMatch(names);
    await sandbox.createUser();
  });

  it.each<[service: string, request: { body?: string; target?: string; path?: string }, status: number, text: RegExp]>([
    ['sns', { body: 'Action=GetSMSAttributes&Version=2010-03-31' }, 403, /<Code>MissingAuthenticationToken<\/Code>/],
    ['sts', { body: 'Action=GetCallerIdentity&Version=2011-06-15' }, 403, /<Code>MissingAuthenticationToken<\/Code>/],
    [
      'sms-voice',
      { target: 'PinpointSMSVoiceV2.DescribePools' },
      400,
      /"__type":"MissingAuthenticationTokenException"/,
    ],
    ['wafv2', { target: 'AWSWAF_20190729.GetWebACLForResource' }, 400, /"__type":"MissingAuthenticationTokenExc/],
    ['ses', { path: '/v2/email/account' }, 403, /Missing Authentication Token/],
  ])(
    'of %s without a signature is refused',
    async (service, { body = '{}', target = '', path = '/' }, status, text) => {
      const isForm = body !== '{}';
      const answer = await fetch(new URL(path, sandbox.url), {
        headers: {
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/x-amz-json-1.0',
          ...(target !== '' && { 'x-amz-target': target }),
        },
        ...(path === '/' && { method: 'POST', body }),
      });
      expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(text)]);
      expect(sandbox.calls().at(-1)).toMatchObject({ service, outcome: expect.stringMatching(/^MissingAuth/) });
    },
  );
});
