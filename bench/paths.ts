/** The paths that most verifications take, driven as an onboarding service and its user would drive them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { VerifyUserAttributeCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { VerificationClient } from '@cognito-verification/client';
import type { VerificationPolicy } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import { createCognitoClients } from '../activities/cognito-clients.js';
import type { Sandbox, SandboxUser } from '../sandbox/index.js';
import { startBare } from './bare-client.js';

/** A place where verifications run. */
export interface Site {
  readonly sandbox: Sandbox;
  readonly temporal: Client;
  readonly verifications: VerificationClient;
}

/** A person is slower than the worker. Without a pause two workflow tasks may become one, and counts would vary. */
export const PAUSE_MS = 1_000;

/** Runs one path to its end and returns the workflow's id. */
export type Path = (site: Site) => Promise<string>;

/** The paths by their names in the tables. */
export const PATHS = {
  'right code': async (site) => {
    const { user, workflowId } = await begin(site);
    await typeCode(site, workflowId, site.sandbox.codeFor(user, 'email'), 'verified');
    return workflowId;
  },
  'one wrong code': async (site) => {
    const { user, workflowId } = await begin(site);
    const code = site.sandbox.codeFor(user, 'email');
    await typeCode(site, workflowId, code === '000000' ? '000001' : '000000', 'mismatch');
    await typeCode(site, workflowId, code, 'verified');
    return workflowId;
  },
  'one re-send': async (site) => {
    const { user, workflowId } = await begin(site, { resendCooldown: '1 second' });
    await sleep(PAUSE_MS + 200);
    await site.verifications.resendCode(workflowId);
    await typeCode(site, workflowId, site.sandbox.codeFor(user, 'email'), 'verified');
    return workflowId;
  },
  'confirmed by signal': async (site) => {
    const { user, workflowId } = await begin(site);
    await sleep(PAUSE_MS);
    await verifyElsewhere(site, user);
    await site.verifications.confirm(workflowId);
    await waitForEnd(site, workflowId, 'verified');
    return workflowId;
  },
  expired: async (site) => {
    const { workflowId } = await begin(site, { deadline: '1 minute' });
    await waitForEnd(site, workflowId, 'expired');
    return workflowId;
  },
} satisfies Record<string, Path>;

/** Runs the barest workflow on the path "right code" and returns the workflow's id. */
export async function bareRightCode({ sandbox, temporal }: Site, taskQueue: string): Promise<string> {
  const user = await newUser(sandbox);
  const { handle, submit } = await startBare(temporal, taskQueue, user);
  await sleep(PAUSE_MS);
  await submit(sandbox.codeFor(user, 'email'));
  await handle.result();
  return handle.workflowId;
}

/** In the first pool of the sandbox, which the workers serve. */
async function newUser(sandbox: Sandbox): Promise<SandboxUser> {
  return await sandbox.createUser({ poolId: sandbox.userPoolIds()[0] });
}

async function begin(
  { sandbox, verifications }: Site,
  policy: VerificationPolicy = {},
): Promise<{ user: SandboxUser; workflowId: string }> {
  const user = await newUser(sandbox);
  const { accessToken } = user;
  const { workflowId, status } = await verifications.start({ accessToken, attributeName: 'email', policy });
  if (status.state !== 'awaitingCode') throw new Error(`no code was sent: the verification is ${status.state}`);
  return { user, workflowId };
}

async function typeCode(site: Site, workflowId: string, code: string, expected: string): Promise<void> {
  await sleep(PAUSE_MS);
  const { result } = await site.verifications.submitCode(workflowId, { code });
  if (result !== expected) throw new Error(`the code was answered with ${result}, not ${expected}`);
  if (result === 'verified') await waitForEnd(site, workflowId, 'verified');
}

/** Acts as an application that calls Cognito itself. */
async function verifyElsewhere({ sandbox }: Site, { accessToken, ...user }: SandboxUser): Promise<void> {
  const cognito = createCognitoClients({ endpoint: sandbox.url });
  const Code = sandbox.codeFor(user, 'email');
  const command = new VerifyUserAttributeCommand({ AccessToken: accessToken, AttributeName: 'email', Code });
  try {
    await cognito.forUserPool(user.userPoolId).send(command);
  } finally {
    cognito.destroy();
  }
}

async function waitForEnd({ verifications }: Site, workflowId: string, expected: string): Promise<void> {
  const { outcome } = await verifications.wait(workflowId, { timeout: '5 minutes' });
  if (outcome !== expected) throw new Error(`the verification ended as ${outcome}, not ${expected}`);
}
