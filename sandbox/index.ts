import { setMaxListeners } from 'node:events';
import { Calls } from './calls.js';
import { SandboxClock, type TimeSource } from './clock.js';
import { Cognito } from './cognito.js';
import { addControl } from './control.js';
import { Faults } from './faults.js';
import { Sandbox } from './sandbox.js';
import { checkInput, Origins } from './schema.js';
import { createApp, listen } from './server.js';
import type { State } from './state.js';
import { StateFile } from './state-file.js';
import { type SwitchChanges, Switches } from './switches.js';
import { createSigningKey, Tokens } from './tokens.js';

export type { Account, AccountChanges } from './account/account.js';
export type { NewUser, NewUserPool, SandboxUser, SandboxUserPool, UserReference } from './accounts.js';
export type { Call, CallFilter } from './calls.js';
export type { TimeSource } from './clock.js';
export type { CustomMessage, CustomMessageEvent } from './custom-message.js';
export type { Fault } from './fault.js';
export type { UserPoolChanges, UserPoolClientChanges } from './pool-changes.js';
export type { AttributeState, Sandbox } from './sandbox.js';
export { BadInput } from './schema.js';
export type { AccessTokenOptions } from './sessions.js';
export type { Message, UserStatus, VerifiableAttribute } from './state.js';
export type { SwitchChanges, Switches } from './switches.js';

/** The options of `startSandbox`. */
export interface SandboxOptions {
  /** The port on the loopback interface. Default: a free one. */
  readonly port?: number | undefined;
  /** The file that keeps pools, users, keys, codes, inbox and clock over restarts. Default: none. */
  readonly stateFile?: string | undefined;
  /** How it behaves where nobody has documented it, and the fixed test code (`code`). Default: `docs/sandbox.md`. */
  readonly switches?: SwitchChanges | undefined;
  /**
   * The origins of front ends in a browser, such as `http://localhost:5173`. Their pages may call Cognito's operations and read
   * the pools' keys; the controls they never reach. Default: none.
   */
  readonly origins?: readonly string[] | undefined;
  /** Makes the code of each message. Default: six random digits. For a code that is always the same, see `switches.code`. */
  readonly generateCode?: (() => string) | undefined;
  /** The time that the sandbox's clock starts from. Default: the machine's. */
  readonly clock?: TimeSource | undefined;
}

async function newState(): Promise<State> {
  const signingKey = await createSigningKey();
  return { format: 1, clockOffsetMs: 0, signingKey, pools: {}, inbox: [], defaultEmailsAt: [] };
}

/**
 * Starts a Cognito sandbox in this process.
 * @throws Error when the port is taken, the state file cannot be read, or a switch or an origin is wrong
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
  const switches = checkInput(Switches, options.switches ?? {}, 'switches');
  const origins = checkInput(Origins, options.origins ?? [], 'origins');
  const state = (await file?.load()) ?? (await newState());
  const tokens = await Tokens.of(state.signingKey);
  const clock = new SandboxClock(options.clock, state.clockOffsetMs);
  const cognito = new Cognito({ state, clock, tokens, switches, generateCode: options.generateCode });
  const calls = new Calls(clock);
  const faults = new Faults(clock);
  const closing = new AbortController();
  // Each request that waits adds a listener, and the number of requests has no limit.
  setMaxListeners(0, closing.signal);
  const save = async (): Promise<void> => {
    state.clockOffsetMs = clock.offsetMs;
    await file?.save(state);
  };

  const app = createApp({ cognito, calls, faults, save, closing: closing.signal }, origins);
  addControl(app, () => sandbox, { cognito, faults });
  const server = await listen(app, options.port ?? 0);
  cognito.url = server.url;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing.abort();
    closed ??= server.close().then(save);
    return closed;
  };
  const sandbox = new Sandbox({ url: server.url, cognito, clock, calls, faults, save, close });
  await save();
  return sandbox;
}
