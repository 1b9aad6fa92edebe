/** How histories are reported when the SDK or the key service fails. */
import { type KeyRing, KeyServiceError, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { Worker } from '@temporalio/worker';
import { afterEach, expect, it, vi } from 'vitest';
import { failingEvent } from '../../../replay/failing-event.js';
import type { RecordedHistory } from '../../../replay/recorded-history.js';
import { MOST_SEARCHED, type Replayed, type ReplayOptions, replayHistories } from '../../../replay/replay.js';
import { someKeys } from '../run-cli.js';

type Results = ReturnType<typeof Worker.runReplayHistories>;
type Histories = Parameters<typeof Worker.runReplayHistories>[1];

const KEYS = keyRingOf(...parseKeys(someKeys(), 'keys'));
const BUNDLE = { path: 'bundle.js', code: '', build: '0a1b2c' };

vi.mock(import('../../../replay/failing-event.js'), async (original) => ({
  ...(await original()),
  failingEvent: vi.fn(() => Promise.reject(new Error('no worker for the search'))),
}));
afterEach(() => {
  vi.restoreAllMocks();
});

function history(workflowId: string): RecordedHistory {
  const events = [{ eventId: 1 }, { eventId: 2, workflowTaskScheduledEventAttributes: {} }] as never;
  return { workflowId, history: { events } };
}

/** Replaces the SDK's replay. */
function replaying(
  replay: (
    histories: Histories,
    options: Parameters<typeof Worker.runReplayHistories>[0],
  ) => AsyncGenerator<{ error?: Error }>,
) {
  return vi
    .spyOn(Worker, 'runReplayHistories')
    .mockImplementation((options, histories) => replay(histories, options) as unknown as Results);
}

async function replayed(ids: readonly string[], options: Partial<ReplayOptions> = {}) {
  const results: Replayed[] = [];
  await replayHistories(ids.map(history), { bundle: BUNDLE, keys: KEYS, ...options }, (one) => {
    results.push(one);
  });
  return results.map(({ recorded, problem }) => [recorded.workflowId, problem?.kind ?? 'replays']);
}

it('a history at which the SDK ends silently is reported, and the next ones are replayed', async () => {
  replaying(async function* (histories) {
    for await (const { workflowId } of histories) {
      if (workflowId === 'b') return;
      yield {};
    }
  });
  expect(await replayed(['a', 'b', 'c'])).toEqual([
    ['a', 'replays'],
    ['b', 'notReplayed'],
    ['c', 'replays'],
  ]);
});

it('a replay that hangs is abandoned, and takes no further history when it comes back', async () => {
  const back: (() => void)[] = [];
  replaying(async function* (histories) {
    for await (const { workflowId } of histories) {
      if (workflowId === 'b') await new Promise<void>((resolve) => back.push(resolve));
      if (workflowId === 'c') for (const comeBack of back) comeBack();
      yield {};
    }
  });
  expect(await replayed(['a', 'b', 'c', 'd'], { limitMs: 50 })).toEqual([
    ['a', 'replays'],
    ['b', 'notReplayed'],
    ['c', 'replays'],
    ['d', 'replays'],
  ]);
});

it('a failure keeps its kind if the search for its event fails, and only a few failures are searched', async () => {
  replaying(async function* (histories) {
    for await (const _ of histories) yield { error: new Error('[TMPRL1100] something new') };
  });
  const ids = Array.from({ length: 3 * MOST_SEARCHED }, (_, index) => `w${index}`);
  expect(await replayed(ids, { workers: 2 })).toEqual(expect.arrayContaining(ids.map((id) => [id, 'nondeterminism'])));
  expect(failingEvent).toHaveBeenCalledTimes(MOST_SEARCHED);
});

it('a key service that does not answer ends the replay and says nothing about the build', async () => {
  const keys: KeyRing = {
    current: () => KEYS.current(),
    find: () => Promise.reject(new KeyServiceError('no answer')),
  };
  replaying(async function* (histories, { dataConverter }) {
    for await (const _ of histories) {
      await dataConverter?.payloadCodecs?.[0]?.decode([SEALED]);
      yield { error: new Error('the task has failed') };
    }
  });
  await expect(replayed(['a', 'b'], { keys })).rejects.toThrow(KeyServiceError);
});

const SEALED = {
  metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('kms') },
  data: Buffer.alloc(64),
};
