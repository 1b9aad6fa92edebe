/** What a run has seen so far, so that another process can go on with it. It holds no password, token, code or address. */
import { createHmac, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { errorCode } from '../log/error-code.js';
import { ProbeError } from './probe-error.js';
import type { Addresses } from './setting.js';

/** What a step has seen. Plain JSON. */
export type Seen = string | number | boolean | null | readonly Seen[] | { readonly [name: string]: Seen };

const State = v.strictObject({
  format: v.literal(1),
  /** Part of the test users' names. */
  id: v.pipe(v.string(), v.regex(/^[\da-f]{8}$/)),
  userPoolId: v.string(),
  clientId: v.string(),
  /** Tells whether the addresses are still the same, without telling which. */
  addresses: v.strictObject({ key: v.string(), digest: v.string() }),
  /** The test users that may exist, with the stage that made them. A name is here before the user is. */
  users: v.array(v.strictObject({ name: v.string(), stage: v.string() })),
  /** The step that may have had effects although what it has seen is not here. */
  begun: v.optional(v.strictObject({ stage: v.string(), step: v.string() })),
  /** What the steps of each stage have seen. */
  seen: v.record(v.string(), v.record(v.string(), v.any())),
  /** How often a stage began anew, with new users. */
  restarts: v.record(v.string(), v.number()),
  /** The stages that have come to their end. */
  done: v.array(v.string()),
});
export type State = v.InferOutput<typeof State>;

/** Where the state is kept. */
export interface StateStore {
  /** The state of an unfinished run; undefined if there is none. */
  load(): Promise<State | undefined>;
  save(state: State): Promise<void>;
  remove(): Promise<void>;
}

/** The state of a run that begins. */
export function newState(userPoolId: string, clientId: string, addresses: Addresses): State {
  const key = randomBytes(16).toString('hex');
  return {
    format: 1,
    id: randomBytes(4).toString('hex'),
    userPoolId,
    clientId,
    addresses: { key, digest: digestOf(key, addresses) },
    users: [],
    seen: {},
    restarts: {},
    done: [],
  };
}

/**
 * Throws a `ProbeError` if the state is that of a run with another pool, app client or address.
 * @param cleanUpCommand ends that run
 */
export function checkSameRun(
  state: State,
  { userPoolId, clientId, addresses }: { userPoolId: string; clientId: string; addresses: Addresses },
  cleanUpCommand: string,
): void {
  const differing = [
    state.userPoolId === userPoolId ? [] : ['--user-pool'],
    state.clientId === clientId ? [] : ['--client'],
    state.addresses.digest === digestOf(state.addresses.key, addresses) ? [] : ['--email, --other-email or --phone'],
  ].flat();
  if (differing.length === 0) return;
  throw new ProbeError(
    'Configuration',
    `An unfinished run has another ${differing.join(' and another ')}. Go on with the same options, or end it with ${cleanUpCommand}`,
  );
}

function digestOf(key: string, { email, otherEmail, phone = '' }: Addresses): string {
  return createHmac('sha256', key).update([email, otherEmail, phone].join('\n')).digest('hex');
}

/** A file that only its owner may read. A reader sees the old state or the new one, never a part of one. */
export class StateFile implements StateStore {
  constructor(readonly path: string) {}

  async load(): Promise<State | undefined> {
    const json = await readFile(this.path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (json === undefined) return undefined;
    const state = v.safeParse(v.pipe(v.string(), v.parseJson(), State), json);
    if (state.success) return state.output;
    throw new ProbeError(
      'Configuration',
      `${this.path} is not the state of a probe. Give another file with --state; test users are those whose name begins with cognito-verification-probe-.`,
    );
  }

  async save(state: State): Promise<void> {
    const next = `${this.path}.next`;
    // Not through a link, nor into a file, that somebody else has put there.
    await rm(next, { force: true });
    await writeFile(next, `${JSON.stringify(state)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(next, this.path);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(`${this.path}.next`, { force: true });
  }
}
