/** What remedies of doctor change in the account, by the real clients. */
import * as eum from '@aws-sdk/client-pinpoint-sms-voice-v2';
import {
  CreateEmailIdentityCommand,
  PutAccountDetailsCommand,
  PutAccountSendingAttributesCommand,
  SESv2Client,
} from '@aws-sdk/client-sesv2';
import * as sns from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import {
  ask,
  askEum,
  config,
  pool,
  REGION,
  refusal,
  sandbox,
  send,
  somethingToFind,
  useAccount,
} from './account-rig.js';

useAccount();

describe('a write of a remedy', () => {
  const voice = () => askEum(new eum.DescribePhoneNumbersCommand({}));

  it('sets the spend limits, and no more than AWS allows', async () => {
    const client = () => new sns.SNSClient(config());
    const set = (MonthlySpendLimit: string) =>
      send(client(), new sns.SetSMSAttributesCommand({ attributes: { MonthlySpendLimit } }));
    await set('1000');
    expect((await ask['sns:GetSMSAttributes']()).attributes.MonthlySpendLimit).toBe('1000');
    expect((await refusal(set('1001'))).name).toBe('InvalidParameterException');
    const override = (MonthlyLimit: number) => new eum.SetTextMessageSpendLimitOverrideCommand({ MonthlyLimit });
    expect(await askEum(override(70))).toEqual({ MonthlyLimit: 70 });
    expect((await ask['sms-voice:DescribeSpendLimits']()).SpendLimits[0]).toMatchObject({
      EnforcedLimit: 70,
      Overridden: true,
    });
    expect((await refusal(askEum(override(1_001)))).name).toBe('ValidationException');
  });

  it('requests a number, which waits for its registration, and gives it back', async () => {
    const made = await askEum(
      new eum.RequestPhoneNumberCommand({
        IsoCountryCode: 'US',
        MessageType: 'TRANSACTIONAL',
        NumberCapabilities: ['SMS'],
        NumberType: 'TOLL_FREE',
      }),
    );
    expect(made).toMatchObject({
      Status: 'PENDING',
      NumberType: 'TOLL_FREE',
      PhoneNumber: expect.stringMatching(/^\+1800555/),
    });
    expect((await voice()).PhoneNumbers).toHaveLength(2);
    const release = new eum.ReleasePhoneNumberCommand({ PhoneNumberId: made.PhoneNumberId });
    expect(await askEum(release)).toMatchObject({ Status: 'DELETED' });
    expect((await voice()).PhoneNumbers).toHaveLength(1);
    expect((await refusal(askEum(release))).name).toBe('ResourceNotFoundException');
  });

  it('requests a sender id, once', async () => {
    const request = new eum.RequestSenderIdCommand({ SenderId: 'BAKERY', IsoCountryCode: 'DE' });
    expect(await askEum(request)).toMatchObject({ SenderId: 'BAKERY', Registered: false });
    expect((await ask['sms-voice:DescribeSenderIds']()).SenderIds).toHaveLength(1);
    expect((await refusal(askEum(request))).name).toBe('ConflictException');
  });

  it('changes what Protect does with a country, and nothing else', async () => {
    somethingToFind();
    const change = (ProtectConfigurationId: string) =>
      new eum.UpdateProtectConfigurationCountryRuleSetCommand({
        ProtectConfigurationId,
        NumberCapability: 'SMS',
        CountryRuleSetUpdates: { US: { ProtectStatus: 'ALLOW' } },
      });
    const CountryRuleSet = { RU: { ProtectStatus: 'BLOCK' }, US: { ProtectStatus: 'ALLOW' } };
    expect(await askEum(change('protect-1'))).toMatchObject({ CountryRuleSet });
    expect(await ask['sms-voice:GetProtectConfigurationCountryRuleSet']()).toMatchObject({ CountryRuleSet });
    expect((await refusal(askEum(change('none')))).name).toBe('ResourceNotFoundException');
  });

  it('makes an identity that is not verified yet, once', async () => {
    const make = () =>
      send(new SESv2Client(config()), new CreateEmailIdentityCommand({ EmailIdentity: 'zoe@bakery.example' }));
    expect(await make()).toMatchObject({ IdentityType: 'EMAIL_ADDRESS', VerifiedForSendingStatus: false });
    expect((await refusal(make())).name).toBe('AlreadyExistsException');
    expect(sandbox.account(REGION).ses.identities).toHaveLength(2);
    expect(sandbox.account('us-west-2').ses.identities).toHaveLength(1);
    expect(JSON.stringify(sandbox.calls())).not.toContain('bakery');
  });

  it('resumes the sending of SES, and asks for production access, on which AWS decides', async () => {
    sandbox.setAccount({ ses: { SendingEnabled: false, ProductionAccessEnabled: false, ReviewStatus: null } });
    await send(new SESv2Client(config()), new PutAccountSendingAttributesCommand({ SendingEnabled: true }));
    const request = () =>
      send(
        new SESv2Client(config()),
        new PutAccountDetailsCommand({
          MailType: 'TRANSACTIONAL',
          WebsiteURL: 'https://bakery.example',
          ProductionAccessEnabled: true,
        }),
      );
    await request();
    expect(await ask['ses:GetAccount']()).toMatchObject({
      SendingEnabled: true,
      ProductionAccessEnabled: false,
      Details: { ReviewDetails: { Status: 'PENDING' } },
    });
    expect((await refusal(request())).name).toBe('ConflictException');
    // What is changed everywhere holds in a region that a call has changed, too.
    sandbox.setAccount({ ses: { ProductionAccessEnabled: true, ReviewStatus: 'GRANTED' } });
    expect(await ask['ses:GetAccount']()).toMatchObject({ ProductionAccessEnabled: true });
  });

  it('is denied to who may not', async () => {
    sandbox.setAccount({ deniedActions: ['sms-voice:RequestSenderId'] });
    const request = new eum.RequestSenderIdCommand({ SenderId: 'BAKERY', IsoCountryCode: 'DE' });
    expect((await refusal(askEum(request))).name).toBe('AccessDeniedException');
  });
});

describe('a policy of the role by which a pool sends SMS', () => {
  const iam = async (Action: string, more: Record<string, string>): Promise<[number, string]> => {
    const answer = await fetch(sandbox.url, {
      method: 'POST',
      headers: { authorization: 'any' },
      body: new URLSearchParams({ Action, Version: '2010-05-08', RoleName: 'sms', ...more }),
    });
    return [answer.status, await answer.text()];
  };

  it('ends what Cognito tells of the role', async () => {
    const failures = ['InvalidSmsRoleTrustRelationshipException', 'InvalidSmsRoleAccessPolicyException', 'SNSSandbox'];
    sandbox.setUserPool(pool.userPoolId, {
      SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::000000000000:role/service-role/sms' },
      SmsConfigurationFailure: failures.join(','),
    });
    const left = async () => (await ask['cognito-idp:DescribeUserPool']()).UserPool.SmsConfigurationFailure;
    const document = { PolicyDocument: '{}' };
    expect((await iam('PutRolePolicy', { ...document, PolicyName: 'p', RoleName: 'other' }))[0]).toBe(200);
    expect(await left()).toBe(failures.join(','));
    expect((await iam('PutRolePolicy', { ...document, PolicyName: 'p' }))[0]).toBe(200);
    expect((await iam('UpdateAssumeRolePolicy', document))[0]).toBe(200);
    expect(await left()).toBe('SNSSandbox');
    expect(await iam('ListRolePolicies', {})).toEqual([200, expect.stringContaining('<member>p</member>')]);
  });

  it('must be JSON', async () => {
    const [status, text] = await iam('PutRolePolicy', { PolicyName: 'p', PolicyDocument: 'let him' });
    expect([status, text]).toEqual([400, expect.stringContaining('<Code>MalformedPolicyDocument</Code>')]);
  });
});
