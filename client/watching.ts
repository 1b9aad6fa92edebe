import { isDeepStrictEqual } from 'node:util';
import type { VerificationOutcome, VerificationStatus } from '@cognito-verification/contract';
import { CallAbortedError } from './errors.js';
import type { Named } from './runs.js';
import type { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';

/** The server answers a poll without news after 20 seconds by itself. */
const POLL_TIMEOUT_MS = 40_000;

/** What all watchers of one verification share: one poll of its history, and one question for its status when an event came. */
class Watch {
  private readonly leave = new AbortController();
  private readonly waiting = new Set<() => void>();
  private watchers = 0;
  /** How it ended, or why it cannot be watched any longer. */
  private end: { outcome: VerificationOutcome } | { error: unknown } | undefined;
  private status: VerificationStatus | undefined;
  private version = 0;

  constructor(
    private readonly calls: ServiceCalls,
    private readonly named: Named,
    private readonly onEnd: () => void,
  ) {
    void this.run();
  }

  /** Each change from now on, the status of now first. */
  async *follow(signal: AbortSignal | undefined): AsyncGenerator<VerificationStatus, VerificationOutcome, undefined> {
    this.watchers += 1;
    try {
      for (let seen = 0; ; ) {
        if (signal?.aborted) throw new CallAbortedError({ cause: signal.reason });
        if (this.status && this.version > seen) {
          seen = this.version;
          yield this.status;
        } else if (this.end) {
          if ('error' in this.end) throw this.end.error;
          return this.end.outcome;
        } else {
          await this.change(signal);
        }
      }
    } finally {
      this.watchers -= 1;
      if (this.watchers === 0) this.stop();
    }
  }

  private stop(): void {
    this.onEnd();
    this.leave.abort();
  }

  private async change(signal: AbortSignal | undefined): Promise<void> {
    let wake: () => void = () => undefined;
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.waiting.add(wake);
    signal?.addEventListener('abort', wake, { once: true });
    await changed;
    signal?.removeEventListener('abort', wake);
    this.waiting.delete(wake);
  }

  private tell(): void {
    for (const wake of this.waiting) wake();
  }

  private async run(): Promise<void> {
    try {
      this.end = { outcome: await this.poll() };
    } catch (error) {
      this.end = { error };
    }
    this.onEnd();
    this.tell();
  }

  private async poll(): Promise<VerificationOutcome> {
    const { calls } = this;
    const { runId, firstRunId } = await this.limited(() => calls.runOf(this.named));
    // From here on of this one only, also where the next one of the user and the attribute begins.
    const named = { workflowId: this.named.workflowId, run: firstRunId };
    for (let token: Uint8Array | undefined; ; ) {
      const page = await this.limited(() => this.events(runId, token));
      // The status is asked for after the events that it may say more than.
      if (page && page.count > 0) await this.look(named);
      if (page?.token.length === 0) break;
      token = page?.token ?? token;
    }
    return await this.limited(() => calls.on(named, () => calls.runs.outcome(named)));
  }

  /** Each request by itself, since the SDK never takes its listeners off the signal. */
  private async limited<T>(call: () => Promise<T>): Promise<T> {
    return await this.calls.limited({ timeoutMs: undefined, signal: this.leave.signal }, call);
  }

  /** Asks for the status, and publishes it where it says something new. */
  private async look(named: Named): Promise<void> {
    const status = await this.limited(() => this.calls.status(named));
    if (isDeepStrictEqual(status, this.status)) return;
    this.status = status;
    this.version += 1;
    this.tell();
  }

  /** Waits for the next events of the run. Undefined where none came in time; without a token after those that end the run. */
  private async events(runId: string, nextPageToken: Uint8Array | undefined) {
    const { client } = this.calls;
    const request = {
      namespace: client.options.namespace,
      execution: { workflowId: this.named.workflowId, runId },
      waitNewEvent: true,
      ...(nextPageToken && { nextPageToken }),
    };
    try {
      const { history, nextPageToken: token } = await this.calls.within(
        () => client.workflowService.getWorkflowExecutionHistory(request),
        POLL_TIMEOUT_MS,
      );
      return { count: history?.events?.length ?? 0, token: token ?? new Uint8Array() };
    } catch (error) {
      if (isDeadline(error) && !this.calls.wasAborted()) return undefined;
      throw await this.calls.explain(error, this.named);
    }
  }
}

/** The verifications that are watched in this process. */
export class Watches {
  private readonly open = new Map<string, Watch>();

  constructor(private readonly calls: ServiceCalls) {}

  watch(
    named: Named,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<VerificationStatus, VerificationOutcome, undefined> {
    const key = `${named.workflowId} ${named.run ?? ''}`;
    const known = this.open.get(key);
    if (known) return known.follow(signal);
    const watch: Watch = new Watch(this.calls, named, () => {
      if (this.open.get(key) === watch) this.open.delete(key);
    });
    this.open.set(key, watch);
    return watch.follow(signal);
  }
}
