/**
 * Chooses the Cognito of a local stack: a sandbox that the stack starts, an endpoint that is set, or Amazon Cognito with
 * `--cognito aws`. The stack makes users in sandboxes only: its own, or one at the endpoint.
 */
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { cognitoEndpoint } from '@cognito-verification/codec';
import * as v from 'valibot';
import { SERVICES } from '../doctor/aws/clients.js';
import { startSandbox } from '../sandbox/index.js';
import type { SignedInUser } from './demo-user.js';
import { parseJson } from './files.js';
import { freePort } from './free-port.js';
import type { Teardown } from './teardown.js';
import type { Timeline } from './timeline.js';

/**
 * `auto`: the endpoint of the AWS settings if they have one, else a sandbox. `sandbox`: a sandbox of its own. `aws`: what
 * the AWS settings say, even without an endpoint.
 */
export type CognitoChoice = 'auto' | 'sandbox' | 'aws';

/** The Cognito of a stack. */
export interface StackCognito {
  /** Absent for Amazon Cognito, whose endpoint follows from the pool's region. */
  readonly endpoint?: string | undefined;
  /** Whether this stack started it. */
  readonly own: boolean;
  /** Absent where the stack may make no users and can read no messages. */
  readonly sandbox?: SandboxAccess | undefined;
}

/** What only a sandbox allows. */
export interface SandboxAccess {
  /** Cognito's own API, with the credentials that a sandbox does not check. */
  readonly admin: CognitoIdentityProviderClient;
  /** The page with the messages. */
  readonly inboxUrl: string;
  /** The code in the newest e-mail to a user; undefined when there is none. */
  newestCode(user: SignedInUser): Promise<string | undefined>;
}

/** Options of `provideCognito`. */
export interface StackCognitoOptions {
  readonly choice: CognitoChoice;
  /** Wanted port of our own sandbox. */
  readonly port: number;
  /** The file in which our own sandbox keeps its pools and users. */
  readonly stateFile: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

const Inbox = v.array(v.object({ attributeName: v.string(), code: v.string() }));
const PROBE_LIMIT_MS = 3_000;
/** People have these settings in every shell. They do not mean that the stack may touch a real pool. */
const AWS_SETTINGS = ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/**
 * The settings by which doctor and the lines of its remedies ask a sandbox for everything else of an AWS account. A sandbox takes any
 * credentials; those of this shell stay as they are.
 */
export function accountSettings(
  endpoint: string,
  environment: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  // Doctor asks nothing of IAM, but its remedies change roles there.
  const settings = [...Object.values(SERVICES).map(({ endpointSetting }) => endpointSetting), 'AWS_ENDPOINT_URL_IAM'];
  const endpoints = settings.map((setting) => [setting, endpoint] as const);
  const some = { AWS_ACCESS_KEY_ID: 'sandbox', AWS_SECRET_ACCESS_KEY: 'sandbox' };
  return { ...Object.fromEntries(endpoints), ...(AWS_SETTINGS.some((name) => environment[name]) ? {} : some) };
}

/** Whether the stack starts a sandbox of its own. */
export function needsOwnSandbox(choice: CognitoChoice): boolean {
  return choice === 'sandbox' || (choice === 'auto' && !cognitoEndpoint());
}

/** Chooses the Cognito, starts it if it is our own sandbox, and tells the timeline which one it is. */
export async function provideCognito(options: StackCognitoOptions): Promise<StackCognito> {
  const { choice, timeline } = options;
  if (needsOwnSandbox(choice)) return await startOwnSandbox(options);
  const endpoint = cognitoEndpoint()?.url;
  if (endpoint) return await useEndpoint(endpoint, timeline);
  timeline.tell('using Amazon Cognito by your AWS settings; the stack makes no user and sends nothing there');
  return { own: false };
}

async function startOwnSandbox({ port, stateFile, timeline, teardown }: StackCognitoOptions): Promise<StackCognito> {
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

async function useEndpoint(endpoint: string, timeline: Timeline): Promise<StackCognito> {
  const url = endpoint.replace(/\/+$/, '');
  if (await isSandbox(url)) {
    timeline.tell(`using the Cognito sandbox at ${url}`);
    return { endpoint: url, own: false, sandbox: accessTo(url) };
  }
  timeline.tell(`using the Cognito endpoint ${url}; it is not a sandbox of ours, so the stack makes no user there`);
  return { endpoint: url, own: false };
}

/** Only a sandbox answers under this path: Amazon Cognito and other emulators do not know it. */
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
      const messages = parseJson(Inbox, await response.text()) ?? [];
      return messages.findLast(({ attributeName }) => attributeName === 'email')?.code;
    },
  };
}
