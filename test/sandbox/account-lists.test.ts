/** What the account has not, and its lists. */
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import * as eum from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { GetEmailIdentityCommand, GetSuppressedDestinationCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import * as sns from '@aws-sdk/client-sns';
import { GetWebACLForResourceCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import { describe, expect, it } from 'vitest';
import { askEum, config, pool, refusal, sandbox, send, useAccount } from './account-rig.js';

useAccount();

describe('what the sandbox does not have', () => {
  it.each([
    ['sns', () => new sns.SNSClient(config()).send(new sns.ListTopicsCommand({})), 'InvalidAction'],
    [
      'sms-voice',
      () => askEum(new eum.DescribeKeywordsCommand({ OriginationIdentity: 'x' })),
      'UnknownOperationException',
    ],
    [
      'ses',
      () => new SESv2Client(config()).send(new GetSuppressedDestinationCommand({ EmailAddress: 'none@x' })),
      'NotFoundException',
    ],
  ])('%s says so in its own form', async (_service, call, name) => {
    const error = await refusal(call());
    expect(error.name).toBe(name);
    if (name !== 'NotFoundException') expect(error.message).toMatch(/The Cognito sandbox does not have .* It has /);
  });

  it('names the operations at an unknown path of SES', async () => {
    const answer = await fetch(new URL('/v2/email/identities', sandbox.url), { headers: { authorization: 'x' } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
    expect(await answer.text()).toContain('GetEmailIdentity');
  });

  it.each([
    [
      'an identity',
      () => send(new SESv2Client(config()), new GetEmailIdentityCommand({ EmailIdentity: 'a@b.example' })),
      'NotFoundException',
    ],
    [
      'a quota',
      () =>
        send(
          new ServiceQuotasClient(config()),
          new GetServiceQuotaCommand({ ServiceCode: 'cognito-idp', QuotaCode: 'L-1' }),
        ),
      'NoSuchResourceException',
    ],
    [
      'a number',
      () => askEum(new eum.DescribePhoneNumbersCommand({ PhoneNumberIds: ['phone-1'] })),
      'ResourceNotFoundException',
    ],
    [
      'a pool',
      () => send(new WAFV2Client(config()), new GetWebACLForResourceCommand({ ResourceArn: 'arn:x/none' })),
      'WAFNonexistentItemException',
    ],
    [
      'an app client',
      () =>
        send(
          new CognitoIdentityProviderClient(config()),
          new DescribeUserPoolClientCommand({ UserPoolId: pool.userPoolId, ClientId: 'none' }),
        ),
      'ResourceNotFoundException',
    ],
    ['a page', () => askEum(new eum.DescribePoolsCommand({ NextToken: 'x' })), 'ValidationException'],
    [
      'a page of SNS',
      () => send(new sns.SNSClient(config()), new sns.ListOriginationNumbersCommand({ NextToken: 'x' })),
      'InvalidParameterException',
    ],
  ])('%s is not found', async (_what, call, name) => {
    expect((await refusal(call())).name).toBe(name);
  });
});

describe('lists', () => {
  const numbers = Array.from({ length: 5 }, (_, index) => `+4915550000${index}`);

  it('page', async () => {
    sandbox.setAccount({
      smsVoice: {
        VerifiedDestinationNumbers: numbers.map((DestinationPhoneNumber) => ({
          DestinationPhoneNumber,
          Status: 'PENDING',
        })),
        OptedOutNumbers: numbers.map((OptedOutNumber) => ({ OptedOutNumber })),
        PhoneNumbers: numbers.map((PhoneNumber) => ({ PhoneNumber, IsoCountryCode: 'DE', NumberType: 'LONG_CODE' })),
      },
    });
    const client = new sns.SNSClient(config());
    const paged: unknown[] = [];
    for await (const page of sns.paginateListSMSSandboxPhoneNumbers({ client, pageSize: 2 }, {})) {
      paged.push(page.PhoneNumbers?.length);
      for (const { PhoneNumber, Status } of page.PhoneNumbers ?? []) {
        expect([numbers, 'Pending']).toEqual([expect.arrayContaining([PhoneNumber]), Status]);
      }
    }
    for await (const page of sns.paginateListOriginationNumbers({ client, pageSize: 4 }, {})) {
      paged.push(page.PhoneNumbers?.length);
    }
    const voice = new eum.PinpointSMSVoiceV2Client(config());
    for await (const page of eum.paginateDescribeOptedOutNumbers(
      { client: voice, pageSize: 3 },
      { OptOutListName: 'Default' },
    )) {
      paged.push(page.OptedOutNumbers?.length);
    }
    expect(paged).toEqual([2, 2, 1, 4, 1, 3, 2]);
    client.destroy();
    voice.destroy();
  });

  it('filter, and name what there is', async () => {
    const [one = '', two = ''] = numbers;
    sandbox.setAccount({
      smsVoice: {
        PhoneNumbers: [
          { PhoneNumber: one, IsoCountryCode: 'DE', NumberType: 'LONG_CODE', PhoneNumberId: 'phone-1' },
          { PhoneNumber: two, IsoCountryCode: 'US', NumberType: 'TEN_DLC', Status: 'PENDING' },
        ],
        SenderIds: [{ SenderId: 'Zoe', IsoCountryCode: 'GB', Registered: true }],
      },
    });
    const found = await askEum(
      new eum.DescribePhoneNumbersCommand({
        Filters: [
          { Name: 'iso-country-code', Values: ['US', 'CA'] },
          { Name: 'number-capability', Values: ['SMS'] },
        ],
      }),
    );
    expect(found.PhoneNumbers.map((entry: { PhoneNumber: string }) => entry.PhoneNumber)).toEqual([two]);
    const byArn = 'arn:aws:sms-voice:eu-west-1:000000000000:phone-number/phone-1';
    const named = await askEum(new eum.DescribePhoneNumbersCommand({ PhoneNumberIds: [byArn] }));
    expect(named.PhoneNumbers).toHaveLength(1);
    const wanted = { SenderIds: [{ SenderId: 'Zoe', IsoCountryCode: 'GB' }] };
    expect((await askEum(new eum.DescribeSenderIdsCommand(wanted))).SenderIds).toMatchObject([{ Registered: true }]);
    const odd = new eum.DescribePhoneNumbersCommand({ Filters: [{ Name: 'two-way-channel-arn', Values: ['x'] }] });
    expect((await refusal(askEum(odd))).message).toContain('no filter two-way-channel-arn here; it has status');
  });
});
