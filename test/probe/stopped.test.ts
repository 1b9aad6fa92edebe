/** A run that is killed at any step goes on in another process: the same result, and nothing left behind. */
import {
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  type CognitoIdentityProviderServiceException,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, Probe, type ProbeDocument, type ProbeOptions } from '../../probe/probe.js';
import type { CodeQuestion } from '../../probe/setting.js';
import type { State } from '../../probe/state.js';
import { type Sandbox, type SandboxUserPool, startSandbox } from '../../sandbox/index.js';
import { sightings } from '../canary/canaries.js';
import { ADDRESSES, MemoryStore, optionsFor, probed, RECOMMENDED } from './rig.js';

let sandbox: Sandbox;
let expected: ProbeDocument;

beforeAll(async () => {
  // Where the second code does not count, the probe takes the most steps. Small limits make the run short.
  const switches = { resend: 'firstWins', attemptsPerHour: 6, sendsPerHour: 3 } as const;
  sandbox = await startSandbox({ clock: () => Date.UTC(2026, 0, 5, 12, 30, 0), switches });
  expected = await probed(sandbox, await sandbox.createUserPool(RECOMMENDED));
});

afterAll(async () => await sandbox.close());

const without = ({ assumptions, switches, pool }: ProbeDocument) => ({ assumptions, switches, pool });

/** Stops the process for ever, once at each place: before a state is written, or after it. */
class KillingStore extends MemoryStore {
  readonly kills = new Set<string>();
  onKill: () => void = () => undefined;

  override async save(state: State): Promise<void> {
    const place = placeOf(state);
    // Before a step is announced is after the one before it was written.
    if (state.begun === undefined) await this.killedOnce(`before ${place}`);
    await super.save(state);
    await this.killedOnce(`after ${place}`);
  }

  private async killedOnce(kill: string): Promise<void> {
    if (this.kills.has(kill)) return;
    this.kills.add(kill);
    this.onKill();
    await new Promise(() => undefined);
  }
}

/** What the state says: which step is under way, what was seen, which users there are. */
function placeOf({ begun, seen, done, users }: State): string {
  const steps = Object.entries(seen).map(([stage, of]) => `${stage}: ${Object.keys(of).join(', ')}`);
  const names = users.map(({ name }) => name.replace(/-\d+$/, ''));
  return JSON.stringify([begun, done.length, steps.at(-1), names]);
}

/** Runs it in one process after the other, each of which is killed, until one comes to the end. */
async function survived(store: KillingStore, options: ProbeOptions): Promise<ProbeDocument> {
  for (let processes = 0; processes < 500; processes += 1) {
    const killed = new Promise<undefined>((resolve) => (store.onKill = () => resolve(undefined)));
    const document = await Promise.race([Probe.open(options).then(async (probe) => await probe.run()), killed]);
    if (document !== undefined) return document;
  }
  throw new Error('It did not come to its end');
}

/** The test users that the pool still has, of all that the probe ever made in it. */
async function usersLeft({ userPoolId: UserPoolId }: SandboxUserPool): Promise<string[]> {
  const client = new CognitoIdentityProviderClient({ region: 'us-east-1', endpoint: sandbox.url, maxAttempts: 1 });
  const made = sandbox.calls({ operation: 'AdminCreateUser' }).map(({ username }) => username ?? '');
  expect(made.length).toBeGreaterThan(0);
  const left: string[] = [];
  for (const Username of new Set(made)) {
    const answer = await client.send(new AdminGetUserCommand({ UserPoolId, Username })).then(
      () => 'there',
      (error: CognitoIdentityProviderServiceException) => error.name,
    );
    if (answer !== 'UserNotFoundException') left.push(Username);
  }
  client.destroy();
  return left;
}

describe('a run that is killed', () => {
  it('at each step, before and after its effects, has the same result and leaves no user', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.clearCalls();
    const store = new KillingStore();
    const document = await survived(store, optionsFor(sandbox, pool, { store }));
    expect(without(document)).toEqual(without(expected));
    expect(store.kills.size).toBeGreaterThan(200);
    expect(await usersLeft(pool)).toEqual([]);
  }, 180_000);

  it('is cleaned up by its state alone', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.clearCalls();
    const store = new KillingStore();
    const options = optionsFor(sandbox, pool, { store });
    for (let kill = 0; kill < 40; kill += 1) {
      const killed = new Promise<void>((resolve) => (store.onKill = resolve));
      void Probe.open(options).then(async (probe) => await probe.run());
      await killed;
    }
    expect(await usersLeft(pool)).not.toEqual([]);
    const left = new MemoryStore();
    left.json = store.json;
    expect(await cleanUp({ ...options, store: left })).toBeGreaterThan(0);
    expect(await usersLeft(pool)).toEqual([]);
    expect(left.json).toBeUndefined();
    expect(await cleanUp({ ...options, store: left })).toBeUndefined();
  });
});

describe('a run that waits', () => {
  it('begins its hour anew where it was stopped for too long', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    const store = new MemoryStore();
    const stop = new AbortController();
    const options = optionsFor(sandbox, pool, { store, interrupted: stop.signal, waiting: () => stop.abort() });
    await expect(Probe.open(options).then((probe) => probe.run())).rejects.toThrow('aborted');
    expect(store.json).toContain('used up');
    sandbox.advanceClock(3 * 3_600_000);
    const told: string[] = [];
    const document = await probed(sandbox, pool, { store, tell: (line) => told.push(line) });
    expect(told.join('\n')).toContain('begins again');
    expect(without(document)).toEqual(without(expected));
  });
});

describe('a run that fails', () => {
  it('deletes its users, keeps what the finished parts have seen, and goes on', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.clearCalls();
    const store = new MemoryStore();
    sandbox.setFault({ operation: 'UpdateUserAttributes', dropConnection: 'afterEffect', times: 1 });
    await expect(probed(sandbox, pool, { store })).rejects.toThrow(/UpdateUserAttributes.*test users are deleted/);
    expect(await usersLeft(pool)).toEqual([]);
    expect(without(await probed(sandbox, pool, { store }))).toEqual(without(expected));
  });

  it('and cannot delete them says so', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    sandbox.clearCalls();
    const store = new MemoryStore();
    const fault = sandbox.setFault({ operation: 'AdminDeleteUser', dropConnection: 'beforeEffect' });
    await expect(probed(sandbox, pool, { store })).rejects.toThrow(
      `Test users are left: the same command goes on, and cognito-verification probe --clean-up --user-pool ${pool.userPoolId} deletes them.`,
    );
    sandbox.clearFaults(fault);
    await cleanUp(optionsFor(sandbox, pool, { store }));
    expect(await usersLeft(pool)).toEqual([]);
  });
});

describe('an unfinished run', () => {
  it('is not taken for one with other options, and its state holds no secret', async () => {
    const pool = await sandbox.createUserPool(RECOMMENDED);
    const store = new MemoryStore();
    const states: string[] = [];
    const save = store.save.bind(store);
    store.save = async (state) => {
      states.push(JSON.stringify(state));
      await save(state);
    };
    const codes: string[] = [];
    const options = optionsFor(sandbox, pool, { store });
    const { tester: reader } = options;
    const tester = {
      ...reader,
      code: async (question: CodeQuestion) => {
        const typed = await reader.code(question);
        codes.push(typed);
        return typed;
      },
    };
    await probed(sandbox, pool, { store, tester });
    for (const other of [{ email: 'max@bakery.example' }, { otherEmail: 'max@bakery.example' }, { phone: undefined }]) {
      await expect(probed(sandbox, pool, { store, addresses: { ...ADDRESSES, ...other } })).rejects.toThrow(
        '--clean-up',
      );
    }
    await expect(probed(sandbox, pool, { store, clientId: 'other' })).rejects.toThrow(
      `another --client. Go on with the same options, or end it with cognito-verification probe --clean-up --user-pool ${pool.userPoolId}`,
    );
    const canaries = [...codes, ...Object.values(ADDRESSES)].map((value) => ({ name: value, value }));
    expect(codes.length).toBeGreaterThan(4);
    expect(sightings(canaries, 'state', states.join('\n'))).toEqual([]);
    expect(states.join('\n')).not.toMatch(/eyJ|Aa1!/);
  });
});
