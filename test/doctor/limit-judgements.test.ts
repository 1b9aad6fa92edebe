/** What doctor makes of AWS's answers about quotas and firewalls, without AWS. */
import { expect, it } from 'vitest';
import { judgeWebAcl } from '../../doctor/aws/firewall.js';
import { judgeQuota } from '../../doctor/aws/quotas.js';
import { healthyPool, POOL_ARN } from './aws-fixtures.js';
import { type Row, testJudgements } from './judgement-rows.js';

const acl = (more: object) =>
  judgeWebAcl(healthyPool(), {
    Name: 'front',
    Id: '1',
    ARN: 'arn',
    DefaultAction: { Allow: {} },
    VisibilityConfig: undefined,
    ...more,
  });
const rule = (more: object) => ({
  Rules: [{ Name: 'slow', Priority: 1, Statement: {}, VisibilityConfig: undefined, ...more }],
});
const botControl = {
  Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: 'AWSManagedRulesBotControlRuleSet' } },
  OverrideAction: { None: {} },
};
const update = { code: 'L-6621E65D', category: 'UserUpdate', calls: 'attempts', usual: 25, perDirectCall: 1 } as const;

const ROWS: readonly Row[] = [
  ['the usual quota', judgeQuota({ quota: update, value: 25, rates: undefined }), 'ok', '25 attempts a second'],
  ['the default quota', judgeQuota({ quota: update, value: undefined, rates: undefined }), 'ok', 'the default of AWS'],
  [
    'less than usual',
    judgeQuota({ quota: update, value: 10, rates: { allowance: 20, queueRate: 12, pools: 1 } }),
    'warning',
    '--queue-rate 5',
  ],
  [
    'less than usual, and no rate',
    judgeQuota({ quota: update, value: 10, rates: { allowance: 4, pools: 1 } }),
    'warning',
    '4 + all that comes',
  ],
  [
    'less than usual, and enough',
    judgeQuota({ quota: update, value: 10, rates: { allowance: 20, queueRate: 5, pools: 1 } }),
    'ok',
    '5 + 5',
  ],
  [
    'less than usual, and a rate of each of two pools',
    judgeQuota({ quota: update, value: 10, rates: { allowance: 20, poolRate: 4, pools: 2 } }),
    'warning',
    '4 + 8',
  ],
  [
    'less than usual, and a rate of the only pool',
    judgeQuota({ quota: update, value: 10, rates: { allowance: 20, poolRate: 4, pools: 1 } }),
    'ok',
    '4 + 4',
  ],
  [
    'a quota of 1: no rate that would pause the queue',
    judgeQuota({ quota: update, value: 1, rates: { allowance: 20, pools: 1 } }),
    'warning',
    '--queue-rate 0.5 ',
  ],
  ['no web ACL', judgeWebAcl(healthyPool(), undefined), 'ok', 'none'],
  ['an empty web ACL', judgeWebAcl(healthyPool(), {} as never), 'ok', 'none'],
  ['a web ACL that counts', acl(rule({ Action: { Count: {} } })), 'ok', 'front'],
  ['a captcha', acl(rule({ Action: { Captcha: {} } })), 'warning', 'slow of the web ACL front asks for a CAPTCHA'],
  ['a challenge', acl(rule({ Action: { Challenge: {} } })), 'warning', 'challenge for a browser'],
  [
    'a rate',
    acl(rule({ Action: { Block: {} }, Statement: { RateBasedStatement: { Limit: 100 } } })),
    'warning',
    'after 100 requests in 300 s',
  ],
  [
    'a country that is blocked',
    acl(rule({ Action: { Block: {} }, Statement: { GeoMatchStatement: { CountryCodes: ['US'] } } })),
    'warning',
    'may stop the workers',
  ],
  [
    'a group of AWS',
    acl(rule(botControl)),
    'warning',
    'the rule group AWSManagedRulesBotControlRuleSet, which may stop',
  ],
  ['a group that counts', acl(rule({ ...botControl, OverrideAction: { Count: {} } })), 'ok', 'front'],
  [
    'a group of your own',
    acl(rule({ Statement: { RuleGroupReferenceStatement: { ARN: 'arn' } } })),
    'warning',
    'the rule group of your own',
  ],
  [
    'a group of Firewall Manager',
    acl({
      PreProcessFirewallManagerRuleGroups: [
        { Name: 'FMS', Priority: 0, FirewallManagerStatement: botControl.Statement, OverrideAction: { None: {} } },
      ],
    }),
    'warning',
    'The rule FMS of the web ACL front runs the rule group',
  ],
  [
    'a captcha in a group of AWS',
    acl(
      rule({
        Statement: {
          ManagedRuleGroupStatement: { RuleActionOverrides: [{ Name: 'Bot', ActionToUse: { Captcha: {} } }] },
        },
      }),
    ),
    'warning',
    'slow (Bot)',
  ],
  [
    'a captcha in a group that counts',
    acl(
      rule({
        OverrideAction: { Count: {} },
        Statement: {
          ManagedRuleGroupStatement: { RuleActionOverrides: [{ Name: 'Bot', ActionToUse: { Captcha: {} } }] },
        },
      }),
    ),
    'ok',
    'front',
  ],
  ['what blocks all', acl({ DefaultAction: { Block: {} } }), 'warning', `--resource-arn ${POOL_ARN}`],
];

testJudgements(ROWS);

it.each([1, 3, 10, 24])('the rate that a remedy names ends what is found of a quota of %d', (value) => {
  const rates = { allowance: 20, pools: 3 };
  const { verdict, remedy } = judgeQuota({ quota: update, value, rates });
  expect(verdict).toBe('warning');
  const queueRate = Number(/--queue-rate (\S+)/.exec(remedy?.command ?? '')?.[1]);
  expect(judgeQuota({ quota: update, value, rates: { ...rates, queueRate } }).verdict).toBe('ok');
});
