/** What doctor makes of AWS's answers about SMS of an account and of a pool, without AWS. */
import { describe, expect, it } from 'vitest';
import * as account from '../../doctor/aws/sms-account.js';
import { smsPathOf } from '../../doctor/aws/sms-paths.js';
import * as sms from '../../doctor/aws/sms-settings.js';
import { healthyPool, pool, unknown } from './aws-fixtures.js';
import { type Row, testJudgements } from './judgement-rows.js';

const spending = (more: object) => ({
  region: 'eu-west-1',
  snsLimit: undefined,
  spent: 3,
  limit: { Name: 'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT' as const, EnforcedLimit: 50, MaxLimit: 100, Overridden: false },
  ...more,
});

const ROWS: readonly Row[] = [
  ['SMS by SNS', sms.judgeSmsConfiguration(healthyPool()), 'ok', 'By Amazon SNS, from eu-central-1'],
  [
    'SMS directly',
    sms.judgeSmsConfiguration(
      pool({ SmsConfiguration: { EumsSms: { CallerArn: 'arn:aws:iam::1:role/x', ExternalId: 'e' } } }),
    ),
    'ok',
    'AWS End User Messaging itself',
  ],
  ['no SMS', sms.judgeSmsConfiguration(pool({ SmsConfiguration: undefined })), 'failure', 'no SmsConfiguration'],
  [
    'no SMS, and no number to verify',
    sms.judgeSmsConfiguration(pool({ SmsConfiguration: {}, AutoVerifiedAttributes: ['email'] })),
    'ok',
    'sends none',
  ],
  [
    'SMS by a function',
    sms.judgeSmsConfiguration(
      pool({ SmsConfiguration: {}, LambdaConfig: { CustomSMSSender: { LambdaVersion: 'V1_0', LambdaArn: 'arn' } } }),
    ),
    'ok',
    'see message-triggers',
  ],
  [
    'no role',
    sms.judgeSmsConfiguration(pool({ SmsConfiguration: { SnsCallerArn: 'arn:aws:sns:::x' } })),
    'failure',
    'SnsCallerArn is not the ARN of a role',
  ],
  [
    'no external id',
    sms.judgeSmsConfiguration(
      pool({ SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::1:role/x', SnsRegion: 'eu-central-1' } }),
    ),
    'warning',
    'no ExternalId',
  ],
  [
    'no region of SNS where there are two',
    sms.judgeSmsConfiguration(pool({ SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::1:role/x', ExternalId: 'e' } })),
    'warning',
    'eu-central-1 or eu-west-1',
  ],
  [
    'a region of SNS that cannot be',
    sms.judgeSmsConfiguration(
      pool({ SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::1:role/x', ExternalId: 'e', SnsRegion: 'us-east-1' } }),
    ),
    'failure',
    'Let the pool send from eu-central-1 or eu-west-1',
  ],
  [
    'a direct region that cannot be',
    sms.judgeSmsConfiguration(
      pool({
        SmsConfiguration: { EumsSms: { CallerArn: 'arn:aws:iam::1:role/x', ExternalId: 'e', Region: 'eu-west-1' } },
      }),
    ),
    'failure',
    'Let the pool send from eu-central-1',
  ],
  [
    'Seoul',
    sms.judgeSmsConfiguration(
      healthyPool({
        region: 'ap-northeast-2',
        settings: { SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::1:role/x', ExternalId: 'e' } },
      }),
    ),
    'ok',
    'from ap-northeast-1',
  ],
  ['no SMS failure', sms.judgeSmsFailure(healthyPool()), 'ok', 'see sms-sandbox'],
  [
    'a role that may not',
    sms.judgeSmsFailure(
      pool({ ...healthyPool().settings, SmsConfigurationFailure: 'InvalidSmsRoleAccessPolicyException' }),
    ),
    'failure',
    'sns:Publish',
  ],
  [
    'a sandbox that Cognito has met',
    sms.judgeSmsFailure(pool({ SmsConfigurationFailure: 'SNSSandbox' })),
    'failure',
    'the check sms-sandbox',
  ],
  ['no sender named', sms.judgePoolSender(healthyPool(), undefined), 'ok', 'AWS chooses'],
  [
    'no sandbox',
    account.judgeSandbox({ region: 'us-east-1', sns: false, tier: 'PRODUCTION', verified: undefined }),
    'ok',
    'out of it',
  ],
  [
    'the sandbox by SNS',
    account.judgeSandbox({ region: 'us-east-1', sns: true, tier: 'PRODUCTION', verified: 2 }),
    'failure',
    'the 2 numbers that you have verified',
  ],
  [
    'the sandbox by its tier',
    account.judgeSandbox({ region: 'us-east-1', sns: undefined, tier: 'SANDBOX', verified: 1 }),
    'failure',
    'describe-account-attributes',
  ],
  [
    'no sandbox by SNS, where AWS has no End User Messaging',
    account.judgeSandbox({ region: 'us-east-1', sns: false, tier: 'noEndpoint', verified: undefined }),
    'ok',
    'by Amazon SNS alone',
  ],
  [
    'a tier that nobody knows',
    unknown(() => account.judgeSandbox({ region: 'us-east-1', sns: false, tier: 'Sandbox', verified: undefined })),
    'couldNotAsk',
    'has the tier Sandbox',
  ],
  [
    'no tier',
    unknown(() => account.judgeSandbox({ region: 'us-east-1', sns: 'notAsked', tier: undefined, verified: undefined })),
    'couldNotAsk',
    'has the tier undefined',
  ],
  [
    'no word of SNS',
    unknown(() =>
      account.judgeSandbox({ region: 'us-east-1', sns: undefined, tier: 'PRODUCTION', verified: undefined }),
    ),
    'couldNotAsk',
    'no IsInSandbox',
  ],
  [
    'the tier alone, where no pool sends by SNS',
    account.judgeSandbox({ region: 'us-east-1', sns: 'notAsked', tier: 'PRODUCTION', verified: undefined }),
    'ok',
    'out of it',
  ],
  ['no limit', unknown(() => account.judgeSpending(spending({ limit: undefined }))), 'couldNotAsk', 'no spend limit'],
  ['no figure', account.judgeSpending(spending({ spent: undefined })), 'ok', 'AWS has no figure of this month'],
  ['money left', account.judgeSpending(spending({})), 'ok', '$3 of $100'],
  [
    'the own limit where it counts',
    account.judgeSpending(
      spending({
        spent: 45,
        limit: { Name: 'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT', EnforcedLimit: 50, MaxLimit: 100, Overridden: true },
      }),
    ),
    'warning',
    '--monthly-limit 100',
  ],
  ['no money left', account.judgeSpending(spending({ spent: 100.4 })), 'failure', 'TextMessageMonthlySpend'],
  [
    'the limit of SNS',
    account.judgeSpending(spending({ spent: 9.5, snsLimit: 10 })),
    'warning',
    'MonthlySpendLimit=100',
  ],
  [
    'the first dollar',
    account.judgeSpending(
      spending({
        spent: undefined,
        limit: { Name: 'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT', EnforcedLimit: 1, MaxLimit: 1, Overridden: false },
      }),
    ),
    'warning',
    'A new account has a limit of $1',
  ],
  ['no opt-outs', account.judgeOptOuts({ region: 'us-east-1', bySns: true, count: 0, more: false }), 'ok', 'none'],
  [
    'some opt-outs',
    account.judgeOptOuts({ region: 'us-east-1', bySns: false, count: 1, more: false }),
    'ok',
    '1 number has opted out',
  ],
  [
    'many opt-outs',
    account.judgeOptOuts({ region: 'us-east-1', bySns: false, count: 100, more: true }),
    'warning',
    'More than 100 numbers have opted out',
  ],
];

testJudgements(ROWS);

describe('the month', () => {
  it.each([
    ['2026-11-30T23:30:00Z', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['2026-12-01T00:00:00Z', '2026-12-01T00:00:00.000Z', '2026-12-01T01:00:00.000Z'],
  ])('of %s begins before it ends', (now, start, end) => {
    const { StartTime, EndTime } = account.monthOf(Date.parse(now));
    expect([StartTime.toISOString(), EndTime.toISOString()]).toEqual([start, end]);
  });
});

describe('the way of SMS', () => {
  it('is none for a pool whose function sends them', () => {
    expect(
      smsPathOf(pool({ LambdaConfig: { CustomSMSSender: { LambdaVersion: 'V1_0', LambdaArn: 'arn' } } })),
    ).toBeUndefined();
  });
});
