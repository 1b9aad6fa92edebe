/**
 * A query that comes with the workflow task of a direct attempt, and is answered when the test says so. It is sealed with a key of its
 * own, which the worker gets only then: the query is under way until that.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, encryptionKey, KEY_BYTES, type KeyRing } from '@cognito-verification/codec';
import { getStatus, type VerificationStatus } from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import { expect } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type Rig, startWorker } from '../rig.js';
import { stamping } from '../stamping.js';

const ATTEMPT = 'VerifyUserAttribute';
/** From a request until the server has it. */
const ON_ITS_WAY_MS = 400;

/** Queries that wait at the worker for their key, each with a key of its own. */
class HeldQueries {
  private readonly keys = new Map<string, { arrived: () => void; gate: Promise<void> }>();
  private readonly secret = randomBytes(KEY_BYTES);

  constructor(private readonly rig: Rig) {}

  /** Of a worker whose queries wait. */
  get keyRing(): KeyRing {
    return {
      current: () => this.rig.keyRing.current(),
      find: async (id, wrapped) => {
        const held = this.keys.get(id);
        if (!held) return await this.rig.keyRing.find(id, wrapped);
        held.arrived();
        await held.gate;
        return encryptionKey(id, this.secret);
      },
    };
  }

  /** Asks for the status. */
  ask(workflowId: string) {
    const id = `query-${randomUUID()}`;
    const arrival = gate();
    const leave = gate();
    this.keys.set(id, { arrived: arrival.open, gate: leave.opened });
    const keyRing: KeyRing = {
      current: () => Promise.resolve(encryptionKey(id, this.secret)),
      find: (other, wrapped) => this.rig.keyRing.find(other, wrapped),
    };
    const { connection } = this.rig.env;
    const dataConverter = clientDataConverter(keyRing);
    const client = new Client({ connection, dataConverter, interceptors: { workflow: [stamping()] } });
    const answer: Promise<VerificationStatus> = client.workflow.getHandle(workflowId).query(getStatus.name, {});
    answer.catch(() => undefined);
    return { answer, arrived: arrival.opened, letGo: leave.open };
  }
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

interface BesideOptions {
  /** How long the attempt takes. */
  latencyMs: number;
  /** Default: the bundle of the build. */
  workflowBundlePath?: string | undefined;
  /** What Cognito refuses the attempt with. Default: the code is wrong. */
  exception?: string | undefined;
}

/** A code is submitted and a query asked while no worker runs; then one runs, and has both with one workflow task. */
export async function submitBesideQuery(rig: Rig, { latencyMs, workflowBundlePath, exception }: BesideOptions) {
  const taskQueue = `held-${randomUUID()}`;
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const queries = new HeldQueries(rig);
  const run = () =>
    startWorker(rig, cognito, taskQueue, { keyRing: queries.keyRing, maxCachedWorkflows: 10, workflowBundlePath });
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const user = await rig.user();
  const { username } = user;
  const first = await run();
  const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  await first.stop();
  await rig.env.connection.workflowService.resetStickyTaskQueue({ namespace: 'default', execution: { workflowId } });

  const refused = exception === undefined ? {} : { exception: { name: exception } };
  rig.sandbox.setFault({ operation: ATTEMPT, username, latencyMs, afterEffect: true, times: 1, ...refused });
  const code = rig.sandbox.codeFor(user, 'email');
  const submitted = client.submitCode(workflowId, { code: code === '000000' ? '111111' : '000000' });
  submitted.catch(() => undefined);
  await sleep(ON_ITS_WAY_MS);
  const query = queries.ask(workflowId);
  await sleep(ON_ITS_WAY_MS);
  let running = await run();
  await query.arrived;
  const calls = () => rig.sandbox.calls({ operation: ATTEMPT, username }).length;
  await expect.poll(calls, { interval: 10 }).toBe(1);
  return {
    user,
    client,
    workflowId,
    submitted,
    query,
    queries,
    calls,
    /** Another worker, which has to replay. */
    restart: async () => {
      await running.stop();
      running = await run();
    },
    close: async () => {
      await running.stop();
      cognito.destroy();
    },
  };
}
