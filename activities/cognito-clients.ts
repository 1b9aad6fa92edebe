import {
  CognitoIdentityProviderClient,
  type CognitoIdentityProviderClientConfig,
} from '@aws-sdk/client-cognito-identity-provider';

/**
 * How long one call may take. A custom message trigger can hold a send for 15 s (three tries of 5 s), and giving up
 * before it answers would leave a message that nobody knows of. The activities' time-outs lie above this.
 */
export const REQUEST_TIMEOUT_MS = 22_000;

/** How long a connection may take to stand; what fails before that has sent nothing. */
const CONNECTION_TIMEOUT_MS = 3_000;

/** AWS has fewer regions; the id of a pool, which callers choose, can name any number. */
const MOST_CLIENTS = 50;

/** One kept-alive client for each region. */
export interface CognitoClients {
  /** The client for a user pool, whose id begins with its region. */
  forUserPool(userPoolId: string): CognitoIdentityProviderClient;
  /** Closes every connection. */
  destroy(): void;
}

export interface CognitoClientsOptions {
  /**
   * Every pool is served by this endpoint, such as the Cognito sandbox. Default: the AWS SDK's own settings
   * (`AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`, `AWS_ENDPOINT_URL`), else Cognito in the pool's region.
   */
  endpoint?: string;
  /** For pools whose id names no region. Default: the AWS SDK's own settings (`AWS_REGION`), else `us-east-1`. */
  region?: string;
}

/** A setting of the AWS SDK that no call could be made with. */
export class AwsSettingError extends Error {
  override readonly name = 'AwsSettingError';
  readonly code = 'Configuration';
}

/**
 * Makes clients as they are asked for. Neither of the two operations needs AWS credentials: the token is all.
 * @throws AwsSettingError when the endpoint is no URL or the region no name of one: every call would fail for it.
 */
export function createCognitoClients(options: CognitoClientsOptions = {}): CognitoClients {
  checkSettings();
  const clients = new Map<string, CognitoIdentityProviderClient>();
  return {
    forUserPool(userPoolId) {
      const region =
        regionOf(userPoolId) ??
        options.region ??
        process.env['AWS_REGION'] ??
        process.env['AWS_DEFAULT_REGION'] ??
        'us-east-1';
      const client =
        clients.get(region) ?? new CognitoIdentityProviderClient({ ...CLIENT_CONFIG, ...endpointOf(options), region });
      // A Map keeps the order of insertion: what is used moves to its end.
      clients.delete(region);
      clients.set(region, client);
      const [oldest] = clients.keys();
      // Not destroyed: that would break off a call that is under way.
      if (clients.size > MOST_CLIENTS && oldest !== undefined) clients.delete(oldest);
      return client;
    },
    destroy() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };
}

/** Where a worker with these settings calls Cognito, for people to read. */
export function cognitoInWords(): string {
  const endpoint = cognitoEndpoint();
  return endpoint ? `${endpoint.url} (${endpoint.name})` : 'Amazon Cognito in the region of each user pool';
}

/** The endpoint that the settings name, if they do. */
export function cognitoEndpoint(
  environment: NodeJS.ProcessEnv = process.env,
): { name: string; url: string } | undefined {
  for (const name of ENDPOINT_SETTINGS) {
    const url = environment[name];
    if (url) return { name, url };
  }
  return undefined;
}

const ENDPOINT_SETTINGS = ['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER', 'AWS_ENDPOINT_URL'];

function checkSettings(): void {
  for (const name of ENDPOINT_SETTINGS) {
    const found = process.env[name];
    if (found && !/^https?:\/\/[^/\s]/.test(found)) {
      throw new AwsSettingError(
        `${name}: found "${found.slice(0, 80)}"; allowed: a URL such as https://cognito-idp.eu-west-1.amazonaws.com`,
      );
    }
  }
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const found = process.env[name];
    if (found && !/^[a-z0-9-]+$/.test(found)) {
      throw new AwsSettingError(`${name}: found "${found.slice(0, 80)}"; allowed: a region such as eu-west-1`);
    }
  }
}

const CLIENT_CONFIG: CognitoIdentityProviderClientConfig = {
  // Temporal retries, durably and in one place. The SDK would repeat a send whose answer was lost, and would even
  // retry LimitExceededException, whose name is on its list of throttles.
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Without it the SDK only warns, and goes on waiting.
    throwOnRequestTimeout: true,
  },
};

function endpointOf({ endpoint }: CognitoClientsOptions): { endpoint?: string } {
  return endpoint === undefined ? {} : { endpoint };
}

function regionOf(userPoolId: string): string | undefined {
  return /^([a-z]{2}(?:-[a-z]+)+-\d+)_/.exec(userPoolId)?.[1];
}
