/** What doctor makes of AWS's answers about app clients, without AWS. */
import { describe, expect, it } from 'vitest';
import * as clients from '../../doctor/aws/app-clients.js';
import { healthyClient, healthyPool } from './aws-fixtures.js';
import { type Row, testJudgements } from './judgement-rows.js';

const ROWS: readonly Row[] = [
  ['clients', clients.judgeClients({ pool: healthyPool(), found: ['a'], missing: [], left: 0 }), 'ok', '1 looked at'],
  [
    'a client that is gone',
    clients.judgeClients({ pool: healthyPool(), found: [], missing: ['gone'], left: 0 }),
    'failure',
    'no app client gone',
  ],
  [
    'many clients',
    clients.judgeClients({ pool: healthyPool(), found: ['a'], missing: [], left: 30 }),
    'warning',
    '30 more app clients',
  ],
  [
    'no client',
    clients.judgeClients({ pool: healthyPool(), found: [], missing: [], left: 0 }),
    'failure',
    'Nobody can sign in',
  ],
  ['all readable', clients.judgeReadAttributes(healthyClient()), 'ok', 'may read'],
  [
    'a hidden flag',
    clients.judgeReadAttributes(healthyClient({ ReadAttributes: ['email', 'phone_number', 'phone_number_verified'] })),
    'failure',
    'may not read email_verified',
  ],
  [
    'a number hidden that is not verified here',
    clients.judgeReadAttributes(
      healthyClient(
        { ReadAttributes: ['email', 'email_verified'] },
        { settings: { AutoVerifiedAttributes: ['email'], SmsConfiguration: {} } },
      ),
    ),
    'ok',
    'may read',
  ],
  [
    'all writable',
    clients.judgeWriteAttributes(healthyClient({ WriteAttributes: ['email', 'phone_number'] })),
    'ok',
    'may change',
  ],
  [
    'a protected address',
    clients.judgeWriteAttributes(healthyClient({ WriteAttributes: ['phone_number'] })),
    'warning',
    'may not change email',
  ],
  ['an hour', clients.judgeTokenLifetime(healthyClient()), 'ok', '60 minutes'],
  [
    'hours unless told otherwise',
    clients.judgeTokenLifetime(healthyClient({ AccessTokenValidity: 5 })),
    'ok',
    '300 minutes',
  ],
  [
    'minutes',
    clients.judgeTokenLifetime(
      healthyClient({ AccessTokenValidity: 5, TokenValidityUnits: { AccessToken: 'minutes' } }),
    ),
    'warning',
    '5 minutes',
  ],
  [
    'seconds',
    clients.judgeTokenLifetime(
      healthyClient({ AccessTokenValidity: 500, TokenValidityUnits: { AccessToken: 'seconds' } }),
    ),
    'warning',
    '500 seconds: less than',
  ],
  ['sign-in by the API', clients.judgeTokenScope(healthyClient()), 'ok', 'aws.cognito.signin.user.admin'],
  [
    'managed login without the scope',
    clients.judgeTokenScope(
      healthyClient({
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['code'],
        AllowedOAuthScopes: ['openid'],
      }),
    ),
    'warning',
    '["openid","aws.cognito.signin.user.admin"]',
  ],
  [
    'managed login alone, without the scope',
    clients.judgeTokenScope(
      healthyClient({
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['code'],
        AllowedOAuthScopes: ['openid'],
        ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    ),
    'failure',
    'gives no aws.cognito.signin.user.admin',
  ],
  [
    'a service that signs in as itself',
    clients.judgeTokenScope(
      healthyClient({
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['client_credentials'],
        AllowedOAuthScopes: ['orders/write'],
        ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    ),
    'ok',
    'Sign-in through the API',
  ],
  [
    'managed login with the scope',
    clients.judgeTokenScope(
      healthyClient({
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['code'],
        AllowedOAuthScopes: ['aws.cognito.signin.user.admin'],
      }),
    ),
    'ok',
    'Managed login can give',
  ],
  ['revocation', clients.judgeTokenRevocation(healthyClient({ EnableTokenRevocation: true })), 'ok', 'is on'],
  ['no revocation', clients.judgeTokenRevocation(healthyClient({ EnableTokenRevocation: false })), 'warning', 'is off'],
  ['no Pinpoint', clients.judgeAnalytics(healthyClient()), 'ok', 'none'],
  [
    'Pinpoint',
    clients.judgeAnalytics(healthyClient({ AnalyticsConfiguration: { ApplicationId: 'x' } })),
    'warning',
    '30 October 2026',
  ],
];

testJudgements(ROWS);

describe('a line that updates', () => {
  it('takes a member out', () => {
    const client = healthyClient({ ClientName: 'web', AnalyticsConfiguration: { ApplicationId: 'x' } });
    expect(clients.judgeAnalytics(client).remedy?.command).toContain(`'UserPoolClient.{ClientName:ClientName}'`);
  });
});
