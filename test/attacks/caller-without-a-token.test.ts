/**
 * A caller who reaches the onboarding service without an access token that counts: forged, expired, of another app client or
 * another user pool. With it nothing is started, joined or sent.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateUserPoolClientCommand } from '@aws-sdk/client-cognito-identity-provider';
import {
  type ServedUserPool,
  VerificationClient,
  VerificationError,
  workflowIdFor,
} from '@cognito-verification/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { describe, expect } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type SandboxUser, startWorker, useRig } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';
import { attack } from './attack.js';

const SEND = 'GetUserAttributeVerificationCode';
const rig = useRig('local');

const idOf = (user: SandboxUser) => workflowIdFor({ ...user, attributeName: 'email' });
const callsOf = ({ username }: SandboxUser) => rig.sandbox.calls({ username }).map(({ operation }) => operation);

/** The number of events in the history; undefined if nothing was ever started. */
async function eventsOf(user: SandboxUser): Promise<number | undefined> {
  try {
    return (await rig.env.client.workflow.getHandle(idOf(user)).describe()).historyLength;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The code of the error that the call ends with. */
async function refusalOf(call: Promise<unknown>): Promise<string> {
  return codeOf(await call.catch((thrown: unknown) => thrown));
}

function codeOf(error: unknown): string {
  return error instanceof VerificationError ? error.code : `no refusal: ${JSON.stringify(error)}`;
}

/** What a service gets that does not check the token. */
type Unchecked = 'awaitingToken' | 'AccessTokenRefused';

const BAD: [string, Unchecked, (user: SandboxUser) => Promise<string>][] = [
  ['forged', 'awaitingToken', (user) => rig.sandbox.issueAccessToken(user, { forged: true })],
  [
    'expired',
    'AccessTokenRefused',
    async (user) => {
      const token = await rig.sandbox.issueAccessToken(user, { expiresInSeconds: 1 });
      await sleep(2_000);
      return token;
    },
  ],
];

describe.each(BAD)('a token that is %s', (_how, unchecked, make) => {
  attack('opens nothing and sends nothing', 'no signature is checked', async () => {
    const user = await rig.user();
    const accessToken = await make(user);
    expect(await refusalOf(rig.client.start({ accessToken, attributeName: 'email' }))).toBe('AccessTokenRefused');
    expect(await eventsOf(user)).toBeUndefined();
    expect(callsOf(user)).toEqual([]);
    // This is what the check prevents.
    const started = rig.unchecked.start({ accessToken, attributeName: 'email' });
    expect(await started.then(({ status }) => status.state, codeOf)).toBe(unchecked);
    expect(await eventsOf(user)).toBeGreaterThan(0);
  });

  attack('joins nothing and changes nothing in what is open', 'no signature is checked', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const accessToken = await make(user);
    const before = await eventsOf(user);
    for (const call of [
      () => rig.client.start({ accessToken, attributeName: 'email', policy: { maxAttempts: 1 } }),
      () => rig.client.renewAccessToken(workflowId, { accessToken }),
      () => rig.client.resendCode(workflowId, { accessToken }),
      () => rig.client.submitCode(workflowId, { code: '000000', accessToken }),
    ]) {
      expect(await refusalOf(call())).toBe('AccessTokenRefused');
    }
    expect(await eventsOf(user)).toBe(before);
    expect(callsOf(user).filter((operation) => operation === SEND)).toHaveLength(1);
  });
});

describe('a user pool that is not served', () => {
  attack('gets nothing from any client', 'a client serves every user pool', async () => {
    const stranger = await rig.sandbox.createUser();
    const [served] = rig.userPools;
    const client = new VerificationClient({
      client: rig.env.client,
      userPools: served ? [served] : [],
      taskQueue: rig.taskQueue,
    });
    const { accessToken, userPoolId, sub } = stranger;
    const opened = client.start({ accessToken, attributeName: 'email' });
    expect(await refusalOf(opened)).toBe('AccessTokenRefused');
    const byReference = { accessTokenReference: 'session', userPoolId, sub };
    expect(await refusalOf(client.start({ ...byReference, attributeName: 'email' }))).toBe('InvalidRequest');
    expect(await eventsOf(stranger)).toBeUndefined();
  });

  attack(
    'is never called by a worker, and is verified once a worker serves it',
    'a worker serves every user pool',
    async () => {
      const stranger = await rig.sandbox.createUser();
      const served: ServedUserPool[] = [];
      await withWorker(served, async (client) => {
        const { workflowId } = await client.start({ accessToken: stranger.accessToken, attributeName: 'email' });
        const call = async () =>
          (await rig.env.client.workflow.getHandle(workflowId).describe()).raw.pendingActivities?.[0];
        await expect.poll(async () => (await call())?.attempt ?? 0).toBeGreaterThan(1);
        expect((await call())?.lastFailure?.applicationFailureInfo?.type).toBe('UserPoolNotServed');
        expect(callsOf(stranger)).toEqual([]);

        served.push({ userPoolId: stranger.userPoolId });
        await expect.poll(async () => (await client.status(workflowId)).state).toBe('awaitingCode');
        const code = rig.sandbox.codeFor(stranger, 'email');
        expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
      });
    },
  );
});

describe('a token of an app client that does not count', () => {
  attack(
    'is refused by the client, and sent nowhere by the worker',
    ['a client takes tokens of any app client', 'a worker takes tokens of any app client'],
    async () => {
      const user = await rig.user();
      const admin = sdkFor(rig.sandbox);
      const { UserPoolClient: other } = await admin.send(
        new CreateUserPoolClientCommand({ UserPoolId: user.userPoolId, ClientName: 'game' }),
      );
      admin.destroy();
      const { userPoolId, clientId } = user;
      const pool = { userPoolId, clientIds: [clientId], endpoint: rig.sandbox.url };
      const foreign = await rig.sandbox.issueAccessToken({ ...user, clientId: other?.ClientId });
      await withWorker([pool], async (lax, taskQueue) => {
        const strict = new VerificationClient({ client: rig.env.client, userPools: [pool], taskQueue });
        expect(await refusalOf(strict.start({ accessToken: foreign, attributeName: 'email' }))).toBe(
          'AccessTokenRefused',
        );
        expect(await eventsOf(user)).toBeUndefined();
        // A service that is set up otherwise gets it to the worker, which has its own list.
        const opened = await lax.start({ accessToken: foreign, attributeName: 'email' });
        expect(opened.status).toMatchObject({
          state: 'awaitingToken',
          sends: [{ outcome: 'accessTokenRejected', reason: 'AccessTokenRefused' }],
        });
        expect(callsOf(user)).toEqual([]);
        const joined = await strict.start({ accessToken: user.accessToken, attributeName: 'email' });
        expect(joined.status.state).toBe('awaitingCode');
      });
    },
  );
});

/** Runs a worker that serves these pools only, and a client of it that serves every pool. */
async function withWorker(
  userPools: readonly ServedUserPool[],
  body: (client: VerificationClient, taskQueue: string) => Promise<void>,
): Promise<void> {
  const taskQueue = `served-${randomUUID()}`;
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const worker = await startWorker({ env: rig.env, userPools }, cognito, taskQueue);
  const { client } = rig.env;
  try {
    await body(
      new VerificationClient({ client, userPools: rig.userPools, taskQueue, timeout: '6 seconds' }),
      taskQueue,
    );
  } finally {
    await worker.stop();
    cognito.destroy();
  }
}
