/** Doctor's checks of AWS against a sandbox, or against nothing. */
import { AWS_CHECKS } from '../../doctor/aws-checks.js';
import { examine } from '../../doctor/examination.js';
import type { Finding } from '../../doctor/finding.js';
import { surroundingsFromSettings } from '../../doctor/surroundings.js';
import type { Sandbox } from '../../sandbox/index.js';
import type { Broken } from './broken.js';

const ACCOUNT = '000000000000';
const BOTH = ['email', 'phone_number'];

/** What a pool needs so that doctor finds nothing wrong, by the members of `CreateUserPool`. */
export const POOL = {
  PoolName: 'shop',
  AutoVerifiedAttributes: BOTH,
  UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: BOTH },
  EmailConfiguration: {
    EmailSendingAccount: 'DEVELOPER',
    SourceArn: `arn:aws:ses:us-east-1:${ACCOUNT}:identity/no-reply@example.com`,
  },
  SmsConfiguration: { SnsCallerArn: `arn:aws:iam::${ACCOUNT}:role/service-role/sms`, ExternalId: 'a1b2c3' },
};

/** A pool and an app client. */
export interface Served {
  readonly userPoolId: string;
  readonly clientId: string;
}

/** Asks the sandbox in Cognito’s protocol. */
async function ask(
  sandbox: Sandbox,
  operation: string,
  input: object,
): Promise<Record<string, Record<string, string>>> {
  const response = await fetch(sandbox.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/cognito-idp/aws4_request',
    },
    body: JSON.stringify(input),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${operation}: ${JSON.stringify(answer)}`);
  return answer as Record<string, Record<string, string>>;
}

/** Makes a pool, with an app client unless that is `null`. */
export async function makePool(sandbox: Sandbox, pool: object = {}, client: object | null = {}): Promise<Served> {
  const { UserPool } = await ask(sandbox, 'CreateUserPool', { ...POOL, ...pool });
  const userPoolId = UserPool?.['Id'] ?? '';
  if (client === null) return { userPoolId, clientId: '' };
  const { UserPoolClient } = await ask(sandbox, 'CreateUserPoolClient', {
    UserPoolId: userPoolId,
    ClientName: 'web',
    GenerateSecret: true,
    ...client,
  });
  return { userPoolId, clientId: UserPoolClient?.['ClientId'] ?? '' };
}

/** What is asked, and what the settings say. */
export interface Question {
  /** Of the pool. Default: that it keeps the old value. */
  readonly keeping?: boolean;
  readonly countries?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** The findings of all checks of AWS, and how long they took. */
export async function examineAws(
  { userPoolId, clientId }: Served,
  { keeping = true, countries = ['US'], environment = {} }: Question = {},
): Promise<{ findings: readonly Finding[]; tookMs: number }> {
  const startedMs = performance.now();
  const surroundings = surroundingsFromSettings(
    { userPoolIds: [], countries },
    {
      ...process.env,
      VERIFICATION_USER_POOLS: clientId === '' ? userPoolId : `${userPoolId}:${clientId}`,
      VERIFICATION_KEEPING_USER_POOLS: keeping ? userPoolId : '',
      // Nobody listens there: no check of AWS needs Temporal unless a quota is smaller than usual.
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...environment,
    },
  );
  try {
    const findings = await examine(AWS_CHECKS, surroundings);
    return { findings, tookMs: performance.now() - startedMs };
  } finally {
    await surroundings.close();
  }
}

/** What is not as it should be. */
export function amissIn(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ verdict }) => verdict !== 'ok');
}

/** A pool and an account in which one thing is wrong. */
export async function breakOne(sandbox: Sandbox, { account, webAcl, pool, client }: Broken): Promise<Served> {
  const served = await makePool(sandbox, pool, client);
  sandbox.setAccount(webAcl ? { wafv2: { webAcls: [{ userPoolId: served.userPoolId, ...webAcl }] } } : (account ?? {}));
  return served;
}

/**
 * Points the AWS SDK of this process at an endpoint, with credentials, and away from the machine's own settings.
 * @returns sets the variables back
 */
export function setUpAws(endpoint: string): () => void {
  const before = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  const clear = () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  };
  clear();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  });
  return () => {
    clear();
    Object.assign(process.env, Object.fromEntries(before));
  };
}
