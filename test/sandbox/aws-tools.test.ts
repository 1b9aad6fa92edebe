import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AwsTools, findAwsTools } from './aws-tools.js';
import { RunningSandbox } from './running-sandbox.js';

const running = new RunningSandbox();
const run = promisify(execFile);
const MINUTES = 60_000;
const PASSWORD = 'Correct-horse-7';
let tools: AwsTools | undefined;

beforeAll(async () => {
  tools = await findAwsTools();
}, 10 * MINUTES);

/** A developer's settings, and none of the machine's own AWS configuration. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: running.sandbox.url,
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
}

async function aws(operation: string, ...options: string[]): Promise<ReturnType<typeof JSON.parse>> {
  const parameters = ['cognito-idp', operation, '--output', 'json', ...options];
  const { stdout } = await run(tools?.aws ?? '', parameters, { env: environment() });
  return stdout.trim() === '' ? {} : JSON.parse(stdout);
}

describe('unmodified AWS tools', () => {
  it('the CLI gets from an empty sandbox to a verified address', { timeout: 5 * MINUTES }, async (context) => {
    if (tools === undefined) context.skip('no python3 on this machine');
    const { UserPool } = await aws('create-user-pool', '--pool-name', 'shop', '--auto-verified-attributes', 'email');
    expect(UserPool.Id).toMatch(/^eu-west-1_/);
    const pool = ['--user-pool-id', UserPool.Id];
    const flows = ['--explicit-auth-flows', 'ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'];
    const { UserPoolClient } = await aws('create-user-pool-client', ...pool, '--client-name', 'web', ...flows);
    const zoe = [...pool, '--username', 'zoe'];
    await aws('admin-create-user', ...zoe, '--user-attributes', 'Name=email,Value=zoe@bakery.example');
    await aws('admin-set-user-password', ...zoe, '--password', PASSWORD, '--permanent');
    const parameters = ['--auth-parameters', `USERNAME=zoe,PASSWORD=${PASSWORD}`];
    const auth = ['--auth-flow', 'USER_PASSWORD_AUTH', '--client-id', UserPoolClient.ClientId, ...parameters];
    const { AuthenticationResult } = await aws('initiate-auth', ...auth);
    const token = ['--access-token', AuthenticationResult.AccessToken];
    const email = [...token, '--attribute-name', 'email'];
    expect(await aws('get-user-attribute-verification-code', ...email)).toEqual({
      CodeDeliveryDetails: { Destination: 'z***@b***', DeliveryMedium: 'EMAIL', AttributeName: 'email' },
    });
    const code = running.sandbox.codeFor({ userPoolId: UserPool.Id, username: 'zoe' }, 'email');
    await aws('verify-user-attribute', ...email, '--code', code);
    expect((await aws('get-user', ...token)).UserAttributes).toContainEqual({ Name: 'email_verified', Value: 'true' });
    const { UserCreateDate: createdAt } = await aws('admin-get-user', ...zoe);
    // Version 1 of the CLI shows the value from the wire, version 2 a date.
    const date = new Date(typeof createdAt === 'number' ? createdAt * 1000 : createdAt);
    expect(date).toEqual(running.sandbox.now());
    await expect(aws('verify-user-attribute', ...email, '--code', code)).rejects.toThrow(
      'An error occurred (ExpiredCodeException) when calling the VerifyUserAttribute operation: ' +
        'Invalid code provided, please request a code again.',
    );
  });

  it('boto3 does the same and maps the exceptions', { timeout: 5 * MINUTES }, async (context) => {
    if (tools === undefined) context.skip('no python3 on this machine');
    const script = `
import boto3, json, sys, urllib.request
cognito = boto3.client('cognito-idp')
pool = cognito.create_user_pool(PoolName='shop', AutoVerifiedAttributes=['email'])['UserPool']['Id']
client = cognito.create_user_pool_client(
    UserPoolId=pool, ClientName='web', ExplicitAuthFlows=['ALLOW_ADMIN_USER_PASSWORD_AUTH'])['UserPoolClient']['ClientId']
cognito.admin_create_user(UserPoolId=pool, Username='max', UserAttributes=[{'Name': 'email', 'Value': 'max@bakery.example'}])
cognito.admin_set_user_password(UserPoolId=pool, Username='max', Password='${PASSWORD}', Permanent=True)
token = cognito.admin_initiate_auth(
    UserPoolId=pool, ClientId=client, AuthFlow='ADMIN_USER_PASSWORD_AUTH',
    AuthParameters={'USERNAME': 'max', 'PASSWORD': '${PASSWORD}'})['AuthenticationResult']['AccessToken']
seen = {'describe': cognito.describe_user_pool(UserPoolId=pool)['UserPool']['Name']}
def refused(call):
    try:
        call()
    except cognito.exceptions.ClientError as error:
        return [type(error).__name__, error.response['Error']['Message'], error.response['ResponseMetadata']['HTTPStatusCode']]
email = dict(AccessToken=token, AttributeName='email')
seen['never'] = refused(lambda: cognito.verify_user_attribute(Code='123456', **email))
seen['sent'] = cognito.get_user_attribute_verification_code(**email)['CodeDeliveryDetails']
inbox = json.load(urllib.request.urlopen(sys.argv[1] + '/_sandbox/inbox?username=max'))
cognito.verify_user_attribute(Code=inbox[-1]['code'], **email)
for _ in range(4):
    cognito.get_user_attribute_verification_code(**email)
seen['limited'] = refused(lambda: cognito.get_user_attribute_verification_code(**email))
seen['attributes'] = cognito.get_user(AccessToken=token)['UserAttributes']
cognito.global_sign_out(AccessToken=token)
seen['signedOut'] = refused(lambda: cognito.get_user(AccessToken=token))
print(json.dumps(seen))
`;
    const { stdout } = await run(tools?.python ?? '', ['-c', script, running.sandbox.url], { env: environment() });
    expect(JSON.parse(stdout)).toEqual({
      describe: 'shop',
      never: ['ExpiredCodeException', 'Invalid code provided, please request a code again.', 400],
      sent: { Destination: 'm***@b***', DeliveryMedium: 'EMAIL', AttributeName: 'email' },
      limited: ['LimitExceededException', 'Attempt limit exceeded, please try after some time.', 400],
      attributes: expect.arrayContaining([{ Name: 'email_verified', Value: 'true' }]),
      signedOut: ['NotAuthorizedException', 'Access Token has been revoked', 400],
    });
  });

  it('boto3 asks every service about the account', { timeout: 5 * MINUTES }, async (context) => {
    if (tools === undefined) context.skip('no python3 on this machine');
    const { userPoolId } = await running.sandbox.createUserPool();
    const script = `
import boto3, datetime, json, sys
from botocore.exceptions import ClientError
def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1])
now = datetime.datetime(2026, 1, 5, 13, 30, tzinfo=datetime.timezone.utc)
def spent():
    return client('cloudwatch').get_metric_statistics(
        Namespace='AWS/SNS', MetricName='SMSMonthToDateSpentUSD', StartTime=now - datetime.timedelta(days=4), EndTime=now,
        Period=86400, Statistics=['Maximum'])['Datapoints']
calls = {
    'sns': lambda: client('sns').get_sms_attributes(attributes=['MonthlySpendLimit'])['attributes'],
    'numbers': lambda: [entry['PhoneNumber'] for entry in client('sns').list_origination_numbers(MaxResults=1)['PhoneNumbers']],
    'sms-voice': lambda: client('pinpoint-sms-voice-v2').describe_account_attributes()['AccountAttributes'],
    'ses': lambda: client('sesv2').get_email_identity(EmailIdentity='example.com')['VerificationStatus'],
    'servicequotas': lambda: client('service-quotas').get_service_quota(
        ServiceCode='cognito-idp', QuotaCode='L-6621E65D')['Quota']['Value'],
    'wafv2': lambda: 'WebACL' in client('wafv2').get_web_acl_for_resource(ResourceArn=sys.argv[2]),
    'cloudwatch': lambda: [[point['Timestamp'].isoformat(), point['Maximum']] for point in spent()],
    'cognito-idp': lambda: client('cognito-idp').describe_user_pool(UserPoolId=sys.argv[2].split('/')[1])['UserPool']['UserPoolTier'],
    'sts': lambda: client('sts').get_caller_identity()['Account'],
}
seen = {}
for name, call in calls.items():
    try:
        seen[name] = call()
    except ClientError as error:
        seen[name] = [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode']]
print(json.dumps(seen))
`;
    const arn = `arn:aws:cognito-idp:us-east-1:000000000000:userpool/${userPoolId}`;
    const ask = async () => {
      const { stdout } = await run(tools?.python ?? '', ['-c', script, running.sandbox.url, arn], {
        env: environment(),
      });
      return JSON.parse(stdout);
    };
    expect(await ask()).toEqual({
      sns: { MonthlySpendLimit: '500' },
      numbers: ['+18005550100'],
      'sms-voice': [{ Name: 'ACCOUNT_TIER', Value: 'PRODUCTION' }],
      ses: 'SUCCESS',
      servicequotas: 25,
      wafv2: false,
      cloudwatch: [['2026-01-05T00:00:00+00:00', 3.5]],
      'cognito-idp': 'ESSENTIALS',
      sts: '000000000000',
    });
    running.sandbox.setAccount({ deniedActions: ['*'] });
    expect(await ask()).toEqual({
      sns: ['AuthorizationError', 403],
      numbers: ['AuthorizationError', 403],
      'sms-voice': ['AccessDeniedException', 400],
      ses: ['AccessDeniedException', 403],
      servicequotas: ['AccessDeniedException', 400],
      wafv2: ['AccessDeniedException', 400],
      cloudwatch: ['AccessDenied', 400],
      'cognito-idp': ['AccessDeniedException', 400],
      sts: '000000000000',
    });
    running.sandbox.resetAccount();
  });
});
