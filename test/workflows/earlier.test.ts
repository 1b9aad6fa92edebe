/** What the count of earlier calls leaves, by how its call ended. */
import { errorOfUnopened, unopened } from '@cognito-verification/codec/provenance';
import { allUsedUp, type ParsedRequest, parseDuration } from '@cognito-verification/contract';
import { ActivityFailure, CancelledFailure } from '@temporalio/workflow';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Earlier } from '../../workflows/earlier.js';

const RUN = '11111111-0000-4000-8000-000000000000';
const NOON = Date.UTC(2026, 10, 23, 12);
const countEarlierCalls = vi.fn<() => Promise<unknown>>();
const optionsOf = vi.fn<(options: Record<string, unknown>) => void>();

vi.mock('@temporalio/workflow', async (load) => ({
  ...(await load<object>()),
  log: { warn: () => undefined },
  workflowInfo: () => ({ firstExecutionRunId: RUN, taskQueue: 'queue' }),
  proxyActivities: (options: Record<string, unknown>) => {
    optionsOf(options);
    return { countEarlierCalls };
  },
  CancellationScope: class {
    run = (work: () => Promise<unknown>) => work();
    cancel = () => undefined;
  },
}));
afterEach(() => vi.resetAllMocks());

async function countedBy(answer: () => Promise<unknown>) {
  countEarlierCalls.mockImplementation(answer);
  const owner = { userPoolId: 'eu-central-1_AbC123xyz', sub: 'a-user' };
  const earlier = new Earlier({ owner, previousRunId: RUN } as ParsedRequest, NOON, { mayBeCopy: false });
  earlier.begin();
  await vi.waitFor(() => expect(earlier.state).toBe('settled'));
  earlier.settle();
  return earlier.calls;
}

const failed = (cause: Error) => new ActivityFailure('failed', 'countEarlierCalls', '1', 'TIMEOUT', undefined, cause);
const calls = { sends: [{ at: new Date(NOON).toISOString() }], attempts: [] };
const usedUp = allUsedUp(new Date(NOON).toISOString());

describe('a count', () => {
  it('that was made is taken', async () => {
    expect(await countedBy(async () => ({ runId: RUN, ...calls }))).toMatchObject(calls);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['that failed', () => Promise.reject(failed(new Error('it broke')))],
    ['that came from another verification', async () => ({ runId: 'another', ...calls })],
    ['that does not open', async () => errorOfUnopened(unopened('refused', 'not sealed'))],
  ])('%s counts as used up', async (_, answer) => {
    expect(await countedBy(answer)).toEqual(usedUp);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is sealed with a key that is missing', async () => errorOfUnopened(unopened('keyMissing', 'no such key'))],
    ['is cancelled', () => Promise.reject(failed(new CancelledFailure('cancelled')))],
    ['meets a bug', () => Promise.reject(new TypeError('a bug'))],
  ])('that %s decides nothing', async (_, answer) => {
    await expect(countedBy(answer)).rejects.toThrow();
  });

  it('takes a minute in all, since codes wait for it and are answered within 90 s', async () => {
    await countedBy(async () => ({ runId: RUN, ...calls }));
    const { scheduleToCloseTimeout } = optionsOf.mock.calls[0]?.[0] ?? {};
    expect(parseDuration(scheduleToCloseTimeout)).toBe(60_000);
  });
});
