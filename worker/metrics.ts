/** Counts what activities and the guard tell of. What only the workflow knows it counts itself (`workflows/metrics.ts`). */
import { findServedPool, type ServedUserPool, TASK_QUEUE } from '@cognito-verification/contract';
import type { MetricMeter } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import type { EndedCall } from '../activities/ended-call.js';
import type { GuardEvent } from '../guard/guard-event.js';
import { counter, gauge } from '../metrics/instruments.js';

/** The meter of the process, with the labels that the SDK gives to what a workflow counts. */
export function meterOf({
  namespace,
  taskQueue = TASK_QUEUE,
}: {
  namespace: string;
  taskQueue?: string | undefined;
}): MetricMeter {
  return Runtime.instance().metricMeter.withTags({ namespace, taskQueue });
}

/**
 * Counts calls to Cognito.
 * @param path `direct`: past the task queue of calls
 * @param userPools those that are served; all others are one series
 */
export function callCounter(
  meter: MetricMeter,
  path: 'direct' | 'governed',
  userPools: Iterable<ServedUserPool>,
): (call: EndedCall) => void {
  const count = counter(meter, 'calls');
  return ({ call, outcome, reason, attributeName: attribute, userPoolId }) => {
    const user_pool = findServedPool(userPools, userPoolId) ? userPoolId : '';
    count({ call, path, outcome, reason, attribute, user_pool });
  };
}

/** Counts what the guard tells of. */
export function guardObserver(meter: MetricMeter): (event: GuardEvent) => void {
  const count = counter(meter, 'guardMessages');
  const setAway = gauge(meter, 'guardStoreAway');
  return (event) => {
    if (event.type === 'store') {
      setAway(event.isAway ? 1 : 0, {});
      return;
    }
    const { country, attributeName: attribute } = event;
    const reason = event.type === 'decided' ? event.reason : undefined;
    count({ event: event.type === 'decided' ? event.verdict : event.type, reason, country, attribute });
    if (event.type === 'decided' && event.isWatched) count({ event: 'watched', reason, country, attribute });
  };
}
