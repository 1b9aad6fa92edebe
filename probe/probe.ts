/** One run of the probe, from the first question to the document, and its end. */
import { createCognitoClients } from '../activities/cognito-clients.js';
import type { SwitchChanges } from '../sandbox/switches.js';
import { MACHINE_CLOCK, type ProbeClock } from './clock.js';
import { CognitoCalls } from './cognito-calls.js';
import { type Assumption, Judgement } from './judgement.js';
import { checkAddressesFree, poolFacts } from './pool.js';
import { ProbeError } from './probe-error.js';
import type { Addresses, Inbox, PoolFacts, Setting, Tester } from './setting.js';
import { BeginAnew, type Messages, type Stage, Steps } from './stage.js';
import { alias } from './stages/alias.js';
import { codes } from './stages/codes.js';
import { door, isBlocked } from './stages/door.js';
import { attempts, refused, sends } from './stages/limits.js';
import { pending } from './stages/pending.js';
import { rights } from './stages/rights.js';
import { LONGEST_WAIT_MS, window } from './stages/window.js';
import { checkSameRun, newState, type State, type StateStore } from './state.js';
import { TestUser } from './test-user.js';

/** What was asked and seen. It can be committed, and a sandbox takes its `switches`. */
export interface ProbeDocument {
  /** ISO 8601: when the run ended. */
  readonly at: string;
  /** The pool's region and the settings that matter. Its id is not here. */
  readonly pool: PoolFacts & { readonly region: string };
  readonly assumptions: readonly Assumption[];
  /** The positions that were seen, for `startSandbox({ switches })` and `sandbox --switches`. */
  readonly switches: SwitchChanges;
}

/** The pool, and where the state is kept. */
export interface ProbeTarget {
  readonly userPoolId: string;
  readonly store: StateStore;
  /** The command that ends the run, for messages. Default: that of the command line, with its usual state. */
  readonly cleanUpCommand?: string | undefined;
  /** Default: the AWS SDK's own settings, else Amazon Cognito in the pool's region. */
  readonly endpoint?: string | undefined;
  /** Default: the machine's. */
  readonly clock?: ProbeClock | undefined;
}

/** The options of a run. */
export interface ProbeOptions extends ProbeTarget {
  /** An app client of the pool without a secret, which allows `ADMIN_USER_PASSWORD_AUTH`. */
  readonly clientId: string;
  readonly addresses: Addresses;
  readonly tester: Tester;
  /** How long the run may wait for a limit, in milliseconds. Default 0: it does not. */
  readonly patienceMs?: number | undefined;
  readonly tell?: ((line: string) => void) | undefined;
  readonly waiting?: Setting['waiting'] | undefined;
  /** Aborts when the person interrupts the run. */
  readonly interrupted?: AbortSignal | undefined;
}

const STAGES = [door, rights, codes, sends, refused, attempts, pending, alias, window] as const;

/** A run that can begin, or go on. */
export class Probe {
  private constructor(
    private readonly setting: Setting,
    private readonly store: StateStore,
    private readonly state: State,
    private readonly stages: readonly Stage[],
    /** Whether it goes on with an unfinished run. */
    readonly goesOn: boolean,
    private readonly cleanUpCommand: string,
  ) {}

  /**
   * Looks at the pool. It makes no user and sends nothing.
   * @throws ProbeError if AWS, the pool or an unfinished run is not as it has to be
   */
  static async open(options: ProbeOptions): Promise<Probe> {
    const { userPoolId, clientId, store, addresses } = options;
    const earlier = await store.load();
    const { cleanUpCommand = `cognito-verification probe --clean-up --user-pool ${userPoolId}` } = options;
    if (earlier !== undefined) checkSameRun(earlier, options, cleanUpCommand);
    const calls = callsFor(options);
    const setting: Setting = {
      addresses,
      pool: await poolFacts(calls),
      waits: (options.patienceMs ?? 0) >= LONGEST_WAIT_MS,
      calls,
      tester: options.tester,
      clock: calls.clock,
      tell: options.tell ?? (() => undefined),
      waiting: options.waiting ?? (() => undefined),
      checkGoesOn: () => options.interrupted?.throwIfAborted(),
    };
    const state = earlier ?? newState(userPoolId, clientId, addresses);
    if (setting.pool.emailIsAlias) await checkAddressesFree(calls, addresses, state);
    return new Probe(
      setting,
      store,
      state,
      STAGES.map((stage) => stage(setting)),
      earlier !== undefined,
      cleanUpCommand,
    );
  }

  /** The most messages that the rest of the run sends, if it is not stopped on the way. */
  get messages(): Messages {
    const left = this.stages.filter((stage) => stage.notAsked === undefined && !this.state.done.includes(stage.name));
    const sum = (inbox: Inbox) => left.reduce((total, { messages }) => total + messages[inbox], 0);
    return { email: sum('email'), otherEmail: sum('otherEmail'), phone: sum('phone') };
  }

  /**
   * Asks everything, deletes the test users, and says what it has seen. If it fails it deletes them too, and what the finished
   * stages have seen stays for the next run. If it is interrupted, the next run goes on where it was.
   */
  async run(): Promise<ProbeDocument> {
    await this.store.save(this.state);
    try {
      await this.deleteUsers((stage) => this.state.done.includes(stage));
      for (const [index, stage] of this.stages.entries()) await this.runStage(stage, index);
      await this.deleteUsers();
      return this.document();
    } catch (error) {
      // The next run goes on: it needs the users.
      this.setting.checkGoesOn();
      await this.deleteAfter(error);
      throw error;
    } finally {
      this.setting.calls.client.destroy();
    }
  }

  private async runStage(stage: Stage, index: number): Promise<void> {
    const { state, store, setting } = this;
    if (state.done.includes(stage.name) || stage.notAsked !== undefined || isBlocked(state.seen['door'])) return;
    setting.tell(`${index + 1} of ${this.stages.length}: ${stage.title}`);
    if (state.begun?.stage === stage.name) await this.beginAnew(stage.name);
    const ask = () => stage.ask(new Steps(stage.name, state, store, setting));
    await ask().catch(async (error: unknown) => {
      if (!(error instanceof BeginAnew)) throw error;
      setting.tell('Too much time has passed for the users of before: this part begins again, with new ones.');
      await this.beginAnew(stage.name);
      await ask();
    });
    state.done.push(stage.name);
    await store.save(state);
    await this.deleteUsers((name) => name === stage.name);
  }

  /** Forgets what an unfinished stage has seen, and deletes its users. */
  private async beginAnew(stage: string): Promise<void> {
    await this.deleteUsers((name) => name === stage);
    delete this.state.begun;
    delete this.state.seen[stage];
    this.state.restarts[stage] = (this.state.restarts[stage] ?? 0) + 1;
    await this.store.save(this.state);
  }

  private async deleteUsers(ofStage: (stage: string) => boolean = () => true): Promise<void> {
    await deleteUsers(this.setting.calls, this.store, this.state, ofStage);
  }

  private async deleteAfter(error: unknown): Promise<void> {
    const unfinished = new Set(this.state.users.map(({ stage }) => stage));
    let now = 'The test users are deleted; the same command goes on with what it has seen so far.';
    try {
      await this.deleteUsers();
      for (const stage of unfinished) await this.beginAnew(stage);
      // What the door says holds for any app client and any address: nothing keeps the next run from having others.
      if (Object.keys(this.state.seen).every((stage) => stage === 'door')) {
        await this.store.remove();
        now = 'The test users are deleted, and the next run begins from the start.';
      }
    } catch {
      now = `Test users are left: the same command goes on, and ${this.cleanUpCommand} deletes them.`;
    }
    if (error instanceof Error) error.message += ` ${now}`;
  }

  private document(): ProbeDocument {
    const judgement = new Judgement();
    const blocked = isBlocked(this.state.seen['door']) ? "a firewall answers in Cognito's place" : undefined;
    for (const stage of this.stages) {
      const own = new Judgement(stage.notAsked ?? (stage.name === 'door' ? undefined : blocked));
      stage.judge(this.state.seen[stage.name] ?? {}, own, this.state.seen);
      judgement.add(own);
    }
    judgement.skipped('emailsPerDay', '50', 'it would use up the e-mails of the whole account for a day');
    judgement.skipped('triggerTimeoutMs', '5000', 'it needs a function of yours as the custom-message trigger');
    const { calls, pool, clock } = this.setting;
    const region = calls.userPoolId.split('_')[0] ?? '';
    const { assumptions, switches } = judgement;
    return { at: new Date(clock.now()).toISOString(), pool: { region, ...pool }, assumptions, switches };
  }
}

/**
 * Ends an unfinished run: deletes its test users and its state.
 * @returns how many users it deleted; undefined if there is no unfinished run
 */
export async function cleanUp(target: ProbeTarget): Promise<number | undefined> {
  const state = await target.store.load();
  if (state === undefined) return undefined;
  const { userPoolId, clientId } = state;
  if (userPoolId !== target.userPoolId) {
    throw new ProbeError('Configuration', 'The unfinished run is one of another --user-pool.');
  }
  const count = state.users.length;
  const calls = callsFor({ ...target, clientId });
  await deleteUsers(calls, target.store, state, () => true).finally(() => calls.client.destroy());
  await target.store.remove();
  return count;
}

async function deleteUsers(
  calls: CognitoCalls,
  store: StateStore,
  state: State,
  ofStage: (stage: string) => boolean,
): Promise<void> {
  for (const { name, stage } of state.users) {
    if (!ofStage(stage)) continue;
    await new TestUser(calls, name).delete();
    state.users = state.users.filter((other) => other.name !== name);
    await store.save(state);
  }
}

function callsFor({ userPoolId, clientId, endpoint, clock }: ProbeTarget & { clientId: string }): CognitoCalls {
  const client = createCognitoClients({ endpoint }).forUserPool(userPoolId);
  return new CognitoCalls(client, userPoolId, clientId, clock ?? MACHINE_CLOCK);
}
