/** Doctor against accounts and pools in which one thing is wrong, made by the controls of the sandbox. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { iamActions } from '../../doctor/aws-account.js';
import { AWS_CHECKS } from '../../doctor/aws-checks.js';
import { worstOf } from '../../doctor/finding.js';
import { type AccountChanges, type Sandbox, startSandbox } from '../../sandbox/index.js';
import { BROKEN_POOLS } from './broken-pools.js';
import { BROKEN_SMS } from './broken-sms.js';
import { amissIn, breakOne, examineAws, makePool, POOL, type Served, setUpAws } from './rig.js';

let sandbox: Sandbox;
let restore: () => void;

beforeAll(async () => {
  sandbox = await startSandbox();
});
beforeEach(() => {
  restore = setUpAws(sandbox.url);
});
afterEach(() => {
  sandbox.resetAccount();
  sandbox.clearCalls();
  restore();
});
afterAll(() => sandbox?.close());

const ROLE = POOL.SmsConfiguration.SnsCallerArn;

describe('a healthy account', () => {
  it.each([
    ['by SNS', {}],
    [
      'by End User Messaging itself',
      { SmsConfiguration: { EumsSms: { CallerArn: ROLE, ExternalId: 'a1', OriginationIdentity: '+18005550100' } } },
    ],
  ])('is all green, with SMS %s', async (_how, pool) => {
    const { findings } = await examineAws(await makePool(sandbox, pool));
    expect(amissIn(findings)).toEqual([]);
    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(AWS_CHECKS.map(({ name }) => name)));
  });
});

describe('one thing wrong', () => {
  it.each([...BROKEN_SMS, ...BROKEN_POOLS])('is named: $what', async (broken) => {
    const { question, check, verdict, remedy } = broken;
    const served = await breakOne(sandbox, broken);
    const { findings } = await examineAws(served, question);
    expect(amissIn(findings)).toEqual([
      expect.objectContaining({
        check,
        verdict,
        means: expect.any(String) as unknown,
        source: expect.stringMatching(/^https:\/\/docs\.aws\.amazon\.com\//) as unknown,
      }),
    ]);
    expect(JSON.stringify(amissIn(findings)[0]?.remedy).replaceAll('\\"', '"')).toContain(remedy);
    // No number, no address, and not the secret of the app client.
    expect(JSON.stringify(findings)).not.toMatch(/\+1\d{10}|no-reply@|ClientSecret/);
  });

  it('is named: one of two addresses of a domain, whichever pool comes first', async () => {
    const sending = (name: string) => ({
      EmailConfiguration: {
        EmailSendingAccount: 'DEVELOPER',
        SourceArn: `arn:aws:ses:us-east-1:000000000000:identity/${name}@example.com`,
      },
    });
    const bad = {
      EmailIdentity: 'bad@example.com',
      VerifiedForSendingStatus: false,
      VerificationStatus: 'PENDING' as const,
    };
    sandbox.setAccount({ ses: { identities: [bad, { EmailIdentity: 'good@example.com' }] } });
    const [one, other] = [await makePool(sandbox, sending('bad')), await makePool(sandbox, sending('good'))];
    for (const pools of [
      [one, other],
      [other, one],
    ]) {
      const VERIFICATION_USER_POOLS = pools.map(({ userPoolId, clientId }) => `${userPoolId}:${clientId}`).join(',');
      const VERIFICATION_KEEPING_USER_POOLS = pools.map(({ userPoolId }) => userPoolId).join(',');
      const question = { environment: { VERIFICATION_USER_POOLS, VERIFICATION_KEEPING_USER_POOLS } };
      expect(amissIn((await examineAws(one, question)).findings)).toEqual([
        expect.objectContaining({
          check: 'ses-identity',
          verdict: 'failure',
          found: 'The identity of an address of example.com is not verified (PENDING).',
        }),
      ]);
    }
  });

  it('is named: an app client that does not exist', async () => {
    const { userPoolId } = await makePool(sandbox);
    const { findings } = await examineAws({ userPoolId, clientId: 'gone' });
    expect(findings.filter(({ verdict }) => verdict === 'failure').map(({ check }) => check)).toEqual(['app-clients']);
    // Of the others it is said that they were not asked, and why.
    for (const { check, found } of findings.filter(({ verdict }) => verdict === 'couldNotAsk')) {
      expect(check).toMatch(/^(client|access-token|token)-/);
      expect(found).toBe('Not asked, because the app client does not exist.');
    }
  });

  it('is named: a user pool that does not exist', async () => {
    const { findings } = await examineAws({ userPoolId: 'us-east-1_Missing01', clientId: '' });
    expect(findings.filter(({ verdict }) => verdict === 'failure')).toEqual([
      expect.objectContaining({
        check: 'user-pool-exists',
        found: expect.stringContaining('no user pool us-east-1_Missing01') as unknown,
      }),
    ]);
    const others = new Set(findings.filter(({ verdict }) => verdict === 'couldNotAsk').map(({ found }) => found));
    expect(others).toEqual(new Set(['Not asked, because the user pool does not exist.']));
  });
});

describe('what cannot be asked is never green', () => {
  const ask = async (served?: Served) => {
    const { findings } = await examineAws(served ?? (await makePool(sandbox)));
    expect(worstOf(findings)).toBe('couldNotAsk');
    return amissIn(findings);
  };

  it('without credentials: one finding says how to give them, the others one line each', async () => {
    const served = await makePool(sandbox);
    delete process.env['AWS_ACCESS_KEY_ID'];
    const findings = await ask(served);
    const [first, ...others] = findings.sort((one) => (one.check === 'aws-credentials' ? -1 : 1));
    expect(first).toMatchObject({
      check: 'aws-credentials',
      remedy: { text: expect.stringContaining('AWS_PROFILE') as unknown },
    });
    expect(others.map(({ check }) => check).sort()).toEqual(
      AWS_CHECKS.map(({ name }) => name)
        .filter((name) => name !== 'aws-credentials')
        .sort(),
    );
    expect(new Set(others.map(({ found }) => found))).toEqual(
      new Set([
        'Not asked: there are no AWS credentials.',
        'Not asked: there are no AWS credentials. Cognito has a user pool of this id; whether it is yours is not known.',
      ]),
    );
    expect(sandbox.calls({}).filter(({ operation }) => !operation.startsWith('Create'))).toEqual([]);
  });

  it('without credentials, and with a pool that is mistyped: that alone is known', async () => {
    delete process.env['AWS_ACCESS_KEY_ID'];
    const { findings } = await examineAws({ userPoolId: 'us-east-1_Missing01', clientId: '' });
    expect(findings.filter(({ verdict }) => verdict === 'failure')).toEqual([
      expect.objectContaining({
        check: 'user-pool-exists',
        found: 'Cognito has no user pool us-east-1_Missing01, in any account.',
      }),
    ]);
  });

  it('with a profile that is not there: its name is told', async () => {
    const served = await makePool(sandbox);
    delete process.env['AWS_ACCESS_KEY_ID'];
    const { findings } = await examineAws(served, { environment: { AWS_PROFILE: 'shopp' } });
    expect(findings.find(({ check }) => check === 'aws-credentials')).toMatchObject({
      found: expect.stringContaining('the profile shopp that AWS_PROFILE names') as unknown,
      remedy: { command: 'aws configure --profile shopp' },
    });
  });

  it('a quota that is lower than usual is told without Temporal', async () => {
    const served = await makePool(sandbox);
    sandbox.setAccount({ serviceQuotas: { applied: { 'L-6621E65D': 10 } } });
    expect(await ask(served)).toEqual([
      expect.objectContaining({
        check: 'cognito-quotas',
        found: expect.stringMatching(/^Cognito takes 10 attempts a second \(UserUpdate\), and not 25 as usual\./),
      }),
    ]);
  });

  it.each(['expired', 'invalid'] as const)('with %s credentials', async (credentials) => {
    const served = await makePool(sandbox);
    sandbox.setAccount({ credentials });
    const findings = await ask(served);
    expect(findings.map(({ check }) => check)).toContain('aws-credentials');
    for (const { found } of findings) expect(found).toMatch(/AWS does not take the credentials/);
  });

  it('with credentials that may do nothing', async () => {
    const served = await makePool(sandbox);
    sandbox.setAccount({ deniedActions: ['*'] });
    for (const { check, permission, remedy } of await ask(served)) {
      if (check === 'aws-credentials') continue;
      expect(iamActions()).toContain(permission);
      expect(remedy?.command).toBe('cognito-verification doctor --iam-policy');
    }
  });

  it.each([
    ['sns:GetSMSSandboxAccountStatus', ['sms-sandbox']],
    ['sms-voice:DescribePhoneNumbers', ['sms-origination']],
    ['ses:GetAccount', ['ses-sandbox', 'ses-sending']],
    ['ses:GetEmailIdentity', ['ses-identity']],
    ['cloudwatch:GetMetricStatistics', ['sms-spend-limit']],
    ['servicequotas:GetServiceQuota', ['cognito-quotas']],
    ['wafv2:GetWebACLForResource', ['web-acl']],
    ['cognito-idp:GetWebACLForResource', ['web-acl']],
  ])('without %s alone', async (action, checks) => {
    const served = await makePool(sandbox);
    sandbox.setAccount({ deniedActions: [action] });
    const findings = await ask(served);
    expect(findings.map(({ check }) => check)).toEqual(checks);
    for (const { permission } of findings) expect(permission).toBe(action);
  });

  it('with AWS out of reach', async () => {
    const served = await makePool(sandbox);
    process.env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
    process.env['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER'] = 'http://127.0.0.1:1';
    const findings = await ask(served);
    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(AWS_CHECKS.map(({ name }) => name)));
    for (const { found } of findings) expect(found).toMatch(/gives no answer \(ECONNREFUSED\)/);
  });

  it('with an AWS that takes every connection and answers nothing', async () => {
    const served = await makePool(sandbox);
    sandbox.setFault({ operation: '*', latencyMs: 60_000 });
    const findings = await ask(served);
    sandbox.clearFaults();
    for (const { found } of findings) expect(found).toMatch(/gives no answer \(nothing within 2.2 seconds\)/);
  });
});

describe('the policy', () => {
  it('names the actions that the calls of all these checks need, and no other', async () => {
    const direct = {
      SmsConfiguration: {
        EumsSms: {
          CallerArn: ROLE,
          ExternalId: 'a1',
          OriginationIdentity: '+18005550100',
          ConfigurationSetName: 'codes',
        },
      },
    };
    const smsVoice: AccountChanges['smsVoice'] = {
      AccountAttributes: { ACCOUNT_TIER: 'SANDBOX', DEFAULT_PROTECT_CONFIGURATION_ID: 'protect-1' },
      ProtectConfigurations: [{ ProtectConfigurationId: 'protect-1' }],
    };
    const pools = [await makePool(sandbox), await makePool(sandbox, direct)];
    sandbox.clearCalls();
    sandbox.setAccount({ sns: { IsInSandbox: true }, smsVoice });
    for (const { userPoolId } of pools) await examineAws({ userPoolId, clientId: '' });
    const called = new Set(sandbox.calls().map(({ service, operation }) => `${service}:${operation}`));
    called.delete('sts:GetCallerIdentity');
    // One operation of AWS WAF needs three permissions.
    const alsoNeeded = ['cognito-idp:GetWebACLForResource', 'wafv2:GetWebACL'];
    expect([...called, ...alsoNeeded].sort()).toEqual(iamActions());
  });
});
