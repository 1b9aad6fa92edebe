/** The probe in this process, with a sandbox that stands for Cognito, and a tester who reads its inbox. */

import { Probe, type ProbeDocument, type ProbeOptions } from '../../probe/probe.js';
import type { Tester } from '../../probe/setting.js';
import type { State, StateStore } from '../../probe/state.js';
import type { NewUserPool, Sandbox, SandboxUserPool } from '../../sandbox/index.js';

// The AWS SDK signs the administrators' calls; the sandbox takes any signature.
process.env['AWS_ACCESS_KEY_ID'] ??= 'any';
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'any';

export const ADDRESSES = {
  email: 'zoe.canary@bakery.example',
  otherEmail: 'other.canary@mill.example',
  phone: '+491705558920',
} as const;

/** The pool of docs/probe.md: it keeps old values, and users sign in by their e-mail too. */
export const RECOMMENDED: NewUserPool = { requireVerificationBeforeUpdate: true, aliasAttributes: ['email'] };

export const PATIENT_MS = 70 * 60_000;

/** A run that does not wait, and sends no text message. */
export const QUICK = { patienceMs: 0, addresses: { ...ADDRESSES, phone: undefined } };

/** A state that this process keeps, as a file would: another process sees a copy. */
export class MemoryStore implements StateStore {
  json: string | undefined;

  async load(): Promise<State | undefined> {
    return this.json === undefined ? undefined : (JSON.parse(this.json) as State);
  }

  async save(state: State): Promise<void> {
    this.json = JSON.stringify(state);
  }

  async remove(): Promise<void> {
    this.json = undefined;
  }
}

/** Reads the codes in the sandbox's inbox, and agrees to text messages. */
function readerOf(sandbox: Sandbox, { userPoolId }: SandboxUserPool): Tester {
  const message = ({ user, nth }: { user: string; nth: number }) => {
    const found = sandbox.inbox({ userPoolId, username: user })[nth - 1];
    if (found === undefined) throw new Error(`${user} has no message ${nth}`);
    return found;
  };
  return {
    code: async (question) => message(question).code,
    arrived: async () => undefined,
    whereIs: async (question) => (message(question).destination === ADDRESSES.email ? 'email' : 'otherEmail'),
    mayText: async () => true,
  };
}

/** Options of a run whose time is the sandbox's. */
export function optionsFor(sandbox: Sandbox, pool: SandboxUserPool, changes: Partial<ProbeOptions> = {}): ProbeOptions {
  return {
    ...pool,
    endpoint: sandbox.url,
    addresses: ADDRESSES,
    store: new MemoryStore(),
    tester: readerOf(sandbox, pool),
    clock: { now: () => sandbox.now().getTime(), wait: async (ms) => sandbox.advanceClock(ms) },
    patienceMs: PATIENT_MS,
    ...changes,
  };
}

/** A whole run. */
export async function probed(
  sandbox: Sandbox,
  pool: SandboxUserPool,
  changes: Partial<ProbeOptions> = {},
): Promise<ProbeDocument> {
  const probe = await Probe.open(optionsFor(sandbox, pool, changes));
  return await probe.run();
}

/** The row of this name. */
export function row({ assumptions }: ProbeDocument, name: string) {
  return assumptions.find((assumption) => assumption.name === name);
}

/** The names of the rows with this verdict. */
export function verdictsOf({ assumptions }: ProbeDocument, verdict: string): string[] {
  return assumptions.filter((assumption) => assumption.verdict === verdict).map(({ name }) => name);
}
