/** The AWS calls of an account's checks, by the real clients, each in its own protocol. */
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  GetProvisionedLimitCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import * as eum from '@aws-sdk/client-pinpoint-sms-voice-v2';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import {
  GetAccountCommand,
  GetEmailIdentityCommand,
  GetSuppressedDestinationCommand,
  SESv2Client,
} from '@aws-sdk/client-sesv2';
import * as sns from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { GetWebACLForResourceCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';

export const REGION = 'eu-west-1';
const MONTH_BEGAN = new Date(Date.UTC(2026, 0, 1));
const NOW = new Date(Date.UTC(2026, 0, 5, 12, 30));

/** The sandbox of a file, and a pool of each test. */
export let sandbox: Sandbox;
export let pool: { userPoolId: string; clientId: string };

/** Starts the sandbox before the tests of a file, and makes the account healthy before each. */
export function useAccount(): void {
  beforeAll(async () => {
    sandbox = await startSandbox({ clock: () => NOW.getTime() });
  });
  beforeEach(async () => {
    sandbox.resetAccount();
    sandbox.clearFaults();
    sandbox.clearCalls();
    pool = await sandbox.createUserPool();
  });
  afterAll(async () => await sandbox.close());
}

export const config = () => ({
  region: REGION,
  endpoint: sandbox.url,
  maxAttempts: 1,
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
});
const poolArn = () => `arn:aws:cognito-idp:us-east-1:000000000000:userpool/${pool.userPoolId}`;

// The commands of the clients have no type in common.
// biome-ignore lint: any client, any command
export const send = async (client: any, command: any): Promise<any> => {
  const { $metadata, ...answer } = await client.send(command);
  expect($metadata.requestId).toMatch(/^[\da-f-]{36}$/);
  client.destroy();
  return answer;
};
export const ask = {
  'sns:GetSMSSandboxAccountStatus': () =>
    send(new sns.SNSClient(config()), new sns.GetSMSSandboxAccountStatusCommand({})),
  'sns:GetSMSAttributes': () => send(new sns.SNSClient(config()), new sns.GetSMSAttributesCommand({})),
  'sns:ListSMSSandboxPhoneNumbers': () =>
    send(new sns.SNSClient(config()), new sns.ListSMSSandboxPhoneNumbersCommand({})),
  'sns:ListPhoneNumbersOptedOut': () => send(new sns.SNSClient(config()), new sns.ListPhoneNumbersOptedOutCommand({})),
  'sns:CheckIfPhoneNumberIsOptedOut': () =>
    send(new sns.SNSClient(config()), new sns.CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber: '+18005550100' })),
  'sns:ListOriginationNumbers': () => send(new sns.SNSClient(config()), new sns.ListOriginationNumbersCommand({})),
  'sms-voice:DescribeAccountAttributes': () => askEum(new eum.DescribeAccountAttributesCommand({})),
  'sms-voice:DescribeSpendLimits': () => askEum(new eum.DescribeSpendLimitsCommand({})),
  'sms-voice:DescribePhoneNumbers': () => askEum(new eum.DescribePhoneNumbersCommand({})),
  'sms-voice:DescribeSenderIds': () => askEum(new eum.DescribeSenderIdsCommand({})),
  'sms-voice:DescribeRegistrations': () => askEum(new eum.DescribeRegistrationsCommand({})),
  'sms-voice:DescribePools': () => askEum(new eum.DescribePoolsCommand({})),
  'sms-voice:DescribeConfigurationSets': () => askEum(new eum.DescribeConfigurationSetsCommand({})),
  'sms-voice:DescribeProtectConfigurations': () => askEum(new eum.DescribeProtectConfigurationsCommand({})),
  'sms-voice:GetProtectConfigurationCountryRuleSet': () =>
    askEum(
      new eum.GetProtectConfigurationCountryRuleSetCommand({
        ProtectConfigurationId: 'protect-1',
        NumberCapability: 'SMS',
      }),
    ),
  'sms-voice:DescribeVerifiedDestinationNumbers': () => askEum(new eum.DescribeVerifiedDestinationNumbersCommand({})),
  'sms-voice:DescribeOptedOutNumbers': () =>
    askEum(new eum.DescribeOptedOutNumbersCommand({ OptOutListName: 'Default' })),
  'ses:GetAccount': () => send(new SESv2Client(config()), new GetAccountCommand({})),
  'ses:GetEmailIdentity': () =>
    send(new SESv2Client(config()), new GetEmailIdentityCommand({ EmailIdentity: 'example.com' })),
  'ses:GetSuppressedDestination': () =>
    send(new SESv2Client(config()), new GetSuppressedDestinationCommand({ EmailAddress: 'zoe+1@bakery.example' })),
  'servicequotas:GetServiceQuota': () =>
    send(
      new ServiceQuotasClient(config()),
      new GetServiceQuotaCommand({ ServiceCode: 'cognito-idp', QuotaCode: 'L-55545DC8' }),
    ),
  'servicequotas:GetAWSDefaultServiceQuota': () =>
    send(
      new ServiceQuotasClient(config()),
      new GetAWSDefaultServiceQuotaCommand({ ServiceCode: 'cognito-idp', QuotaCode: 'L-55545DC8' }),
    ),
  'wafv2:GetWebACLForResource': () =>
    send(new WAFV2Client(config()), new GetWebACLForResourceCommand({ ResourceArn: poolArn() })),
  'cloudwatch:GetMetricStatistics': () => metric('AWS/SNS', 'SMSMonthToDateSpentUSD'),
  'cognito-idp:DescribeUserPool': () =>
    send(new CognitoIdentityProviderClient(config()), new DescribeUserPoolCommand({ UserPoolId: pool.userPoolId })),
  'cognito-idp:DescribeUserPoolClient': () =>
    send(
      new CognitoIdentityProviderClient(config()),
      new DescribeUserPoolClientCommand({ UserPoolId: pool.userPoolId, ClientId: pool.clientId }),
    ),
  'cognito-idp:GetProvisionedLimit': () =>
    send(
      new CognitoIdentityProviderClient(config()),
      new GetProvisionedLimitCommand({
        LimitDefinition: { LimitClass: 'API_CATEGORY', Attributes: { Category: 'UserUpdate' } },
      }),
    ),
};
export const identity = () => send(new STSClient(config()), new GetCallerIdentityCommand({}));
// biome-ignore lint: any command
export const askEum = (command: any) => send(new eum.PinpointSMSVoiceV2Client(config()), command);
export const metric = (Namespace: string, MetricName: string, Period = 3600) =>
  send(
    new CloudWatchClient(config()),
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName,
      StartTime: MONTH_BEGAN,
      EndTime: NOW,
      Period,
      Statistics: ['Maximum'],
    }),
  );

/** The client of CloudWatch knows the names of errors without their ending, as in the Query protocol. */
export const usualName = (action: string, name: string) =>
  action.startsWith('cloudwatch:') ? name.replace('Exception', '') : name;

export type Action = keyof typeof ask;
export const ACTIONS = Object.keys(ask) as Action[];
/** The fields of the errors that all clients have. */
export interface Refused {
  name: string;
  message: string;
  $metadata: { httpStatusCode: number };
}
export const refusal = async (call: Promise<unknown>): Promise<Refused> => {
  const error = await call.then(
    (answer) => Promise.reject(new Error(`answered ${JSON.stringify(answer)}`)),
    (reason: Refused) => reason,
  );
  return error;
};
/** A protect configuration and a suppressed address, without which two calls find nothing. */
export const somethingToFind = () => {
  sandbox.setAccount({
    smsVoice: {
      ProtectConfigurations: [
        { ProtectConfigurationId: 'protect-1', CountryRuleSet: { RU: { ProtectStatus: 'BLOCK' } } },
      ],
    },
    ses: { suppressed: [{ EmailAddress: 'zoe+1@bakery.example' }] },
  });
};
