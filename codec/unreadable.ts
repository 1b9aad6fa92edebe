/** Runs in the workflow sandbox too: nothing of Node.js here. */
import type { Payload } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';

/** Never on a wire: from a worker's codec to its payload converter. */
const UNREADABLE = 'binary/unreadable';

/** Stands in for a payload that nothing opens. */
export function unreadable(reason: string): Payload {
  return { metadata: { encoding: encode(UNREADABLE) }, data: encode(reason) };
}

/** The reason, if it is one. */
export function reasonOfUnreadable({ metadata, data }: Payload): string | undefined {
  const encoding = metadata?.['encoding'];
  return encoding && decode(encoding) === UNREADABLE && data ? decode(data) : undefined;
}
