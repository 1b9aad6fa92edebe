/**
 * A query comes with the workflow task of a direct attempt, and something else before the next task. What the worker decides must be what
 * every replay decides, and no caller waits for ever. Each guard of `local-answers.ts` shows
 * where it is missing. The test uses the real server, which dispatches queries.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type Change, makeBundle } from '../faults/builds.js';
import { replayErrors } from '../replay-all.js';
import { useRig } from '../rig.js';
import { submitBesideQuery } from './query-beside-an-attempt.js';

const rig = useRig('local');
const ANSWERED_WITHIN_MS = 40_000;
/** The attempt is over before the query is answered. */
const SOON_MS = 200;
/** It goes on for longer. */
const LATE_MS = 2_000;
const ON_ITS_WAY_MS = 400;

type Opened = Awaited<ReturnType<typeof submitBesideQuery>>;

/** What comes while the query is under way. */
const BESIDE = {
  'a confirmation': ({ client, workflowId }) => client.confirm(workflowId),
  'a re-send that is refused': ({ client, workflowId }) =>
    client.resendCode(workflowId).then(
      () => expect.unreachable('a re-send within the cool-down'),
      () => undefined,
    ),
  'another code': ({ client, workflowId }) => client.submitCode(workflowId, { code: '000002' }),
} as const satisfies Record<string, (opened: Opened) => Promise<unknown>>;

/** Opens one on the bundle with these changes. */
async function open(latencyMs: number, changes: readonly Change[], exception?: string): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'held-answers-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const workflowBundlePath = changes.length > 0 ? await makeBundle(folder, changes) : undefined;
  const opened = await submitBesideQuery(rig, { latencyMs, workflowBundlePath, exception });
  onTestFinished(() => opened.close());
  if (workflowBundlePath) rig.started.delete(opened.workflowId);
  return opened;
}

const within = <Result>(answer: Promise<Result>) =>
  Promise.race([answer.catch((error: unknown) => String(error)), sleep(ANSWERED_WITHIN_MS, 'no answer')]);

/** What the caller heard, and what the verification tells before and after a replay. */
async function toldOf({ submitted, client, workflowId, restart }: Opened) {
  const answered = await within(submitted.then(({ result }) => result));
  // No code is checked while Cognito takes none: the time until then begins with the answer to the attempt.
  const blocked = async () =>
    answered === 'rateLimited' && (await client.submitCode(workflowId, { code: '000003' })).retryAt;
  const told = async () =>
    await within(client.status(workflowId).then(async ({ attempts }) => ({ attempts, blocked: await blocked() })));
  const live = await told();
  await restart();
  return { answered, live, replayed: await told() };
}

/** Whether the history replays on the bundle of this build. */
async function replays(workflowId: string): Promise<boolean> {
  const history = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  return (await replayErrors([{ workflowId, history }], rig.keyRing)).size === 0;
}

async function failedTasks(workflowId: string): Promise<number> {
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes).length;
}

/** The query is answered after the attempt (`soon`) or before it is over (`late`); then the next task comes. */
async function meet(
  latencyMs: number,
  beside: keyof typeof BESIDE,
  changes: readonly Change[] = [],
  exception?: string,
) {
  const opened = await open(latencyMs, changes, exception);
  if (latencyMs === SOON_MS) await sleep(2 * SOON_MS);
  const came: Promise<unknown> = BESIDE[beside](opened);
  const other = came.catch(() => undefined);
  await sleep(ON_ITS_WAY_MS);
  opened.query.letGo();
  const told = await toldOf(opened);
  await within(other);
  return { ...told, failed: await failedTasks(opened.workflowId), replays: await replays(opened.workflowId) };
}

const HOLDS: Change[] = [['answers === 0 && running > 0 && ', 'false && ']];
const MAKES_AGAIN: Change[] = [['answers > 0 && !isAlone && ', 'false && ']];

const LIMIT = 150_000;

it.each(['a confirmation', 'a re-send that is refused', 'another code'] as const)(
  '%s comes while the attempt goes on: it is held until the answer is there',
  async (beside) => {
    const { answered, live, replayed, failed, ...rest } = await meet(LATE_MS, beside);
    expect({ answered, failed, ...rest }).toEqual({ answered: 'mismatch', failed: 0, replays: true });
    expect(replayed).toEqual(live);
  },
  LIMIT,
);

it.each(['a confirmation', 'a re-send that is refused', 'another code'] as const)(
  '%s comes with an answer that is late: the task is made again',
  async (beside) => {
    const { answered, live, replayed, failed, ...rest } = await meet(SOON_MS, beside);
    expect({ answered, failed, ...rest }).toEqual({ answered: 'mismatch', failed: 1, replays: true });
    expect(replayed).toEqual(live);
  },
  LIMIT,
);

const REFUSED = 'LimitExceededException';

it.each([
  ['nothing is held', LATE_MS, 'a re-send that is refused', HOLDS],
  ['no task is made again', SOON_MS, 'a confirmation', MAKES_AGAIN],
] as const)(
  'without the guard it shows: %s',
  async (_what, latencyMs, beside, changes) => {
    const shown = async (without: readonly Change[]) => {
      const { answered, live, replayed, ...rest } = await meet(latencyMs, beside, without, REFUSED);
      expect(answered).toBe('rateLimited');
      return JSON.stringify(live) === JSON.stringify(replayed) && rest.replays;
    };
    expect(await shown([])).toBe(true);
    expect(await shown(changes)).toBe(false);
  },
  LIMIT,
);
