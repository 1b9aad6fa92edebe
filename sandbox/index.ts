import { setMaxListeners } from 'node:events';
import { Calls } from './calls.js';
import { SandboxClock, type TimeSource } from './clock.js';
import { Cognito } from './cognito.js';
import { addControl } from './control.js';
import { Faults } from './faults.js';
import { Sandbox } from './sandbox.js';
import { createApp, listen } from './server.js';
import type { State } from './state.js';
import { StateFile } from './state-file.js';
import { checkSwitches, DEFAULT_SWITCHES, type Switches } from './switches.js';
import { createSigningKey, Tokens } from './tokens.js';

export type { NewUser, SandboxUser, UserReference } from './accounts.js';
export type { Call } from './calls.js';
export type { CustomMessage, CustomMessageEvent } from './custom-message.js';
export type { Fault } from './fault.js';
export type { AttributeState, Sandbox } from './sandbox.js';
export type { Message } from './state.js';
export type { Switches } from './switches.js';

/** How a sandbox is started. */
export interface SandboxOptions {
  /** Default: any that is free. It is always on loopback. */
  readonly port?: number;
  /** Where pools, users, keys, codes, inbox and clock are kept over restarts. Default: nowhere. */
  readonly stateFile?: string;
  readonly switches?: Partial<Switches>;
  /** Default: six random digits. */
  readonly generateCode?: () => string;
  /** The time that the sandbox's clock starts from. Default: the machine's. */
  readonly clock?: TimeSource;
}

async function newState(): Promise<State> {
  const signingKey = await createSigningKey();
  return { format: 1, clockOffsetMs: 0, signingKey, pools: {}, inbox: [], defaultEmailsAt: [] };
}

/** Starts a Cognito sandbox in this process. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
  const switches = { ...DEFAULT_SWITCHES, ...checkSwitches(options.switches ?? {}, 'switches') };
  const state = (await file?.load()) ?? (await newState());
  const tokens = await Tokens.of(state.signingKey);
  const clock = new SandboxClock(options.clock, state.clockOffsetMs);
  const cognito = new Cognito({ state, clock, tokens, switches, generateCode: options.generateCode });
  const calls = new Calls(clock);
  const faults = new Faults(clock);
  const closing = new AbortController();
  // Each request that waits listens, and any number may.
  setMaxListeners(0, closing.signal);
  const saved = async (): Promise<void> => {
    state.clockOffsetMs = clock.offsetMs;
    await file?.save(state);
  };

  const app = createApp({ cognito, calls, faults, saved, closing: closing.signal });
  addControl(app, () => sandbox, { cognito, faults });
  const server = await listen(app, options.port ?? 0);
  cognito.url = server.url;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing.abort();
    closed ??= server.close().then(saved);
    return closed;
  };
  const sandbox = new Sandbox({ url: server.url, cognito, clock, calls, faults, saved, close });
  await saved();
  return sandbox;
}
