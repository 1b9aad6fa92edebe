import {
  CognitoIdentityProviderClient,
  type CognitoIdentityProviderClientConfig,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  checkCognitoEndpoint,
  cognitoEndpoint,
  quoteSetting,
  readSettings,
  SettingError,
  withoutCredentials,
} from '@cognito-verification/codec';
import { defined } from '@cognito-verification/contract';
import { LRUCache } from 'lru-cache';
import { onlyCognito } from './cognito-answer.js';

/**
 * How long one call may take. A custom message trigger can hold a send for 15 s (three tries of 5 s), and a call that is
 * given up before the trigger answers leaves a message that nobody knows of. The activities' time-outs are longer.
 */
const REQUEST_TIMEOUT_MS = 22_000;

/** How long it may take to connect; a call that fails before that has sent nothing. */
const CONNECTION_TIMEOUT_MS = 3_000;

/** AWS has fewer regions, but callers choose the ids of pools, and those can name any number. */
const MAX_CLIENTS = 50;

/** One kept-alive client for each region. */
export interface CognitoClients {
  /** Returns the client for a user pool, whose id begins with its region. */
  forUserPool(userPoolId: string): CognitoIdentityProviderClient;
  /** Closes every connection. */
  destroy(): void;
}

export interface CognitoClientsOptions {
  /**
   * The endpoint for every pool, such as the Cognito sandbox. Default: the AWS SDK's own settings
   * (`AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`, `AWS_ENDPOINT_URL`), else Cognito in the pool's region.
   */
  endpoint?: string | undefined;
  /** For pools whose id names no region. Default: the AWS SDK's own settings (`AWS_REGION`), else `us-east-1`. */
  region?: string | undefined;
}

/**
 * Makes clients when they are first needed. No operation needs AWS credentials, only the access token.
 * @throws SettingError if a setting of the AWS SDK holds no URL of an endpoint or no name of a region, so that every call
 *   would fail
 */
export function createCognitoClients(options: CognitoClientsOptions = {}): CognitoClients {
  readSettings({ endpoint: () => checkCognitoEndpoint(), region: checkRegion });
  const clients = new LRUCache<string, CognitoIdentityProviderClient>({
    max: MAX_CLIENTS,
    memoMethod: (region) =>
      onlyCognito(
        new CognitoIdentityProviderClient({ ...CLIENT_CONFIG, ...defined({ endpoint: options.endpoint }), region }),
      ),
    // No `dispose`: to destroy a client would break off its calls.
  });
  return {
    forUserPool(userPoolId) {
      const region =
        regionOf(userPoolId) ??
        options.region ??
        process.env['AWS_REGION'] ??
        process.env['AWS_DEFAULT_REGION'] ??
        'us-east-1';
      return clients.memo(region);
    },
    destroy() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };
}

/** Where a worker with the environment's settings calls Cognito, as a phrase for people. */
export function cognitoInWords(): string {
  const endpoint = cognitoEndpoint();
  return endpoint
    ? `${withoutCredentials(endpoint.url)} (${endpoint.name})`
    : 'Amazon Cognito in the region of each user pool';
}

function checkRegion(): void {
  const problems = ['AWS_REGION', 'AWS_DEFAULT_REGION'].flatMap((name) => {
    const found = process.env[name];
    if (!found || /^[a-z0-9-]+$/.test(found)) return [];
    return [{ name, found: quoteSetting(found), allowed: 'a region such as eu-west-1' }];
  });
  if (problems.length > 0) throw new SettingError(problems);
}

const CLIENT_CONFIG: CognitoIdentityProviderClientConfig = {
  // Temporal retries, durably and in one place. The AWS SDK would repeat a send whose answer was lost. It would even retry
  // LimitExceededException, which its list of throttles names.
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Without this the SDK only warns, and keeps waiting.
    throwOnRequestTimeout: true,
  },
};

/** In the form of every partition of AWS: `eu-west-1`, `cn-north-1`, `us-gov-west-1`, `eusc-de-east-1`, `us-isob-east-1`. */
function regionOf(userPoolId: string): string | undefined {
  return /^([a-z]{2,8}(?:-[a-z]{1,16}){1,3}-\d{1,2})_/.exec(userPoolId)?.[1];
}
