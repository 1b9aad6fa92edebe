/**
 * A flood through a real server and three worker processes, one of which is killed and comes anew: how many messages leave is counted in
 * the sandbox's inbox. `npm run test:guard` has the full size, 500 robots and 50 people.
 */
import { randomBytes } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { afterEach, describe, expect, it } from 'vitest';
import { type Redis, startRedis } from '../../dev/redis.js';
import type { SandboxUser } from '../../sandbox/index.js';
import { startWorkerProcess, useRig } from '../rig.js';

const ROBOTS = Number(process.env['VERIFICATION_ROBOTS'] ?? 60);
const PEOPLE = ROBOTS / 10;
const AT_ONCE = 12;
/** What a prefix may waste. An hour fades it by so much while a test runs. */
const LIMIT = 10;
const FADED = 3;

const rig = useRig('local');

const SETTINGS = {
  VERIFICATION_SMS_BRAKE: 'on',
  VERIFICATION_SMS_BRAKE_PREFIX_PER_HOUR: String(LIMIT),
  VERIFICATION_GUARD_KEY: randomBytes(32).toString('base64'),
  // Redis itself may stand still for a moment, on a machine that is shared with other tests.
  VERIFICATION_GUARD_STORE_TIMEOUT: '1 s',
  VERIFICATION_STICKY_TIMEOUT: '1 second',
};

let redis: Redis | undefined;
const workers: Awaited<ReturnType<typeof startWorkerProcess>>[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')));
  await redis?.stop();
  redis = undefined;
});

interface Flood {
  readonly taskQueue: string;
  readonly settings?: NodeJS.ProcessEnv;
  /** Called when a third of all has started, and when two thirds have. */
  readonly meanwhile: (third: 1 | 2) => Promise<void>;
}

/**
 * Runs robots and people, with a worker that is killed in the middle; answers how many messages the robots got, and how many workers
 * found their store away at some time.
 */
async function flood({ taskQueue, settings = {}, meanwhile }: Flood) {
  const startedAt = performance.now();
  const every: typeof workers = [];
  const start = async () => {
    const worker = await startWorkerProcess(rig, taskQueue, { ...SETTINGS, ...settings });
    workers.push(worker);
    every.push(worker);
  };
  await Promise.all([start(), start(), start()]);
  const { env, userPools, now } = rig;
  const client = new VerificationClient({ client: env.client, userPools, taskQueue, now });
  const { userPoolId: poolId } = await rig.user();
  const count = ROBOTS + PEOPLE;
  const signedUp: SignedUp[] = [];

  /** Once more if it is not done: a worker that is killed takes what it was doing with it, and its callers hear nothing. */
  const goOn = async (one: SignedUp): Promise<void> => {
    const caller = client.forUser({ accessToken: one.user.accessToken });
    const { status } = await caller.start('phone_number', { policy: { deadline: '1 hour' } });
    one.state = status.held ?? status.state;
    const code = rig.sandbox.inbox(one.user).at(-1)?.code;
    if (!one.isPerson || code === undefined) return;
    one.state = (await caller.submitCode('phone_number', code)).result;
  };
  const signUp = async (index: number): Promise<void> => {
    const isPerson = index % 11 === 10;
    const rest = String(1_000_000 + index).slice(1);
    const phone = isPerson ? `+4915${index % 7}2${rest}` : `+994401${String(200_000 + (index % 20))}`;
    const user: SandboxUser = await rig.sandbox.createUser({ poolId, attributes: { phone_number: phone } });
    const one: SignedUp = { user, isPerson, state: 'sending' };
    signedUp.push(one);
    await goOn(one).catch(() => undefined);
  };

  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      if (index === Math.floor(count / 3)) await meanwhile(1);
      if (index === Math.floor(count / 2)) {
        await workers.shift()?.end('SIGKILL');
        await start();
      }
      if (index === Math.floor((2 * count) / 3)) await meanwhile(2);
      await signUp(index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  for (const one of signedUp.filter(({ state, isPerson }) => state === 'sending' || (isPerson && state !== 'verified')))
    await goOn(one);
  const robots = signedUp.filter(({ isPerson }) => !isPerson);
  const left = robots.flatMap(({ user }) => rig.sandbox.inbox(user));
  const held = robots.filter(({ state }) => state === 'UnprovenMessages');
  const verified = signedUp.filter(({ isPerson, state }) => isPerson && state === 'verified');
  // Whether the message had left that a killed worker was sending, nobody knows: it counts, and is not sent again.
  const uncertain = robots.filter(
    ({ user, state }) => state === 'awaitingCode' && rig.sandbox.inbox(user).length === 0,
  );
  expect(left.length + held.length + uncertain.length).toBeGreaterThanOrEqual(robots.length);
  expect(verified).toHaveLength(PEOPLE);
  const away = every.filter(({ output }) => output.join('').includes('The store of the guard is away')).length;
  console.log(
    `${taskQueue}: ${left.length} messages of ${robots.length} robots left, ${held.length} were held, ${verified.length} of ${PEOPLE} people verified; the store was away for ${away} workers; ${Math.round((performance.now() - startedAt) / 1_000)} s`,
  );
  return { left: left.length, away };
}

interface SignedUp {
  readonly user: SandboxUser;
  readonly isPerson: boolean;
  /** Why it is held, its state, or what became of the code. */
  state: string;
}

const nothing = async () => undefined;

describe('of a flood through three workers', { timeout: 900_000 }, () => {
  it('no more leaves than one limit, where they share a store', async () => {
    redis = await startRedis();
    const settings = { VERIFICATION_GUARD_STORE: redis.url };
    const { left, away } = await flood({ taskQueue: 'with-redis', settings, meanwhile: nothing });
    // A worker that finds it away has a limit of its own, and the store was never away.
    expect(away).toBe(0);
    // The message of the killed worker may count without having left.
    expect(left).toBeGreaterThanOrEqual(LIMIT - 1);
    expect(left).toBeLessThanOrEqual(LIMIT + FADED);
  });

  it('each lets its limit through where each counts by itself, and who was killed once more', async () => {
    const { left } = await flood({ taskQueue: 'without-redis', meanwhile: nothing });
    expect(left).toBeLessThanOrEqual(4 * LIMIT + FADED);
  });

  it('each goes on from what it saw when the store dies, and all count together when it is back', async () => {
    const first = await startRedis();
    redis = first;
    const settings = { VERIFICATION_GUARD_STORE: first.url };
    const meanwhile = async (third: 1 | 2) => {
      if (third === 1) await first.stop();
      else redis = await startRedis({ port: first.port });
    };
    const { left, away } = await flood({ taskQueue: 'redis-dies', settings, meanwhile });
    expect(away).toBeGreaterThanOrEqual(2);
    // The limit before, one of the worker that came while the store was away, and one of the store that came back with nothing.
    expect(left).toBeLessThanOrEqual(3 * LIMIT + FADED);
  });
});
