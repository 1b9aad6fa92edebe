import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledFailure } from '@temporalio/common';

/** The scope in which the code of a workflow runs now. */
export const scopes = new AsyncLocalStorage<Scope>();

/** As `CancellationScope` of `@temporalio/workflow`, as far as the lifecycle uses it. */
export class Scope {
  private readonly listeners = new Set<() => void>();
  private isCancelled = false;

  constructor({ cancellable = true }: { cancellable?: boolean } = {}) {
    const parent = scopes.getStore();
    if (!parent || !cancellable) return;
    if (parent.isCancelled) this.isCancelled = true;
    else parent.whenCancelled(() => this.cancel());
  }

  get cancelled(): boolean {
    return this.isCancelled;
  }

  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }

  /** @returns forgets it again */
  whenCancelled(listener: () => void): () => void {
    if (this.isCancelled) listener();
    else this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    return await scopes.run(this, work);
  }

  static async nonCancellable<T>(work: () => Promise<T>): Promise<T> {
    return await new Scope({ cancellable: false }).run(work);
  }
}

/** As `isCancellation` of `@temporalio/workflow`. */
export function isCancellation(error: unknown): boolean {
  return error instanceof CancelledFailure;
}
