/**
 * Which Cognito a local stack works against: the sandbox it starts, an endpoint that is set, or Amazon Cognito when
 * that is asked for by name. Users are made in sandboxes only, ours or one that is found at the endpoint.
 */
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { startSandbox } from '../sandbox/index.js';
import type { SignedInUser } from './demo-user.js';
import { freePort } from './free-port.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/** `auto`: the endpoint of the AWS settings if one is set, else a sandbox. `aws`: what the AWS settings say, even without one. */
export type CognitoChoice = 'auto' | 'sandbox' | 'aws';

/** The Cognito of a stack. */
export interface StackCognito {
  /** Absent for Amazon Cognito, whose endpoint follows from the pool's region. */
  readonly endpoint?: string;
  /** Whether this stack started it. */
  readonly own: boolean;
  /** Absent where no users may be made and no messages can be read. */
  readonly sandbox?: SandboxAccess;
}

/** What only a sandbox allows. */
export interface SandboxAccess {
  /** Cognito's own API, with the credentials that a sandbox does not check. */
  readonly admin: CognitoIdentityProviderClient;
  /** The page with the messages. */
  readonly inboxUrl: string;
  /** The code in the newest e-mail that a user has got. */
  newestCode(user: SignedInUser): Promise<string | undefined>;
}

/** How to choose and start it. */
export interface StackCognitoOptions {
  readonly choice: CognitoChoice;
  /** Wanted port of a sandbox of ours. */
  readonly port: number;
  /** Where a sandbox of ours keeps its pools and users. */
  readonly stateFile: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

const PROBE_LIMIT_MS = 3_000;
/** Plain settings that people have in every shell. They are no wish to work on a real pool. */
const AWS_SETTINGS = ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/** Whether the stack will start a sandbox of its own. */
export function needsOwnSandbox(choice: CognitoChoice): boolean {
  return choice === 'sandbox' || (choice === 'auto' && !endpointSetting());
}

/** Chooses, starts what has to be started, and says which it is. */
export async function provideCognito(options: StackCognitoOptions): Promise<StackCognito> {
  const { choice, timeline } = options;
  if (needsOwnSandbox(choice)) return await ownSandbox(options);
  const endpoint = endpointSetting();
  if (endpoint) return await foundEndpoint(endpoint, timeline);
  timeline.tell('using Amazon Cognito by your AWS settings; no user is made there and nothing is sent unasked');
  return { own: false };
}

/** The names that the AWS SDK itself reads, in its order. */
function endpointSetting(): string | undefined {
  return process.env['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER'] || process.env['AWS_ENDPOINT_URL'];
}

async function ownSandbox({ port, stateFile, timeline, teardown }: StackCognitoOptions): Promise<StackCognito> {
  const settings = AWS_SETTINGS.filter((name) => process.env[name]);
  if (settings.length > 0)
    timeline.tell(`not using your AWS account (${settings.join(', ')}) but a sandbox; --cognito aws would use it`);
  const free = await freePort(port);
  if (port !== 0 && free !== port) timeline.tell(`port ${port} is taken; the Cognito sandbox uses ${free}`);
  const sandbox = await startSandbox({ port: free, stateFile });
  teardown.add('the Cognito sandbox', async () => await sandbox.close());
  timeline.tell(`started a Cognito sandbox at ${sandbox.url}`);
  return { endpoint: sandbox.url, own: true, sandbox: accessTo(sandbox.url) };
}

async function foundEndpoint(endpoint: string, timeline: Timeline): Promise<StackCognito> {
  const url = endpoint.replace(/\/+$/, '');
  if (await isSandbox(url)) {
    timeline.tell(`using the Cognito sandbox at ${url}`);
    return { endpoint: url, own: false, sandbox: accessTo(url) };
  }
  timeline.tell(`using the Cognito endpoint ${url}; it is no sandbox of ours, so no user is made there`);
  return { endpoint: url, own: false };
}

/** Only a sandbox answers under this path: Amazon Cognito and other emulators know nothing of it. */
async function isSandbox(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_sandbox/inbox`, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    return response.ok && Array.isArray(await response.json());
  } catch {
    return false;
  }
}

function accessTo(url: string): SandboxAccess {
  const admin = new CognitoIdentityProviderClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
  });
  return {
    admin,
    inboxUrl: `${url}/_sandbox/`,
    newestCode: async ({ userPoolId, username }) => {
      const query = new URLSearchParams({ userPoolId, username });
      const response = await fetch(`${url}/_sandbox/inbox?${query.toString()}`);
      const messages: { attributeName: string; code: string }[] = JSON.parse(await response.text());
      return messages.findLast(({ attributeName }) => attributeName === 'email')?.code;
    },
  };
}
