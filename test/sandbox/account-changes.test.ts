/** Changes of the account by the controls, and faults. */
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../sandbox/index.js';
import { ACTIONS, ask, config, metric, pool, REGION, refusal, sandbox, useAccount, usualName } from './account-rig.js';

useAccount();

describe('changes', () => {
  it('of the account are partial, and of a region', async () => {
    sandbox.setAccount({ sns: { IsInSandbox: true, attributes: { MonthlySpendLimit: '1' } } });
    sandbox.setAccount({ sns: { IsInSandbox: false } }, REGION);
    expect(sandbox.account('us-west-2').sns).toEqual({
      IsInSandbox: true,
      attributes: { MonthlySpendLimit: '1', DefaultSMSType: 'Transactional' },
    });
    expect(await ask['sns:GetSMSSandboxAccountStatus']()).toEqual({ IsInSandbox: false });
    sandbox.setAccount({ sns: { attributes: { MonthlySpendLimit: null } } });
    expect(await ask['sns:GetSMSAttributes']()).toEqual({ attributes: { DefaultSMSType: 'Transactional' } });
  });

  it('come over HTTP, and are checked', async () => {
    const patch = async (path: string, body: unknown) => {
      const answer = await fetch(new URL(`/_sandbox/${path}`, sandbox.url), {
        method: 'PATCH',
        body: JSON.stringify(body),
      });
      return [answer.status, await answer.json()] as [number, Record<string, unknown> & { message?: string }];
    };
    const [status, account] = await patch(`account?region=${REGION}`, { ses: { ProductionAccessEnabled: false } });
    expect([status, account]).toMatchObject([200, { ses: { ProductionAccessEnabled: false, SendingEnabled: true } }]);
    const read = await fetch(new URL('/_sandbox/account', sandbox.url));
    expect(await read.json()).toMatchObject({ ses: { ProductionAccessEnabled: true } });
    for (const [changes, message] of [
      [{ sns: { IsInSandbox: 1 } }, /^account\.sns\.IsInSandbox: Invalid type: Expected boolean/],
      [{ sns: { isInSandbox: true } }, /Expected one of IsInSandbox, attributes but received "isInSandbox"/],
      [{ deniedActions: ['sns:Nonsense'] }, /^account\.deniedActions\.0: /],
      [{ smsVoice: { PhoneNumbers: [{ PhoneNumber: '123' }] } }, /PhoneNumbers\.0\.PhoneNumber: Invalid phone number/],
    ] as const) {
      const [refused, { message: text }] = await patch('account', changes);
      expect([refused, text]).toEqual([400, expect.stringMatching(message)]);
    }
    expect(await patch(`user-pools/${pool.userPoolId}`, { SmsConfigurationFailure: 'SNSSandbox' })).toMatchObject([
      200,
      { SmsConfigurationFailure: 'SNSSandbox' },
    ]);
    expect(await patch(`user-pools/${pool.userPoolId}`, { AliasAttributes: ['email'] })).toMatchObject([400, {}]);
    const client = `user-pools/${pool.userPoolId}/clients/${pool.clientId}`;
    expect(await patch(client, { ReadAttributes: ['name'] })).toMatchObject([200, { ReadAttributes: ['name'] }]);
    expect((await patch('user-pools/us-east-1_none', {}))[0]).toBe(400);
  });

  it('are undone together', async () => {
    sandbox.setAccount({ credentials: 'invalid' });
    sandbox.setAccount({ ses: { SendingEnabled: false } }, REGION);
    const { status } = await fetch(new URL('/_sandbox/account', sandbox.url), { method: 'DELETE' });
    expect([status, sandbox.account(REGION)]).toEqual([204, sandbox.account()]);
    expect(sandbox.account()).toMatchObject({ credentials: 'valid', ses: { SendingEnabled: true } });
  });

  it('of a pool change what it does', async () => {
    const user = await sandbox.createUser({ poolId: pool.userPoolId, attributes: { phone_number: '+4915550000' } });
    sandbox.setUserPool(pool.userPoolId, {
      SmsConfiguration: null,
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
      LambdaConfig: { CustomSMSSender: { LambdaVersion: 'V1_0', LambdaArn: 'arn:aws:lambda:x' } },
      UserPoolTier: 'LITE',
    });
    const { UserPool } = await ask['cognito-idp:DescribeUserPool']();
    expect(UserPool).toMatchObject({
      UserPoolTier: 'LITE',
      LambdaConfig: { CustomSMSSender: { LambdaVersion: 'V1_0' } },
    });
    expect(UserPool.SmsConfiguration).toBeUndefined();
    expect(sandbox.keepsOriginal(pool.userPoolId)).toBe(true);
    const { GetUserAttributeVerificationCodeCommand } = await import('@aws-sdk/client-cognito-identity-provider');
    const command = new GetUserAttributeVerificationCodeCommand({
      AccessToken: user.accessToken,
      AttributeName: 'phone_number',
    });
    const { message } = await refusal(new CognitoIdentityProviderClient(config()).send(command));
    expect(message).toBe('User pool does not have SMS configuration to send messages.');
    sandbox.setUserPoolClient(pool.userPoolId, pool.clientId, {
      AccessTokenValidity: 5,
      TokenValidityUnits: { AccessToken: 'minutes' },
      EnableTokenRevocation: false,
    });
    const token = await sandbox.issueAccessToken(user);
    const { exp, iat, origin_jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect([exp - iat, origin_jti]).toEqual([300, undefined]);
    const { UserPoolClient } = await ask['cognito-idp:DescribeUserPoolClient']();
    expect(UserPoolClient).toMatchObject({ AccessTokenValidity: 5, EnableTokenRevocation: false });
  });

  it('of the firewall, the quotas and the spending are answered', async () => {
    const Rules = [{ Name: 'captcha', Priority: 0, Action: { Captcha: {} } }];
    sandbox.setAccount({
      wafv2: { webAcls: [{ userPoolId: pool.userPoolId, Rules }] },
      serviceQuotas: { applied: { 'L-55545DC8': 80, 'L-D6BD5178': null } },
      cognito: { ProvisionedLimits: { UserUpdate: 60 } },
      cloudWatch: { SMSMonthToDateSpentUSD: null, TextMessageMonthlySpend: 12.25 },
    });
    expect((await ask['wafv2:GetWebACLForResource']()).WebACL).toMatchObject({ Name: 'sandbox', Rules });
    expect((await ask['servicequotas:GetServiceQuota']()).Quota.Value).toBe(80);
    expect((await ask['servicequotas:GetAWSDefaultServiceQuota']()).Quota.Value).toBe(50);
    expect((await ask['cognito-idp:GetProvisionedLimit']()).Limit.ProvisionedLimitValue).toBe(60);
    expect((await ask['cloudwatch:GetMetricStatistics']()).Datapoints).toEqual([]);
    expect((await metric('AWS/SMSVoice', 'TextMessageMonthlySpend', 86_400)).Datapoints).toMatchObject([
      { Maximum: 12.25 },
    ]);
    expect((await metric('AWS/SNS', 'Other')).Datapoints).toEqual([]);
    sandbox.setAccount({ wafv2: { withoutWebAcl: 'exception', webAcls: [] } });
    expect((await refusal(ask['wafv2:GetWebACLForResource']())).name).toBe('WAFNonexistentItemException');
  });
});

describe('faults', () => {
  it.each(ACTIONS)('reach %s', async (operation) => {
    const name = operation.split(':')[1] ?? '';
    sandbox.setFault({ operation: name, dropConnection: 'beforeEffect', times: 1 });
    await refusal(ask[operation]());
    expect(sandbox.calls({ operation: name }).map(({ outcome }) => outcome)).toEqual(['dropped']);
    sandbox.setFault({
      operation: name,
      exception: { name: 'ThrottlingException', message: 'Rate exceeded' },
      times: 1,
    });
    expect(await refusal(ask[operation]())).toMatchObject({
      name: usualName(operation, 'ThrottlingException'),
      message: 'Rate exceeded',
    });
  });
});

it('no page of a front end reaches the account', async () => {
  const origin = 'http://localhost:5173';
  const withPages = await startSandbox({ origins: [origin] });
  const headers = { Origin: origin, authorization: 'any' };
  for (const [path, init] of [
    ['/', { headers: { ...headers, 'x-amz-target': 'PinpointSMSVoiceV2.DescribePhoneNumbers' }, body: '{}' }],
    ['/', { headers, body: new URLSearchParams({ Action: 'GetSMSAttributes', Version: '2010-03-31' }) }],
  ] as const) {
    expect((await fetch(new URL(path, withPages.url), { method: 'POST', ...init })).status).toBe(403);
  }
  expect((await fetch(new URL('/v2/email/account', withPages.url), { headers })).status).toBe(403);
  await withPages.close();
});
