/** `watch`: each change of the status, for as many watchers as there are, at the price of one. */
import { type UserVerifications, VerificationClient, type VerificationStatus } from '@cognito-verification/client';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { thrownBy } from './fixtures.js';

const rig = useRig('local');
const WATCHERS = 50;

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

let connection: Connection;
let client: VerificationClient;
/** How many requests of each kind have gone to Temporal. */
const requests = new Map<string, number>();

beforeAll(async () => {
  connection = await Connection.connect({
    address: rig.env.address,
    interceptors: [
      (options, nextCall) => {
        const name = options.method_definition.path.split('/').at(-1) ?? '';
        requests.set(name, (requests.get(name) ?? 0) + 1);
        return nextCall(options) as ReturnType<Interceptor>;
      },
    ],
  });
  const { dataConverter, userPools, taskQueue } = rig;
  client = new VerificationClient({ client: new Client({ connection, dataConverter }), userPools, taskQueue });
});
afterAll(() => connection.close());

const of = ({ accessToken }: SandboxUser): UserVerifications => client.forUser({ accessToken });
const count = (name: string) => requests.get(name) ?? 0;

/** Watches to the end. */
async function watched(mine: UserVerifications, seen: string[] = []): Promise<string> {
  const statuses = mine.watch('email');
  for (;;) {
    const { value, done } = await statuses.next();
    if (done) return value.outcome;
    seen.push(`${value.state}, ${value.attemptsLeft} attempts left`);
  }
}

/** A wrong code and the right one. */
async function answer(user: SandboxUser): Promise<void> {
  const code = rig.sandbox.codeFor(user, 'email');
  await of(user).submitCode('email', code === '000000' ? '000001' : '000000');
  await of(user).submitCode('email', code);
}

it('yields each change, and ends with the outcome', async () => {
  const user = await rig.user();
  await of(user).start('email');
  const seen: string[] = [];
  const ended = watched(of(user), seen);
  await expect.poll(() => seen.length).toBe(1);
  await answer(user);
  expect(await ended).toBe('verified');
  expect(seen[0]).toBe('awaitingCode, 10 attempts left');
  expect(seen.at(-1)).toMatch(/^verified/);
  expect(new Set(seen).size).toBe(seen.length);
  // An ended one.
  expect(await watched(of(user))).toBe('verified');
});

it('fifty watchers ask no more than one, and a code costs the same requests as without any', async () => {
  const costs = [];
  for (const watchers of [0, WATCHERS]) {
    const user = await rig.user();
    await of(user).start('email');
    requests.clear();
    const first: VerificationStatus[] = [];
    const ended = Array.from({ length: watchers }, async () => {
      const seen: string[] = [];
      const outcome = watched(of(user), seen);
      await expect.poll(() => seen.length).toBeGreaterThan(0);
      first.push(await of(user).status('email'));
      return await outcome;
    });
    await expect.poll(() => first.length).toBe(watchers);
    const polls = count('GetWorkflowExecutionHistory');
    expect(polls).toBeLessThanOrEqual(3);
    requests.clear();
    await answer(user);
    costs.push(count('UpdateWorkflowExecution') + count('PollWorkflowExecutionUpdate'));
    expect(new Set(await Promise.all(ended))).toEqual(new Set(watchers === 0 ? [] : ['verified']));
    // Each event that comes makes a question at most. A right code costs 21 events in all.
    expect(count('QueryWorkflow')).toBeLessThanOrEqual(watchers === 0 ? 0 : 12);
    expect(count('GetWorkflowExecutionHistory')).toBeLessThanOrEqual(watchers === 0 ? 0 : 12);
  }
  expect(costs[1]).toBe(costs[0]);
});

it('ends when its signal says so, and then asks for nothing more; another watcher goes on', async () => {
  const user = await rig.user();
  await of(user).start('email');
  const other = watched(of(user));
  const controller = new AbortController();
  const aborted = (async () => {
    for await (const { state } of of(user).watch('email', { signal: controller.signal })) {
      expect(state).toBe('awaitingCode');
      controller.abort(new Error('the page was left'));
    }
  })();
  expect(await thrownBy(aborted)).toMatchObject({ code: 'CallAborted' });
  await answer(user);
  expect(await other).toBe('verified');
});

it('is of one verification, also where the next one of the user and the attribute begins', async () => {
  const user = await rig.user();
  await of(user).start('email', { policy: { maxAttempts: 1 } });
  const seen: string[] = [];
  const ended = watched(of(user), seen);
  await expect.poll(() => seen.length).toBe(1);
  await of(user).submitCode('email', rig.sandbox.codeFor(user, 'email') === '000000' ? '000001' : '000000');
  // No attempt is left, so that this ends it and opens the next one, which stays open.
  await of(user).start('email');
  expect(await ended).toBe('expired');
  expect(seen.at(-1)).toBe('expired, 0 attempts left');
});

it('ends with its client, as a wait does', async () => {
  const user = await rig.user();
  const short = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue: rig.taskQueue });
  const mine = short.forUser({ accessToken: user.accessToken });
  await mine.start('email');
  const seen: string[] = [];
  const ends = [watched(mine, seen), mine.wait('email')].map(thrownBy);
  await expect.poll(() => seen.length).toBe(1);
  await short.close();
  expect(await Promise.all(ends)).toMatchObject([{ code: 'CallAborted' }, { code: 'CallAborted' }]);
});

it('of nothing, and of another user, is an error', async () => {
  const [zoe, jon] = [await rig.user(), await rig.user()];
  await of(jon).start('email');
  expect(await thrownBy(watched(of(zoe)))).toMatchObject({ code: 'VerificationNotFound' });
  const forged = { accessToken: await rig.sandbox.issueAccessToken(jon, { forged: true }) };
  expect(await thrownBy(watched(client.forUser(forged)))).toMatchObject({ code: 'AccessTokenRefused' });
});
