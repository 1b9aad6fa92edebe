/** Looks at a verification from outside, once it is at rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkerUnavailableError } from '@cognito-verification/client';
import type { AttributeName, VerificationStatus } from '@cognito-verification/contract';
import type { Caller } from './caller.js';
import type { Seen } from './compare.js';
import { type ModelRig, OPERATIONS } from './rig.js';
import type { Described } from './server-time.js';

const LONGEST_PAUSE_MS = 200;

/** A throttled call is made again within the same try, and does not count. */
export const wasThrottled = ({ outcome }: { outcome: string }) =>
  /^(Throttling|TooManyRequests)Exception$/.test(outcome);

export class Watcher {
  /** Its last status, and the length of its history at that time. */
  private last: { events: number; status: VerificationStatus } | undefined;

  constructor(
    private readonly rig: ModelRig,
    private readonly caller: Caller,
    private readonly attributeName: AttributeName,
  ) {}

  /**
   * The observations once nothing is under way.
   * @param mayWait calls may keep being retried, as their fault lasts
   * @param until the time from which it looks without waiting any longer
   */
  async see(mayWait: boolean, until: number): Promise<Omit<Seen, 'answers' | 'posted'>> {
    const { rig } = this;
    const { id } = this.caller;
    const quiet = (found?: Described) => found?.running === 0 && (found.retrying === 0 || mayWait);
    for (let pause = 10; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      const late = Date.now() > until;
      const before = await rig.describe(id);
      if (late || quiet(before)) {
        // The query is answered after all pending work, and may show its results. If the history has not changed since the last
        // query, the answer would be the same.
        const last = before?.events === this.last?.events ? this.last : undefined;
        const status = last?.status ?? (await this.status(late));
        const after = last ? before : await rig.describe(id);
        if (status && (late || (quiet(after) && before?.events === after?.events))) {
          if (after) this.last = { events: after.events, status };
          return { status, ...this.effects() };
        }
      }
      await sleep(pause);
    }
  }

  /** Undefined where the worker is too busy to answer in time, and a later look will do. */
  private async status(late: boolean): Promise<VerificationStatus | undefined> {
    try {
      return await this.rig.client.status(this.caller.id);
    } catch (error) {
      if (late || !(error instanceof WorkerUnavailableError)) throw error;
      return undefined;
    }
  }

  private effects(): Pick<Seen, 'inbox' | 'sendCalls' | 'attemptCalls'> {
    const { sandbox } = this.rig.base;
    const { user, changesValue } = this.caller;
    const calls = (operation: string) =>
      sandbox.calls({ operation, username: user.username }).filter((call) => !wasThrottled(call)).length;
    const messages = sandbox.inbox(user).filter(({ attributeName }) => attributeName === this.attributeName);
    const sendCalls = calls(OPERATIONS.send) + (changesValue ? calls(OPERATIONS.update) : 0);
    return { inbox: messages.length, sendCalls, attemptCalls: calls(OPERATIONS.attempt) };
  }
}
