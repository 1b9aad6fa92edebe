import { CancellationScope } from '@temporalio/workflow';
import type { CallState } from './policy.js';

/**
 * Work that runs beside the lifecycle, so that nothing a person does waits behind a retry. The lifecycle starts it,
 * may cancel it, and takes its result when its turn comes; at most one of a kind is under way.
 */
export class Underway<Result> {
  private scope: CancellationScope | undefined;
  private settled: { take: () => Result } | undefined;

  get state(): CallState {
    if (this.settled) return 'settled';
    return this.scope ? 'underWay' : 'none';
  }

  start(work: () => Promise<Result>): void {
    const scope = new CancellationScope();
    this.scope = scope;
    scope.run(work).then(
      (result) => this.settle(scope, () => result),
      (error: unknown) =>
        this.settle(scope, () => {
          throw error;
        }),
    );
  }

  /** Hands the result over once; throws what the work threw. */
  take(): Result {
    const settled = this.settled;
    this.scope = undefined;
    this.settled = undefined;
    if (!settled) throw new Error('taken before it was settled');
    return settled.take();
  }

  /** Asks the work to end. What comes of it is still to be taken. */
  stop(): void {
    if (!this.settled) this.scope?.cancel();
  }

  /** Ends the work; its result is not wanted any more. */
  cancel(): void {
    const scope = this.scope;
    this.scope = undefined;
    if (!this.settled) scope?.cancel();
    this.settled = undefined;
  }

  private settle(scope: CancellationScope, take: () => Result): void {
    if (this.scope === scope) this.settled = { take };
  }
}
