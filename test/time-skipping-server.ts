/** The server that skips time, and what it does otherwise than a real one, set right. */
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import type { Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { type ClientOptionsForTestEnv, TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkerPlugin } from '@temporalio/worker';
import { temporalTestServer } from '../dev/temporal-binaries.js';

/**
 * Starts the server, with the search attributes of verifications.
 * @param keepsBudgets sets right what `budgetKeeper` says. Default: true
 */
export async function timeSkippingServer({
  client = {},
  keepsBudgets = true,
}: {
  client?: ClientOptionsForTestEnv | undefined;
  keepsBudgets?: boolean | undefined;
} = {}): Promise<TestWorkflowEnvironment> {
  const env: TestWorkflowEnvironment = await TestWorkflowEnvironment.createTimeSkipping({
    client,
    server: { executable: { type: 'existing-path', path: await temporalTestServer() } },
    // The workers of this connection have it too.
    plugins: keepsBudgets ? [budgetKeeper(() => env.currentTimeMs())] : [],
  });
  const KEYWORD = 2;
  await env.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD])),
  });
  return env;
}

/**
 * The server takes a schedule-to-close time-out that ends on a whole second for none (`TestServiceRetryState` compares the
 * nanoseconds of its end with zero), and then tries the activity again for as long as it fails: a look of 20 s goes on for days
 * of skipped time. That is one activity of a thousand. A real server makes a failure final when the next try would come after
 * the end. So does this, for just these activities: it says of such a failure that it is not to be retried.
 */
function budgetKeeper(serverTime: () => Promise<number>): WorkerPlugin {
  const activity = ({ info }: { info: Info }) => ({
    inbound: {
      async execute<Input>(input: Input, next: (given: Input) => Promise<unknown>): Promise<unknown> {
        try {
          return await next(input);
        } catch (error) {
          const endsAt = info.scheduledTimestampMs + info.scheduleToCloseTimeoutMs;
          if (error instanceof CancelledFailure || !isForgotten(endsAt)) throw error;
          const delayMs = error instanceof ApplicationFailure ? msToNumber(error.nextRetryDelay ?? 0) : 0;
          const nonRetryable = (await serverTime()) + delayMs > endsAt;
          throw nonRetryable ? ApplicationFailure.fromError(error, { nonRetryable }) : error;
        }
      },
    },
  });
  return {
    name: 'budget-keeper',
    configureWorker: (options) => ({
      ...options,
      interceptors: { ...options.interceptors, activity: [...(options.interceptors?.activity ?? []), activity] },
    }),
  };
}

/** The server reads its clock twice, for the end and for the time that the activity sees. */
function isForgotten(endsAt: number): boolean {
  const APART_MS = 5;
  return (endsAt + APART_MS) % 1_000 <= 2 * APART_MS;
}
