import { allUsedUp, type EarlierCalls, type ParsedRequest } from '@cognito-verification/contract';
import { log, workflowInfo } from '@temporalio/workflow';
import type { EarlierCallsActivities } from '../activities/earlier-calls.js';
import { answerTo, endsCall } from './call-end.js';
import { cognitoWorker } from './cognito-calls.js';
import { type CallState, iso } from './policy.js';
import type { Stamps } from './stamps.js';
import { Underway } from './underway.js';

/**
 * Codes wait for the count, and each has its answer within 90 s: so it takes less in all. One try takes milliseconds; its own
 * time-out leaves room for another where a worker dies.
 */
const BUDGET = { scheduleToCloseTimeout: '1 minute', startToCloseTimeout: '25 seconds' } as const;

/**
 * The sends and attempts of earlier verifications of the same user and attribute. They limit this one: a new verification
 * resets no count (NIST SP 800-63B-4, 3.1.3.2; Cognito: 5 sends and 15 attempts an hour for a user).
 */
export class Earlier {
  private readonly call = new Underway<EarlierCalls>();
  private counted: EarlierCalls = { sends: [], attempts: [] };

  constructor(
    private readonly request: ParsedRequest,
    private readonly startedAtMs: number,
    private readonly stamps: Pick<Stamps, 'mayBeCopy'>,
  ) {}

  /**
   * Counts them, where the request names a run before this one, or may be that of one. Until then no message and no code goes
   * to Cognito.
   */
  begin(): void {
    const { owner, previousRunId } = this.request;
    const mayBeCopy = this.stamps.mayBeCopy || undefined;
    if (previousRunId === undefined && !mayBeCopy) return;
    const startedAt = iso(this.startedAtMs);
    const input = { runId: workflowInfo().firstExecutionRunId, previousRunId, mayBeCopy, startedAt };
    const activities = cognitoWorker<EarlierCallsActivities>(owner, 'attempts', {
      summary: 'Count the calls of the last hour in earlier verifications',
      ...BUDGET,
      retry: { initialInterval: '1 second' },
    });
    this.call.start(async () => {
      try {
        return answerTo(input, await activities.countEarlierCalls(input));
      } catch (error) {
        if (!endsCall(error)) throw error;
        log.warn('The calls of earlier verifications could not be counted: they count as used up');
        return allUsedUp(startedAt);
      }
    });
  }

  get state(): CallState {
    return this.call.state;
  }

  get calls(): EarlierCalls {
    return this.counted;
  }

  /** Takes the count. */
  settle(): void {
    this.counted = this.call.take();
  }

  /** Stops the count. */
  cancel(): void {
    this.call.cancel();
  }
}
