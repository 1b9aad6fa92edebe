/** What only the workflow knows: how a verification has ended, and after how long. The SDK emits nothing while it replays. */
import { metricMeter } from '@temporalio/workflow';
import { counter, histogram } from '../metrics/instruments.js';
import type { Ending } from './policy.js';
import type { Verification } from './verification.js';

/** Counts the end of a verification; to be called once, in the task that ends it. */
export function countEnd({ request, sends }: Verification, ending: Ending): void {
  const { attributeName: attribute } = request;
  counter(metricMeter, 'ended')({ outcome: ending.outcome, reason: reasonOf(ending), attribute });
  const first = sends.records.counted[0];
  if (ending.outcome !== 'verified' || !first) return;
  histogram(metricMeter, 'timeToVerified')((Date.now() - Date.parse(first.at)) / 1_000, { attribute });
}

function reasonOf(ending: Ending): string | undefined {
  switch (ending.outcome) {
    case 'verified':
      return ending.proof;
    case 'expired':
      return ending.reason;
    case 'failed':
      return ending.failure.type;
    default:
      return undefined;
  }
}
