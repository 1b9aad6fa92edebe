/** How doctor asks AWS: real clients, real sockets. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsCallError } from '../../doctor/aws/call-error.js';
import { CALLS, iamActions } from '../../doctor/aws/calls.js';
import { type AwsAccount, createAwsAccount } from '../../doctor/aws-account.js';

const PLACE = { region: 'eu-west-1' };
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
/** No file of this machine gives credentials, and no metadata service is looked for. */
const SEALED = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};

const before = { ...process.env };
let server: Server | undefined;
let account: AwsAccount;

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, SEALED, CREDENTIALS);
  account = createAwsAccount({ now: Date.now, limitMs: 1_000 });
});
afterEach(() => {
  account.close();
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, before);
});

async function listening(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** What asking for the account's attributes comes to. */
async function problem(): Promise<AwsCallError> {
  const answer = await account.ask(CALLS.smsAccountAttributes, PLACE, {}).catch((error: unknown) => error);
  expect(answer).toBeInstanceOf(AwsCallError);
  return answer as AwsCallError;
}

const refusing =
  (status: number, type: string, message = ''): RequestListener =>
  (_request, response) => {
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-errortype': type,
      'x-amzn-requestid': '6f1a7c3e-0d5b-4c39-9a2e-1b0f6a5d4c3b',
    });
    response.end(JSON.stringify({ __type: type, Message: message, message }));
  };

describe('an answer', () => {
  it('is asked for once, in each region', async () => {
    const regions: string[] = [];
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = await listening((request, response) => {
      regions.push(/\/([a-z0-9-]+)\/sms-voice\//.exec(request.headers.authorization ?? '')?.[1] ?? '');
      response.end(JSON.stringify({ AccountAttributes: [{ Name: 'ACCOUNT_TIER', Value: 'PRODUCTION' }] }));
    });
    const places = [PLACE, PLACE, { region: 'us-east-1' }];
    const answers = await Promise.all(places.map((place) => account.ask(CALLS.smsAccountAttributes, place, {})));
    expect(answers).toEqual(places.map(() => ({ ACCOUNT_TIER: 'PRODUCTION' })));
    expect(regions.sort()).toEqual(['eu-west-1', 'us-east-1']);
  });

  it('of several pages is one', async () => {
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = await listening((request, response) => {
      request.on('data', (body: Buffer) => {
        const isFirst = !body.toString().includes('NextToken');
        expect(JSON.parse(body.toString())).toMatchObject({ MaxResults: 100 });
        const Name = isFirst ? 'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT' : 'VOICE_MESSAGE_MONTHLY_SPEND_LIMIT';
        response.end(JSON.stringify({ SpendLimits: [{ Name }], ...(isFirst && { NextToken: 'more' }) }));
      });
    });
    const answer = await account.ask(CALLS.smsSpendLimits, PLACE, {});
    expect(answer.map(({ Name }) => Name)).toEqual([
      'TEXT_MESSAGE_MONTHLY_SPEND_LIMIT',
      'VOICE_MESSAGE_MONTHLY_SPEND_LIMIT',
    ]);
  });

  it('of too many pages is none', async () => {
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = await listening((_request, response) => {
      response.end(JSON.stringify({ SpendLimits: [], NextToken: 'more' }));
    });
    await expect(account.ask(CALLS.smsSpendLimits, PLACE, {})).rejects.toThrow('has more');
  });

  it('comes once AWS has had some patience, and calls of one kind wait for one another', async () => {
    // The SDK's own wait, of up to a second, is in the time of the request.
    account = createAwsAccount({ now: Date.now });
    const sentMs: number[] = [];
    process.env['AWS_ENDPOINT_URL_SESV2'] = await listening((request, response) => {
      sentMs.push(performance.now());
      // The SDK asks each twice by itself.
      if (sentMs.length <= 4) return refusing(429, 'TooManyRequestsException')(request, response);
      response.end(JSON.stringify({ VerifiedForSendingStatus: true }));
    });
    const identities = ['one.example', 'other.example'];
    const answers = await Promise.all(
      identities.map((EmailIdentity) => account.ask(CALLS.sesIdentity, PLACE, { EmailIdentity })),
    );
    expect(answers.map((answer) => answer?.VerifiedForSendingStatus)).toEqual([true, true]);
    const [fifth = 0, sixth = 0] = sentMs.slice(4);
    // Timers may end a little early.
    expect(sixth - fifth).toBeGreaterThan(1_000);
  });

  it('of a metric is its newest value, not its greatest', async () => {
    const Datapoints = [
      { Timestamp: new Date('2026-11-02T00:00:00Z'), Maximum: 7 },
      { Timestamp: new Date('2026-11-03T00:00:00Z'), Maximum: 2 },
      { Timestamp: new Date('2026-11-01T00:00:00Z'), Maximum: 9 },
    ];
    const client = { getMetricStatistics: async () => await Promise.resolve({ Datapoints }) };
    const input = { Namespace: 'AWS/SNS', MetricName: 'x', StartTime: new Date(0), EndTime: new Date() };
    const { signal: abortSignal } = new AbortController();
    expect(await CALLS.latestOfMetric.ask(client as never, input, (send) => send({ abortSignal }))).toBe(2);
  });

  it('about an app client never has its secret', async () => {
    const endpoint = await listening((_request, response) =>
      response.end(JSON.stringify({ UserPoolClient: { ClientId: 'one', ClientSecret: 'hush' } })),
    );
    const place = { ...PLACE, endpoint };
    expect(await account.ask(CALLS.appClient, place, { UserPoolId: 'eu-west-1_a', ClientId: 'one' })).toEqual({
      ClientId: 'one',
    });
  });

  it('is none where there is no such thing', async () => {
    const endpoint = await listening(refusing(400, 'ResourceNotFoundException'));
    const answer = await account.ask(CALLS.userPool, { ...PLACE, endpoint }, { UserPoolId: 'eu-west-1_a' });
    expect(answer).toBeUndefined();
  });
});

describe('no answer', () => {
  it('says that there are no credentials', async () => {
    for (const name of Object.keys(CREDENTIALS)) delete process.env[name];
    expect(await problem()).toMatchObject({
      problem: 'noCredentials',
      message: 'Not asked: there are no AWS credentials.',
    });
  });

  it.each([
    ['ExpiredTokenException', 'credentialsRefused', 'does not take the credentials (ExpiredTokenException)'],
    ['UnrecognizedClientException', 'credentialsRefused', 'does not take the credentials'],
    ['AccessDeniedException', 'accessDenied', 'may not do sms-voice:DescribeAccountAttributes'],
    ['ThrottlingException', 'throttled', 'has throttled the call'],
    ['ValidationException', 'refused', 'answers ValidationException (HTTP 400)'],
  ])('says %s', async (type, kind, message) => {
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = await listening(refusing(400, type));
    const error = await problem();
    expect(error).toMatchObject({ problem: kind, message: expect.stringContaining(message) as unknown });
    expect(error.more.permission).toBe(kind === 'accessDenied' ? 'sms-voice:DescribeAccountAttributes' : undefined);
  });

  it('says that something else answers, whatever its status', async () => {
    for (const status of [302, 403, 404, 429, 503]) {
      server?.close();
      account = createAwsAccount({ now: Date.now });
      process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = await listening((_request, response) => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Log in</h1>');
      });
      expect(await problem()).toMatchObject({
        problem: 'unreachable',
        message: expect.stringContaining(`something other than AWS End User Messaging SMS`) as unknown,
      });
    }
  });

  it('says that a region alone does not take the credentials', async () => {
    process.env['AWS_ENDPOINT_URL_STS'] = await listening((request, response) => {
      if (request.headers.authorization?.includes('/sts/')) {
        const name = 'GetCallerIdentity';
        return response.end(
          `<${name}Response><${name}Result><Account>1</Account><Arn>arn</Arn></${name}Result></${name}Response>`,
        );
      }
      return refusing(400, 'UnrecognizedClientException')(request, response);
    });
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = process.env['AWS_ENDPOINT_URL_STS'];
    expect(await problem()).toMatchObject({
      problem: 'regionRefused',
      message:
        'Refused: eu-west-1 does not take the credentials, which AWS takes elsewhere (UnrecognizedClientException).',
      remedy: { command: 'aws account get-region-opt-status --region-name eu-west-1' },
    });
  });

  it('says that credentials are slow', async () => {
    for (const name of Object.keys(CREDENTIALS)) delete process.env[name];
    const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
    const config = join(folder, 'config');
    await writeFile(config, '[default]\ncredential_process = sleep 2\n');
    process.env['AWS_CONFIG_FILE'] = config;
    account = createAwsAccount({ now: Date.now, credentialsLimitMs: 200 });
    expect(await problem()).toMatchObject({
      problem: 'credentialsLate',
      message: 'Not asked: whatever gives the AWS credentials has given none within 0.2 seconds.',
    });
    await rm(folder, { recursive: true });
  });

  it('names the action that AWS names', async () => {
    const said =
      'User: arn:aws:iam::1:user/x is not authorized to perform: cognito-idp:GetWebACLForResource on resource';
    process.env['AWS_ENDPOINT_URL_WAFV2'] = await listening(refusing(400, 'AccessDeniedException', said));
    const answer = account.ask(CALLS.webAcl, PLACE, { ResourceArn: 'arn' });
    await expect(answer).rejects.toMatchObject({ more: { permission: 'cognito-idp:GetWebACLForResource' } });
  });

  it('says that nobody listens, that nobody answers, and that there is no such name', async () => {
    const gone = await listening(() => undefined);
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = gone;
    expect(await problem()).toMatchObject({
      problem: 'unreachable',
      message: expect.stringContaining('nothing within 1 seconds') as unknown,
    });
    server?.close();
    server?.closeAllConnections();
    account = createAwsAccount({ now: Date.now });
    expect(await problem()).toMatchObject({
      problem: 'unreachable',
      message: expect.stringContaining('(ECONNREFUSED)') as unknown,
    });
    process.env['AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2'] = 'http://nowhere.invalid';
    account = createAwsAccount({ now: Date.now });
    expect(await problem()).toMatchObject({
      problem: 'noEndpoint',
      remedy: { text: expect.stringContaining('AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2') as unknown },
    });
  });
});

describe('the clock', () => {
  it('is compared with the dates of AWS, of refusals too', async () => {
    process.env['AWS_ENDPOINT_URL_STS'] = 'http://127.0.0.1:1';
    expect(await account.clockSkewMs()).toBeUndefined();
    account = createAwsAccount({ now: Date.now });
    process.env['AWS_ENDPOINT_URL_STS'] = await listening((request, response) => {
      response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString());
      refusing(400, 'AccessDeniedException')(request, response);
    });
    const skewMs = (await account.clockSkewMs()) ?? 0;
    expect(Math.abs(skewMs + 3_600_000)).toBeLessThan(2_000);
  });
});

describe('the policy', () => {
  it('only reads', () => {
    const verbs = iamActions().map((action) => action.replace(/^.*:(Describe|Get|List|CheckIf).*$/, '$1'));
    expect(new Set(verbs)).toEqual(new Set(['Describe', 'Get', 'List']));
  });
});
