import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, CancelledFailure, defaultPayloadConverter } from '@temporalio/common';
import type { Clock } from './clock.js';
import { isCancellation, Scope, scopes } from './scope.js';

/** A handler of an update, and what checks its input before. */
export interface Handler {
  readonly handle: (input: unknown) => unknown;
  readonly validate?: ((input: unknown) => void) | undefined;
}

/** How an update, or the workflow itself, has ended. */
export type End = { readonly result: unknown } | { readonly error: unknown };

/** What one call to an activity is. */
export interface ActivityCall {
  readonly name: string;
  readonly input: unknown;
  /** A local activity. */
  readonly local: boolean;
  /** Aborts when the workflow wants no answer any more. */
  readonly signal: AbortSignal;
}

/** What all executions of one fake share. */
export interface Host {
  readonly clock: Clock;
  /** @throws what an activity throws */
  readonly activity: (call: ActivityCall, execution: Execution) => Promise<unknown>;
  /** Something has begun that is over soon. @returns says that it is */
  readonly busy: () => () => void;
}

/** How an execution was started. */
interface Started {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly requestId: string;
  /** As payloads. */
  readonly searchAttributes: Record<string, unknown>;
}

/** The execution whose code runs now, and the update that it handles. */
export const running = new AsyncLocalStorage<{ readonly execution: Execution; readonly updateId?: string }>();

// Before a test can put its own timers in their place.
const soon = globalThis.setImmediate;

/** One run of the workflow, in this process: what Temporal's server and a worker keep of it. */
export class Execution {
  readonly runId: string = randomUUID();
  readonly startedAtMs: number;
  readonly root = new Scope();
  readonly handlers = new Map<string, Handler>();
  readonly searchAttributes: Record<string, unknown>;
  readonly updates = new Map<string, Promise<End>>();
  closedAtMs: number | undefined;
  end: End | 'terminated' | undefined;
  /** How many events its history has. */
  events = 1;
  private readonly blocked = new Set<{ readonly met: () => boolean; readonly go: () => void }>();
  private readonly watchers = new Set<() => void>();
  private handling = 0;
  private isWoken = false;

  constructor(
    private readonly host: Host,
    readonly started: Started,
  ) {
    this.startedAtMs = host.clock.now();
    this.searchAttributes = { ...started.searchAttributes };
  }

  get clock(): Clock {
    return this.host.clock;
  }

  /** Runs the workflow to its end. The first part of it, which sets the handlers, has run when this returns. */
  start(workflow: (input: never) => Promise<unknown>, input: unknown): void {
    void this.settle(() => workflow(input as never)).then((end) => {
      if (this.end) return;
      this.end = end;
      this.close();
    });
    this.wake();
  }

  /** Handles an update, or hands out the end of the one with the same id. */
  async update(name: string, updateId: string, input: unknown): Promise<End> {
    const known = this.updates.get(updateId);
    if (known) return await known;
    const handler = this.handlers.get(name);
    if (!handler) return { error: ApplicationFailure.create({ type: 'Error', message: `No update ${name}` }) };
    try {
      this.run(() => handler.validate?.(input), updateId);
    } catch (error) {
      // A refused update leaves no trace: the same id may come again.
      return { error };
    }
    this.handling += 1;
    const end = this.settle(() => handler.handle(input), updateId).finally(() => {
      this.handling -= 1;
      this.wake();
    });
    this.updates.set(updateId, end);
    this.wake();
    const ended = await Promise.race([end, this.closing()]);
    await this.rested();
    return ended;
  }

  /** Until what the code has begun is done: a server tells of an update together with all else that its workflow task brings. */
  private async rested(): Promise<void> {
    while (this.isWoken) {
      await new Promise<void>((resolve) => {
        soon(resolve);
      });
    }
  }

  signal(name: string, input: unknown): void {
    this.run(() => this.handlers.get(name)?.handle(input));
    this.wake();
  }

  /** @throws what the handler throws */
  query(name: string, input: unknown): unknown {
    return this.run(() => this.handlers.get(name)?.handle(input));
  }

  /** What it says of itself. */
  lastStatus(): unknown {
    const at = new Date(this.clock.now()).toISOString();
    return this.query('getStatus', { stamp: { kind: 'getStatus', at, nonce: randomUUID(), runId: this.runId } });
  }

  cancel(): void {
    this.root.cancel();
    this.wake();
  }

  terminate(): void {
    if (this.end) return;
    this.end = 'terminated';
    this.blocked.clear();
    this.close();
  }

  get handlersFinished(): boolean {
    return this.handling === 0;
  }

  /** Waits until a condition holds. @throws CancelledFailure */
  async until(met: () => boolean): Promise<void> {
    if (met()) return;
    await this.interruptible((go) => {
      const block = { met, go };
      this.blocked.add(block);
      return () => void this.blocked.delete(block);
    });
  }

  /** @throws CancelledFailure */
  async sleep(ms: number): Promise<void> {
    const { clock } = this;
    await this.interruptible((go) =>
      clock.set(clock.now() + ms, () => {
        go();
        this.wake();
      }),
    );
  }

  /** Calls an activity. @param waits for its end also where it is cancelled */
  async activity(name: string, input: unknown, { local, waits }: { local: boolean; waits: boolean }): Promise<unknown> {
    const scope = scopes.getStore() ?? this.root;
    const abort = new AbortController();
    scope.whenCancelled(() => abort.abort());
    const done = this.host.busy();
    const call = this.host
      .activity({ name, input: copied(input), local, signal: abort.signal }, this)
      .then(copied)
      .finally(() => {
        done();
        this.wake();
      });
    if (waits) return await call;
    call.catch(() => undefined);
    const cancelled = this.interruptible(() => () => undefined);
    return await Promise.race([call, cancelled]);
  }

  /** Something has happened: what waits for it goes on once all that runs has come to rest. */
  wake(): void {
    this.events += 1;
    if (this.isWoken) return;
    this.isWoken = true;
    const done = this.host.busy();
    soon(() => {
      this.isWoken = false;
      const ready = [...this.blocked].filter(({ met }) => this.run(met));
      for (const block of ready) {
        this.blocked.delete(block);
        block.go();
      }
      if (ready.length > 0) this.wake();
      for (const tell of this.watchers) tell();
      done();
    });
  }

  /** Calls back with each event, and once it has closed. @returns ends that */
  watch(tell: () => void): () => void {
    this.watchers.add(tell);
    return () => void this.watchers.delete(tell);
  }

  private close(): void {
    this.closedAtMs = this.clock.now();
    this.wake();
  }

  /** An update that the workflow did not answer before its end. */
  private closing(): Promise<End> {
    return new Promise((resolve) => {
      const stop = this.watch(() => {
        if (this.end === undefined) return;
        stop();
        resolve({
          error: ApplicationFailure.create({
            type: 'AcceptedUpdateCompletedWorkflow',
            message: 'The workflow has ended',
          }),
        });
      });
    });
  }

  private run<T>(code: () => T, updateId?: string): T {
    return running.run({ execution: this, ...(updateId !== undefined && { updateId }) }, () =>
      scopes.run(this.root, code),
    );
  }

  private async settle(code: () => unknown, updateId?: string): Promise<End> {
    try {
      return { result: await this.run(code, updateId) };
    } catch (error) {
      return { error };
    }
  }

  /** A wait that the cancellation of its scope ends. */
  private interruptible(begin: (go: () => void) => () => void): Promise<void> {
    const scope = scopes.getStore() ?? this.root;
    return new Promise((resolve, reject) => {
      if (scope.cancelled) {
        reject(new CancelledFailure('Cancelled'));
        return;
      }
      let stop: () => void = () => undefined;
      const forget = scope.whenCancelled(() => {
        stop();
        reject(new CancelledFailure('Cancelled'));
      });
      stop = begin(() => {
        forget();
        resolve();
      });
    });
  }
}

/** How it has ended, in Temporal's words; undefined while it is open. */
export function endOf({ end }: Execution): 'completed' | 'failed' | 'cancelled' | 'terminated' | undefined {
  if (end === undefined || end === 'terminated') return end;
  if ('result' in end) return 'completed';
  return isCancellation(end.error) ? 'cancelled' : 'failed';
}

/** As it comes out of a payload. */
function copied(value: unknown): unknown {
  return value === undefined
    ? undefined
    : defaultPayloadConverter.fromPayload(defaultPayloadConverter.toPayload(value));
}
