/**
 * Every call that doctor makes, each declared once, with the IAM actions that it needs. All of them only read. A thing that does
 * not exist is an answer, `undefined`, and no error.
 */
import type { UserPoolClientType } from '@aws-sdk/client-cognito-identity-provider';
import { CouldNotAskError } from '../could-not-ask.js';
import type { Clients, Service } from './clients.js';

/** What a client takes beside the input of a call. */
interface RequestOptions {
  readonly abortSignal: AbortSignal;
}

/** Sends one request: in its turn, within its time, and once more if AWS asks for patience. */
type Request = <Answer>(send: (options: RequestOptions) => Promise<Answer>) => Promise<Answer>;

/** One call. */
export interface AwsCall<Name extends Service, Input, Answer> {
  readonly service: Name;
  /** Such as `sns:GetSMSAttributes`. The first one is the call's own. */
  readonly actions: readonly [string, ...string[]];
  ask(client: Clients[Name], input: Input, request: Request): Promise<Answer>;
}

/** An app client, without its secret. */
export type AppClientSettings = Omit<UserPoolClientType, 'ClientSecret'>;

/** A user pool has a thousand app clients at most, in pages of 60. */
const MOST_PAGES = 20;
/** The most that End User Messaging takes. Its calls are one a second in a new account, so each page costs a second. */
const MaxResults = 100;

interface Paged {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** `SHARED`: by another account. Default: what is the account's own. */
interface Owned extends Paged {
  readonly Owner?: 'SELF' | 'SHARED';
}

export const CALLS = {
  callerIdentity: call('sts', ['sts:GetCallerIdentity'], async (sts, _input: object, options) => {
    const { Account, Arn } = await sts.getCallerIdentity({}, options);
    return { accountId: Account ?? '', arn: Arn ?? '' };
  }),

  userPool: call('cognito-idp', ['cognito-idp:DescribeUserPool'], (cognito, input: { UserPoolId: string }, options) =>
    unless('ResourceNotFoundException', async () => (await cognito.describeUserPool(input, options)).UserPool),
  ),

  /** The ids of the pool's app clients. */
  appClients: list(
    'cognito-idp',
    ['cognito-idp:ListUserPoolClients'],
    (cognito, input: { UserPoolId: string; NextToken?: string }, options) =>
      cognito.listUserPoolClients({ ...input, MaxResults: 60 }, options),
    (page) => page.UserPoolClients?.flatMap(({ ClientId }) => ClientId ?? []),
  ),

  appClient: call(
    'cognito-idp',
    ['cognito-idp:DescribeUserPoolClient'],
    (cognito, input: { UserPoolId: string; ClientId: string }, options) =>
      unless('ResourceNotFoundException', async (): Promise<AppClientSettings | undefined> => {
        const { UserPoolClient } = await cognito.describeUserPoolClient(input, options);
        if (UserPoolClient === undefined) return undefined;
        // AWS answers it in clear. Nothing here needs it, so it goes no further than this line.
        const { ClientSecret: _secret, ...settings } = UserPoolClient;
        return settings;
      }),
  ),

  /** The firewall in front of a pool. */
  webAcl: call(
    'wafv2',
    ['wafv2:GetWebACLForResource', 'cognito-idp:GetWebACLForResource', 'wafv2:GetWebACL'],
    (waf, input: { ResourceArn: string }, options) =>
      unless('WAFNonexistentItemException', async () => (await waf.getWebACLForResource(input, options)).WebACL),
  ),

  sesAccount: call('ses', ['ses:GetAccount'], (ses, _input: object, options) => ses.getAccount({}, options)),

  sesIdentity: call('ses', ['ses:GetEmailIdentity'], (ses, input: { EmailIdentity: string }, options) =>
    unless('NotFoundException', () => ses.getEmailIdentity(input, options)),
  ),

  snsSandbox: call(
    'sns',
    ['sns:GetSMSSandboxAccountStatus'],
    async (sns, _input: object, options) => (await sns.getSMSSandboxAccountStatus({}, options)).IsInSandbox,
  ),

  /** How many numbers the sandbox sends to: it has ten at most. */
  snsVerifiedDestinations: call('sns', ['sns:ListSMSSandboxPhoneNumbers'], async (sns, _input: object, options) => {
    const { PhoneNumbers = [] } = await sns.listSMSSandboxPhoneNumbers({ MaxResults }, options);
    return PhoneNumbers.filter(({ Status }) => Status === 'Verified').length;
  }),

  snsAttributes: call(
    'sns',
    ['sns:GetSMSAttributes'],
    async (sns, _input: object, options) => (await sns.getSMSAttributes({}, options)).attributes ?? {},
  ),

  /** How many numbers get no message from SNS, by the first page. */
  snsOptOuts: call('sns', ['sns:ListPhoneNumbersOptedOut'], async (sns, _input: object, options) => {
    const { phoneNumbers = [], nextToken } = await sns.listPhoneNumbersOptedOut({}, options);
    return { count: phoneNumbers.length, more: Boolean(nextToken) };
  }),

  smsAccountAttributes: call(
    'sms-voice',
    ['sms-voice:DescribeAccountAttributes'],
    async (sms, _input: object, options) => {
      const { AccountAttributes = [] } = await sms.describeAccountAttributes({ MaxResults }, options);
      return Object.fromEntries(AccountAttributes.map(({ Name, Value }) => [Name, Value])) as Record<string, string>;
    },
  ),

  /** How many numbers the sandbox sends to: it has ten at most. */
  smsVerifiedDestinations: call(
    'sms-voice',
    ['sms-voice:DescribeVerifiedDestinationNumbers'],
    async (sms, _input: object, options) => {
      const { VerifiedDestinationNumbers = [] } = await sms.describeVerifiedDestinationNumbers({ MaxResults }, options);
      return VerifiedDestinationNumbers.filter(({ Status }) => Status === 'VERIFIED').length;
    },
  ),

  smsSpendLimits: list(
    'sms-voice',
    ['sms-voice:DescribeSpendLimits'],
    (sms, input: Paged, options) => sms.describeSpendLimits(input, options),
    (page) => page.SpendLimits,
  ),

  /** How many numbers get no message because they are in this list, by the first page. */
  smsOptOuts: call(
    'sms-voice',
    ['sms-voice:DescribeOptedOutNumbers'],
    async (sms, input: { OptOutListName: string }, options) => {
      const answer = await unless('ResourceNotFoundException', () =>
        sms.describeOptedOutNumbers({ ...input, MaxResults }, options),
      );
      return { count: answer?.OptedOutNumbers?.length ?? 0, more: Boolean(answer?.NextToken) };
    },
  ),

  originationNumbers: list(
    'sms-voice',
    ['sms-voice:DescribePhoneNumbers'],
    (sms, input: Owned, options) => sms.describePhoneNumbers(input, options),
    (page) => page.PhoneNumbers,
  ),

  senderIds: list(
    'sms-voice',
    ['sms-voice:DescribeSenderIds'],
    (sms, input: Owned, options) => sms.describeSenderIds(input, options),
    (page) => page.SenderIds,
  ),

  numberPools: list(
    'sms-voice',
    ['sms-voice:DescribePools'],
    (sms, input: Owned, options) => sms.describePools(input, options),
    (page) => page.Pools,
  ),

  registrations: list(
    'sms-voice',
    ['sms-voice:DescribeRegistrations'],
    (sms, input: Paged, options) => sms.describeRegistrations(input, options),
    (page) => page.Registrations,
  ),

  configurationSets: list(
    'sms-voice',
    ['sms-voice:DescribeConfigurationSets'],
    (sms, input: Paged, options) => sms.describeConfigurationSets(input, options),
    (page) => page.ConfigurationSets,
  ),

  /** What a Protect configuration does with SMS to each country that has a rule. */
  countryRules: call(
    'sms-voice',
    ['sms-voice:GetProtectConfigurationCountryRuleSet'],
    (sms, input: { ProtectConfigurationId: string }, options) =>
      unless('ResourceNotFoundException', async () => {
        const answer = await sms.getProtectConfigurationCountryRuleSet({ ...input, NumberCapability: 'SMS' }, options);
        return answer.CountryRuleSet ?? {};
      }),
  ),

  /** The newest value of a metric in the time given; undefined if it has none. */
  latestOfMetric: call(
    'cloudwatch',
    ['cloudwatch:GetMetricStatistics'],
    async (cloudWatch, input: { Namespace: string; MetricName: string; StartTime: Date; EndTime: Date }, options) => {
      const wanted = { ...input, Period: 3_600, Statistics: ['Maximum' as const] };
      const { Datapoints = [] } = await cloudWatch.getMetricStatistics(wanted, options);
      // AWS answers them in no order.
      const [latest] = Datapoints.sort((one, other) => Number(other.Timestamp) - Number(one.Timestamp));
      return latest?.Maximum;
    },
  ),

  /** The value of a quota; undefined where AWS knows no other than its default. */
  quota: call(
    'servicequotas',
    ['servicequotas:GetServiceQuota'],
    (quotas, input: { ServiceCode: string; QuotaCode: string }, options) =>
      unless('NoSuchResourceException', async () => (await quotas.getServiceQuota(input, options)).Quota?.Value),
  ),
};

/** The IAM actions of all calls, sorted. `sts:GetCallerIdentity` is not among them: AWS lets everybody do it. */
export function iamActions(): readonly string[] {
  const all = Object.values(CALLS).flatMap(({ actions }) => [...actions]);
  return [...new Set(all)].filter((action) => action !== 'sts:GetCallerIdentity').sort();
}

type Actions = readonly [string, ...string[]];
type Send<Name extends Service, Input, Answer> = (
  client: Clients[Name],
  input: Input,
  options: RequestOptions,
) => Promise<Answer>;

function call<Name extends Service, Input, Answer>(
  service: Name,
  actions: Actions,
  send: Send<Name, Input, Answer>,
): AwsCall<Name, Input, Answer> {
  return { service, actions, ask: (client, input, request) => request((options) => send(client, input, options)) };
}

/** All pages of a list. */
function list<Name extends Service, Input extends Paged, Page extends { NextToken?: string | undefined }, Item>(
  service: Name,
  actions: Actions,
  send: Send<Name, Input, Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): AwsCall<Name, Omit<Input, keyof Paged>, Item[]> {
  return {
    service,
    actions,
    async ask(client, input, request) {
      const items: Item[] = [];
      let more: Paged = { MaxResults };
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const wanted = { ...input, ...more } as Input;
        const answer = await request((options) => send(client, wanted, options));
        items.push(...(itemsOf(answer) ?? []));
        if (!answer.NextToken) return items;
        more = { MaxResults, NextToken: answer.NextToken };
      }
      throw new CouldNotAskError(`Not known: ${actions[0]} has answered ${items.length} entries, and has more.`, {
        text: 'Nobody has looked at the rest. Look at them yourself, and leave the check out.',
      });
    },
  };
}

async function unless<Answer>(name: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && error.name === name) return undefined;
    throw error;
  }
}
