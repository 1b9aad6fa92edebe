/** What can be wrong with Temporal, its workers and their settings, and what its finding has its reader do. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { cognitoTaskQueue, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { expect, onTestFinished } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { freePort } from '../../dev/free-port.js';
import { startRedis } from '../../dev/redis.js';
import type { QueueLimitChanges } from '../../temporal/queue-limits.js';
import { registerSearchAttributes } from '../../temporal/search-attributes.js';
import { createWorker } from '../../worker/worker.js';
import type { WorkerSettings } from '../../worker/worker-settings.js';
import { type BrokenSurroundings, corrects, setsIt, startsIt, typesIt } from './following.js';
import type { DoctorRig } from './server-rig.js';

/** A port that takes callers and answers nothing. */
export async function silentPort(onCaller: () => void = () => undefined): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onCaller();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const guardStore = (port: number, user = '') => ({
  VERIFICATION_GUARD_STORE: `redis://${user}127.0.0.1:${port}`,
  VERIFICATION_GUARD_KEY: randomBytes(32).toString('base64'),
});

async function redisAt(wanted?: number): Promise<number> {
  const { port, stop } = await startRedis({ port: wanted });
  onTestFinished(async () => await stop());
  return port;
}

export function brokenTemporal({ rig, well, limit }: DoctorRig): readonly BrokenSurroundings[] {
  const address = corrects(() => ({ TEMPORAL_ADDRESS: well['TEMPORAL_ADDRESS'] ?? '' }));

  /** A task queue that only half of a worker polls. */
  const half = async (only: 'workflows' | 'calls') => await ownQueue(`only-${only}`, { only });

  /** A task queue with a worker of its own. */
  const ownQueue = async (taskQueue: string, settings: Pick<WorkerSettings, 'only' | 'deploymentName'>) => {
    await limit({ queueRate: 12 }, taskQueue);
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const { userPools, keyRing, env } = rig;
    const connection = env.nativeConnection;
    const worker = await createWorker({
      connection,
      namespace: 'default',
      keys: keyRing,
      userPools,
      cognito,
      taskQueue,
      ...settings,
    });
    const run = worker.run();
    onTestFinished(async () => {
      worker.shutdown();
      await run;
      cognito.destroy();
    });
    if (settings.only !== 'calls') await polled(taskQueue, 1);
    if (settings.only !== 'workflows') await polled(cognitoTaskQueue(taskQueue), 2);
    return { env: { VERIFICATION_TASK_QUEUE: taskQueue } };
  };

  const polled = async (name: string, taskQueueType: 1 | 2) => {
    const { workflowService } = rig.env.connection;
    await expect
      .poll(async () => {
        const { pollers } = await workflowService.describeTaskQueue({
          namespace: 'default',
          taskQueue: { name },
          // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
          taskQueueType,
        });
        return pollers?.length;
      })
      .toBeGreaterThan(0);
  };

  const retention = async (seconds: number) => {
    const { workflowService } = rig.env.connection;
    await workflowService.updateNamespace({
      namespace: 'default',
      config: { workflowExecutionRetentionTtl: { seconds: seconds as never } },
    });
    return {};
  };

  const limited = async (changes: Omit<QueueLimitChanges, 'identity'>, env = {}) => {
    await limit({ queueRate: 12, ...changes });
    onTestFinished(async () => await limit({ queueRate: 12, poolRate: null }));
    return { env };
  };

  const withoutPoolAttribute = async () => {
    const { operatorService } = rig.env.connection;
    const searchAttributes = [SEARCH_ATTRIBUTES.userPoolId];
    await operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes });
    // What the server has under the old one it shows no more, so that these histories replay no longer.
    rig.started.clear();
    onTestFinished(async () => void (await registerSearchAttributes(rig.env.connection, 'default')));
    return {};
  };

  return [
    {
      what: 'versioned workers, and no version is current',
      make: async () => await ownQueue('versioned', { deploymentName: 'doctor' }),
      finding: 'failure deployment',
      says: /no version of doctor is current, and no unversioned worker polls/,
      follow: typesIt,
    },
    {
      what: 'no such namespace',
      make: () => ({ env: { TEMPORAL_NAMESPACE: 'zz' } }),
      finding: 'failure namespace',
      says: /no namespace "zz"/,
      follow: corrects(() => ({ TEMPORAL_NAMESPACE: 'default' })),
    },
    {
      what: 'nobody at the address',
      make: async () => ({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` } }),
      finding: 'failure connection',
      says: /Cannot reach the Temporal Service at 127\.0\.0\.1:\d+ without TLS: .*ECONNREFUSED/,
      follow: address,
    },
    {
      what: 'an address that answers nothing',
      make: async () => ({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${await silentPort()}` } }),
      finding: 'failure connection',
      says: /no answer/,
      follow: address,
    },
    {
      what: 'a host that no name server knows',
      make: () => ({ env: { TEMPORAL_ADDRESS: 'temporal.invalid:7233' } }),
      finding: 'failure connection',
      says: /temporal\.invalid/,
      follow: address,
    },
    {
      what: 'TLS with a server that has none',
      make: () => ({ env: { TEMPORAL_TLS: 'true' } }),
      finding: 'failure connection',
      says: /with TLS: /,
      follow: setsIt,
    },
    {
      what: 'wrong settings of Temporal',
      make: () => ({ env: { TEMPORAL_ADDRESS: 'http://127.0.0.1' } }),
      finding: 'failure connection',
      says: /TEMPORAL_ADDRESS: found "http:/,
      follow: address,
    },
    {
      what: 'a worker on another queue alone',
      make: async () => {
        await limit({ queueRate: 12 }, 'nobody');
        return { env: { VERIFICATION_TASK_QUEUE: 'nobody' } };
      },
      finding: 'failure workers',
      says: /No worker polls these task queues\./,
      follow: startsIt,
    },
    {
      what: 'a worker for verifications alone',
      make: async () => await half('workflows'),
      finding: 'failure workers',
      says: /No worker polls the task queue of calls/,
      follow: startsIt,
    },
    {
      what: 'a worker for calls alone',
      make: async () => await half('calls'),
      finding: 'failure workers',
      says: /No worker polls the task queue of verif/,
      follow: startsIt,
    },
    {
      what: 'a search attribute that is missing',
      make: withoutPoolAttribute,
      finding: 'failure search-attributes',
      says: /Not registered: VerificationUserPool\./,
      follow: typesIt,
    },
    {
      what: 'a search attribute of another type',
      make: async () => {
        await withoutPoolAttribute();
        await rig.env.connection.operatorService.addSearchAttributes({
          namespace: 'default',
          // `INDEXED_VALUE_TYPE_INT` of Temporal's API.
          // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
          searchAttributes: { [SEARCH_ATTRIBUTES.userPoolId]: 3 },
        });
        return {};
      },
      finding: 'failure search-attributes',
      says: /not of type Keyword: VerificationUserPool\./,
      follow: typesIt,
    },
    {
      what: 'a retention of an hour',
      make: async () => await retention(3_600),
      finding: 'failure retention',
      says: /after 60 minutes/,
      follow: typesIt,
    },
    {
      what: 'a retention of some hours',
      make: async () => await retention(6 * 3_600),
      finding: 'warning retention',
      says: /after 6 hours/,
      follow: typesIt,
    },
    {
      what: 'a paused queue',
      make: async () => await limited({ queueRate: 0, reason: 'an incident' }),
      finding: 'failure queue-limits',
      says: /paused.*set by test because of "an incident"/,
      follow: typesIt,
    },
    {
      what: 'paused pools',
      make: async () => await limited({ poolRate: 0 }),
      finding: 'failure queue-limits',
      says: /rate of each pool is 0/,
      follow: typesIt,
    },
    {
      what: 'a queue without a rate',
      make: async () => await limited({ queueRate: null }),
      finding: 'warning queue-limits',
      says: /has no rate/,
      follow: typesIt,
    },
    {
      what: 'a rate beyond the quotas',
      make: async () => await limited({ queueRate: 20 }),
      finding: 'warning queue-limits',
      says: /At most 40 attempts/,
      follow: typesIt,
    },
    {
      what: 'direct calls beyond the quotas',
      make: async () => await limited({ queueRate: 24 }, { VERIFICATION_DIRECT_CALLS_PER_SECOND: '6' }),
      finding: 'warning queue-limits',
      says: /At most 30 attempts/,
      follow: typesIt,
    },
    {
      what: 'a wrong setting of a worker',
      make: () => ({ env: { VERIFICATION_MAX_CONCURRENT_CALLS: 'many', VERIFICATION_LOG_LEVEL: 'loud' } }),
      finding: 'failure worker-settings',
      says: /VERIFICATION_LOG_LEVEL: [^]*VERIFICATION_MAX_CONCURRENT_CALLS: found "many"; allowed: a whole number/,
      follow: corrects(() => ({ VERIFICATION_MAX_CONCURRENT_CALLS: '50', VERIFICATION_LOG_LEVEL: 'info' })),
    },
    {
      what: 'a wrong setting of the guard',
      make: () => ({ env: { VERIFICATION_SMS_COUNTRIES: 'DE,UK', VERIFICATION_GUARD_STORE: 'redis://127.0.0.1' } }),
      finding: 'failure worker-settings',
      says: /VERIFICATION_SMS_COUNTRIES: found "DE,UK".*GB \(not UK\)[^]*VERIFICATION_GUARD_KEY: found nothing beside/,
      follow: corrects(() => ({ VERIFICATION_SMS_COUNTRIES: 'DE,GB', VERIFICATION_GUARD_STORE: '' })),
    },
    {
      what: 'a store of the guard that is away',
      make: async () => ({ env: { ...guardStore(await freePort()), VERIFICATION_GUARD_STORE_AWAY: 'hold' } }),
      finding: 'failure guard-store',
      says: /ECONNREFUSED/,
      follow: async (_finding, { VERIFICATION_GUARD_STORE: url = '' }) => {
        await redisAt(Number(new URL(url).port));
        return {};
      },
    },
    {
      what: 'a store of the guard with another password',
      make: async () => {
        const port = await redisAt();
        return { env: guardStore(port, 'someone:hunter2@') };
      },
      finding: 'warning guard-store',
      says: /WRONGPASS/,
      follow: corrects(async () => ({ VERIFICATION_GUARD_STORE: `redis://127.0.0.1:${await redisAt()}` })),
    },
  ];
}
