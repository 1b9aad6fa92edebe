import { Worker, type WorkerOptions } from '@temporalio/worker';

/** A worker that knows of which verifications it is running a workflow task, or a query, just now. */
export class RunAwareWorker extends Worker {
  private readonly underWay = new Set<string | undefined | null>();

  /** See `Worker.create`, which makes one of the class that it is called on. */
  static override async create(options: WorkerOptions): Promise<RunAwareWorker> {
    return (await super.create(options)) as RunAwareWorker;
  }

  /** Whether a workflow task or a query of this run is under way. The SDK has one of a run at a time. */
  isRunning(runId: string): boolean {
    return this.underWay.has(runId);
  }

  protected override async handleActivation(
    ...args: Parameters<Worker['handleActivation']>
  ): ReturnType<Worker['handleActivation']> {
    const [, { activation }] = args;
    this.underWay.add(activation.runId);
    try {
      return await super.handleActivation(...args);
    } finally {
      this.underWay.delete(activation.runId);
    }
  }
}
