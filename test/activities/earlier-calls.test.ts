/** What counts of an earlier run, by its history. */
import { allUsedUp, isRecord, LIMITS_WINDOW_MS, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { ApplicationFailure } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { msToTs } from '@temporalio/common/lib/time.js';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  type CountEarlierCallsInput,
  type CountEarlierCallsResult,
  createEarlierCalls,
} from '../../activities/earlier-calls.js';
import type { EarlierRuns } from '../../activities/run-reader.js';

type Event = NonNullable<History['events']>[number];

const NOON = Date.UTC(2026, 10, 23, 12);
const MINUTE = 60_000;
const at = (minute: number) => new Date(NOON + minute * MINUTE).toISOString();
const runId = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const OWN = 'ffffffff-0000-4000-8000-000000000000';

/** A payload holds its value as JSON; what is not sealed for its place is a bare text. */
const payload = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)) });
const opened = (sealed?: { data?: Uint8Array | null } | null) =>
  JSON.parse(Buffer.from(sealed?.data ?? []).toString()) as unknown;
const payloads = (value: unknown) => ({ payloads: [payload(value)] });

/** Events with their ids, at these minutes. A request was sent at that minute too, unless it says another time. */
const history = (...events: [minute: number, event: Omit<Event, 'eventId'>][]): Event[] =>
  events.map(([minute, event], index) => {
    const started = event.workflowExecutionStartedEventAttributes;
    const request = started && opened(started.input?.payloads?.[0]);
    const stamped = isRecord(request)
      ? { ...request, stamp: { at: at(minute), ...Object(request['stamp']) } }
      : request;
    return {
      ...event,
      ...(started && { workflowExecutionStartedEventAttributes: { ...started, input: payloads(stamped) } }),
      eventId: index + 1,
      eventTime: msToTs(NOON + minute * MINUTE),
    };
  }) as unknown as Event[];

const begins = (request: object = {}, name = WORKFLOW_TYPE, originalExecutionRunId = runId(0)) =>
  ({
    workflowExecutionStartedEventAttributes: {
      workflowType: { name },
      input: payloads(request),
      originalExecutionRunId,
    },
  }) as Event;
const asks = (name: string) =>
  ({ activityTaskScheduledEventAttributes: { activityType: { name }, activityId: '7' } }) as Event;
const completes = { activityTaskCompletedEventAttributes: { scheduledEventId: 2 } } as unknown as Event;
const fails = (details: unknown) =>
  ({
    activityTaskFailedEventAttributes: {
      scheduledEventId: 2,
      failure: {
        applicationFailureInfo: { type: 'SomeException', details: details === undefined ? null : payloads(details) },
      },
    },
  }) as unknown as Event;
const timesOut = (timeoutType: number) =>
  ({
    activityTaskTimedOutEventAttributes: { scheduledEventId: 2, failure: { timeoutFailureInfo: { timeoutType } } },
  }) as unknown as Event;
const isCanceled = (startedEventId: number) =>
  ({ activityTaskCanceledEventAttributes: { scheduledEventId: 2, startedEventId } }) as unknown as Event;
const joins = (input: object) =>
  ({
    workflowExecutionUpdateAcceptedEventAttributes: {
      acceptedRequest: { input: { name: 'awaitDelivery', args: payloads(input) } },
    },
  }) as Event;
/** A status that lists a code of Cognito's own for each of these minutes. */
const statusOf = (minutes: number[], stampedFor = runId(0)) => ({
  stamp: { runId: stampedFor },
  sends: [...minutes.map((minute) => ({ at: at(minute), outcome: 'alreadySent' })), { at: at(0), outcome: 'sent' }],
});
const answers = (acceptedEventId: number, status: object) =>
  ({
    workflowExecutionUpdateCompletedEventAttributes: { acceptedEventId, outcome: { success: payloads(status) } },
  }) as unknown as Event;
const refuses = (acceptedEventId: number, status: object) =>
  ({
    workflowExecutionUpdateCompletedEventAttributes: {
      acceptedEventId,
      outcome: { failure: { applicationFailureInfo: { type: 'VerificationEnded', details: payloads(status) } } },
    },
  }) as unknown as Event;
const ends = (status: object) =>
  ({ workflowExecutionCompletedEventAttributes: { result: payloads({ outcome: 'expired', status }) } }) as Event;
const isFailed = (status: object) =>
  ({
    workflowExecutionFailedEventAttributes: { failure: { applicationFailureInfo: { details: payloads(status) } } },
  }) as Event;

const NO_REQUEST = 'x' as unknown as object;

/** Counts what these runs leave, the newest first; this verification starts at noon. */
const count = (...runs: Event[][]) => countFrom({ previousRunId: runId(0) }, runs);

/** @param list what the server lists; the test fails where that is asked for and not given */
async function countFrom(...args: Parameters<typeof counted>) {
  const { sends, attempts, ...answer } = await counted(...args);
  expect(answer).toEqual({ runId: OWN });
  return { sends: sends.map((call) => call.at), attempts: attempts.map((call) => call.at) };
}

async function counted(
  asked: Pick<CountEarlierCallsInput, 'previousRunId' | 'mayBeCopy'>,
  runs: Event[][],
  list?: EarlierRuns['list'],
): Promise<CountEarlierCallsResult> {
  const stored: EarlierRuns = {
    list: list ?? (() => expect.unreachable('a list')),
    async *events({ runId: id }) {
      const index = runs.findIndex((_, candidate) => runId(candidate) === id);
      if (index < 0) throw new Error('not found');
      yield* runs[index] ?? [];
    },
    open: async (sealed) => opened(sealed),
  };
  const activities = createEarlierCalls(stored);
  const input = { runId: OWN, ...asked, startedAt: at(0) };
  return await new MockActivityEnvironment().run(() => activities.countEarlierCalls(input));
}

const usedUp = (minute: number) => {
  const { sends, attempts } = allUsedUp(at(minute));
  return { sends: sends.map((call) => call.at), attempts: attempts.map((call) => call.at) };
};

const failure = (word: string) => fails({ failure: word });

describe('a call that has ended', () => {
  test.each<[string, Event, send: boolean, attempt: boolean]>([
    ['completed', completes, true, true],
    ['uncertain', failure('uncertain'), true, true],
    ['rate limited', failure('rateLimited'), false, true],
    ['throttled', failure('throttled'), false, false],
    ['unreachable', failure('unreachable'), false, false],
    ['without a good token', failure('accessTokenRejected'), false, false],
    ['blocked', failure('blocked'), false, false],
    ['refused', failure('failed'), false, true],
    ['undeliverable', failure('undeliverable'), false, true],
    ['a wrong code', failure('mismatch'), true, true],
    ['failed for a reason that nobody can read', fails(undefined), true, true],
    ['failed with something that is no reason', fails('throttled'), true, true],
    ['timed out while a worker had it', timesOut(1), true, true],
    ['timed out before a worker had it', timesOut(2), false, false],
    ['cancelled while a worker had it', isCanceled(3), true, true],
    ['cancelled before a worker had it', isCanceled(0), false, false],
  ])('%s', async (_, end, send, attempt) => {
    const run = (name: string) => history([-30, begins()], [-20, asks(name)], [-10, end]);
    expect(await count(run('sendCode'))).toEqual({ sends: send ? [at(-10)] : [], attempts: [] });
    expect(await count(run('verifyCode'))).toEqual({ sends: [], attempts: attempt ? [at(-10)] : [] });
    expect(await count(run('readAttribute'))).toEqual({ sends: [], attempts: [] });
  });

  test.each([
    ['does not count, and tells nothing of its token', runId(0), []],
    ['counts where the answer is that of an earlier run', runId(1), [at(-10)]],
  ])('a send that no worker made for lack of an allowance %s', async (_, answeredBy, sends) => {
    const result = payloads({ notCalled: true, runId: answeredBy });
    const notCalled = {
      activityTaskCompletedEventAttributes: { scheduledEventId: 2, result },
    } as unknown as Event;
    const run = history([-30, begins()], [-20, asks('sendCode')], [-10, notCalled]);
    expect(await count(run)).toEqual({ sends, attempts: [] });
  });

  test.each([
    ['does not count', runId(0), []],
    ['counts where the answer is that of an earlier run', runId(1), [at(-10)]],
  ])('a send that was not needed, since the attribute was verified, %s', async (_, answeredBy, sends) => {
    const result = payloads({ alreadyVerified: true, runId: answeredBy });
    const found = { activityTaskCompletedEventAttributes: { scheduledEventId: 2, result } } as unknown as Event;
    const run = history([-30, begins()], [-20, asks('sendCode')], [-10, found]);
    expect(await count(run)).toEqual({ sends, attempts: [] });
  });

  test('one that the end of the run has cut off counts', async () => {
    const run = history([-30, begins()], [-20, asks('sendCode')], [-9, {}]);
    expect(await count(run)).toEqual({ sends: [at(-9)], attempts: [] });
  });
});

describe('a local activity', () => {
  const marker = (name: string, { result, failure: cause }: { result?: unknown; failure?: unknown }) =>
    ({
      markerRecordedEventAttributes: {
        markerName: 'core_local_activity',
        details: {
          data: payloads({ seq: 2, attempt: 1, activity_id: '2', activity_type: name }),
          ...(result === undefined ? {} : { result: payloads(result) }),
        },
        failure: cause ?? null,
      },
    }) as unknown as Event;
  const failed = (word: string) => ({
    failure: { applicationFailureInfo: { type: 'SomeException', details: payloads({ failure: word }) } },
  });

  test.each<[string, Parameters<typeof marker>[1], attempt: boolean]>([
    ['accepted', { result: { accepted: true } }, true],
    ['an answer that nothing opens', {}, true],
    ['a wrong code', failed('mismatch'), true],
    ['uncertain', failed('uncertain'), true],
    ['throttled', failed('throttled'), false],
    ['timed out with Cognito', { failure: { timeoutFailureInfo: { timeoutType: 1 } } }, true],
    ['timed out before it began', { failure: { timeoutFailureInfo: { timeoutType: 2 } } }, false],
    ['not called', { result: { runId: runId(0), notCalled: true } }, false],
    ['not called, in an earlier run', { result: { runId: 'another', notCalled: true } }, true],
  ])('%s', async (_, answer, attempt) => {
    const run = (name: string) => history([-30, begins()], [-10, marker(name, answer)]);
    expect(await count(run('verifyCode'))).toEqual({ sends: [], attempts: attempt ? [at(-10)] : [] });
    expect(await count(run('readAttribute'))).toEqual({ sends: [], attempts: [] });
    expect(await count(run('somethingElse'))).toEqual({ sends: [], attempts: [] });
  });

  test('the attempts of lost tasks that one tells of count', async () => {
    const uncounted = [{ updateId: 'submitCode/1', at: at(-12) }];
    const run = history(
      [-30, begins()],
      [-10, marker('verifyCode', { result: { runId: runId(0), notCalled: true, uncounted } })],
    );
    expect(await count(run)).toEqual({ sends: [], attempts: [at(-12)] });
  });

  test.each([
    [
      'a wrong code',
      { failure: { applicationFailureInfo: { details: payloads({ failure: 'mismatch', at: at(-12) }) } } },
    ],
    ['a right code', { result: { runId: runId(0), accepted: true, at: at(-12) } }],
  ])('such an attempt counts once, if its code comes again and has its answer: %s', async (_, remembered) => {
    const uncounted = [{ updateId: 'submitCode/1', at: at(-12) }];
    const run = history(
      [-30, begins()],
      [-10, marker('verifyCode', { result: { runId: runId(0), notCalled: true, uncounted } })],
      [-9, marker('verifyCode', remembered)],
      [-8, marker('verifyCode', { result: { runId: runId(0), accepted: true } })],
    );
    expect(await count(run)).toEqual({ sends: [], attempts: [at(-12), at(-8)] });
  });

  test('attempts count each, also if one begins in the moment in which the task of the one before it ends', async () => {
    const wrong = (minute: number) =>
      marker('verifyCode', {
        failure: { applicationFailureInfo: { details: payloads({ failure: 'mismatch', at: at(minute) }) } },
      });
    const run = history([-30, begins()], [-10, wrong(-12)], [-8, wrong(-10)], [-6, wrong(-8)]);
    expect(await count(run)).toEqual({ sends: [], attempts: [at(-10), at(-8), at(-6)] });
  });

  test('one whose marker nobody can read: everything counts as used up', async () => {
    const run = history(
      [-30, begins()],
      [
        -10,
        {
          markerRecordedEventAttributes: { markerName: 'core_local_activity', details: {} },
        },
      ],
    );
    expect(await count(run)).toEqual(usedUp(0));
  });
});

describe('a code that Cognito has sent by itself', () => {
  const alreadySent = { destination: 'z***@e***', deliveryMedium: 'EMAIL' };

  const proven = { alreadySent, stamp: { proven: true } };
  const forged = { alreadySent, stamp: {} };

  test.each<[string, Event[], sentAt: number[]]>([
    [
      'said by a request, its update and another start, that nobody answered',
      history([-30, begins(proven)], [-30, joins(proven)], [-10, joins(proven)]),
      [-30, -10],
    ],
    [
      'that an answer lists',
      history([-30, begins(proven)], [-30, joins(proven)], [-29, answers(2, statusOf([-30]))]),
      [-30],
    ],
    [
      'that an answer lists, and another one that nobody answered',
      history([-30, begins()], [-30, joins(proven)], [-29, answers(2, statusOf([-30]))], [-10, joins(proven)]),
      [-30, -10],
    ],
    [
      'that the answer of a code lists',
      history([-30, begins(proven)], [-29, answers(7, { result: 'mismatch', status: statusOf([-30]) })]),
      [-30],
    ],
    ['that the result lists', history([-30, begins(proven)], [-29, ends(statusOf([-30]))]), [-30]],
    ['that the failure lists', history([-30, begins(proven)], [-29, isFailed(statusOf([-30]))]), [-30]],
    [
      'whose start has ended the verification: the next one has it',
      history([-30, begins()], [-30, joins({})], [-10, joins(proven)], [-9, refuses(3, statusOf([]))]),
      [],
    ],
    ['forged by the request', history([-30, begins(forged)], [-30, joins(forged)]), []],
    [
      'forged by the request, provisional in an answer',
      history([-30, begins(forged)], [-30, joins(forged)], [-29, answers(2, statusOf([-30]))]),
      [],
    ],
    [
      'said by a request whose token Cognito has taken',
      history(
        [-30, begins(forged)],
        [-30, asks('readAttribute')],
        [-29, completes],
        [-29, answers(9, statusOf([-30]))],
      ),
      [-30],
    ],
    ['forged by a join', history([-30, begins({ stamp: { proven: true } })], [-10, joins(forged)]), []],
    [
      'forged by a join that was answered',
      history([-30, begins({ stamp: { proven: true } })], [-10, joins(forged)], [-9, answers(2, statusOf([]))]),
      [],
    ],
    [
      'that the answer of another run leaves out',
      history([-30, begins(proven)], [-30, joins(proven)], [-29, answers(2, statusOf([], runId(5)))]),
      [-30],
    ],
  ])('%s', async (_, run, sentAt) => {
    expect((await count(run)).sends.sort()).toEqual(sentAt.map(at));
  });
});

test.each([
  ['verified', true],
  ['alreadyVerified', true],
  ['expired', undefined],
])('it tells whether one has verified the attribute: %s', async (outcome, endedVerified) => {
  const end = { workflowExecutionCompletedEventAttributes: { result: payloads({ outcome }) } } as Event;
  const older = history([-30, begins({}, WORKFLOW_TYPE, runId(1))], [-25, end]);
  const newest = history([-20, begins({ previousRunId: runId(1) })], [-10, {}]);
  expect((await counted({ previousRunId: runId(0) }, [newest, older])).endedVerified).toBe(endedVerified);
});

describe('a chain of runs', () => {
  const sent = (minute: number, previousRunId?: string) =>
    history([minute, begins({ previousRunId }, WORKFLOW_TYPE, '')], [minute, asks('sendCode')], [minute, completes]);

  test('counts as far as the hour goes', async () => {
    const hourMinutes = LIMITS_WINDOW_MS / MINUTE;
    const runs = [sent(-10, runId(1)), sent(-50, runId(2)), sent(-hourMinutes - 1, runId(3))];
    expect((await count(...runs)).sends).toEqual([at(-10), at(-50)]);
  });

  test('is used up at the moment until which a run that cannot be read may have been open', async () => {
    expect(await count()).toEqual(usedUp(0));
    const { sends } = await count(sent(-10, runId(7)));
    expect(sends).toEqual([at(-10), ...usedUp(-10).sends]);
  });

  test('is used up past ten runs', async () => {
    const runs = Array.from({ length: 12 }, (_, index) => sent(-index - 1, runId(index + 1)));
    const { sends, attempts } = await count(...runs);
    expect(sends).toHaveLength(10 + usedUp(0).sends.length);
    expect(new Set(attempts)).toEqual(new Set([at(-10)]));
  });

  describe('that found the attribute verified, and have counted what was before them', () => {
    const result = (index: number, sends: number[], more: object = {}) =>
      payloads({ runId: runId(index), sends: sends.map((minute) => ({ at: at(minute) })), attempts: [], ...more });
    const counts = (answer: object) =>
      ({ activityTaskCompletedEventAttributes: { scheduledEventId: 2, result: answer } }) as unknown as Event;
    const counting = (
      minute: number,
      answer: object,
      { request = {}, more = [] }: { request?: object; more?: Parameters<typeof history> } = {},
    ) =>
      history(
        [minute, begins({ previousRunId: runId(1), ...request }, WORKFLOW_TYPE, '')],
        [minute, asks('countEarlierCalls')],
        [minute, counts(answer)],
        ...more,
        [minute, { workflowExecutionCompletedEventAttributes: { result: payloads({ outcome: 'alreadyVerified' }) } }],
      );

    test('hand that on, so that no run before them is read', async () => {
      const newest = counting(-5, result(0, [-40, -62], { attempts: [{ at: at(-39) }], endedVerified: true }));
      const { sends, attempts, endedVerified } = await counted({ previousRunId: runId(0) }, [newest]);
      expect([sends, attempts, endedVerified]).toEqual([[{ at: at(-40) }], [{ at: at(-39) }], true]);
    });

    test.each<[string, object]>([
      ['is that of another run', result(1, [])],
      [
        'has something counted as used up',
        result(
          0,
          Array.from({ length: 20 }, () => -5),
        ),
      ],
      ['has a time that is none', result(0, [], { attempts: [{ at: 'x' }] })],
      ['does not open', { payloads: [] }],
    ])('are passed by where the count %s', async (_, answer) => {
      expect((await counted({ previousRunId: runId(0) }, [counting(-5, answer), sent(-30)])).sends).toEqual([
        { at: at(-30) },
      ]);
    });

    test('are passed by where they have sent a code', async () => {
      const more: Parameters<typeof history> = [[-5, joins({ alreadySent: {}, stamp: { proven: true } })]];
      const runs = [counting(-5, result(0, []), { more }), sent(-30)];
      expect((await counted({ previousRunId: runId(0) }, runs)).sends).toEqual([{ at: at(-5) }, { at: at(-30) }]);
    });

    test('are passed by where a request may be a copy, and each run counts once', async () => {
      const list = async () => [0, 1].map((index) => ({ runId: runId(index), endedAt: at(-4) }));
      const runs = [counting(-5, result(0, [-30]), { request: { stamp: { at: at(-40) } } }), sent(-30)];
      expect((await counted({ previousRunId: runId(0) }, runs, list)).sends).toEqual([{ at: at(-30) }]);
      runs[0] = counting(-5, result(0, [-30]));
      expect((await counted({ mayBeCopy: true }, runs, list)).sends).toEqual([{ at: at(-30) }]);
    });
  });

  test.each([
    ['of another workflow', history([-10, begins({}, 'another')])],
    [
      'whose request is no object, and that has called',
      history([-10, begins(NO_REQUEST)], [-10, asks('readAttribute')]),
    ],
    [
      'whose request is no object, and that has taken a message in',
      history([-10, begins(NO_REQUEST)], [-10, joins({})]),
    ],
    ['without events', []],
    ['that a reset has made', history([-10, begins({}, WORKFLOW_TYPE, runId(5))])],
  ])('is used up where a run is one %s', async (_, run) => {
    expect(await count(run)).toEqual(usedUp(0));
  });
});

test('a run that nobody can open, and that has done nothing, counts nothing; those that are listed do', async () => {
  const sent = history([-20, begins({}, WORKFLOW_TYPE, '')], [-20, asks('sendCode')], [-20, completes]);
  const list = async () => [0, 1].map((index) => ({ runId: runId(index), endedAt: at(-4) }));
  const runs = [history([-5, begins(NO_REQUEST)], [-4, isFailed({})]), sent];
  expect(await countFrom({ previousRunId: runId(0) }, runs, list)).toEqual({ sends: [at(-20)], attempts: [] });
});

describe('a request that may be a copy', () => {
  const sent = (minute: number, request: object = {}) =>
    history([minute, begins(request, WORKFLOW_TYPE, '')], [minute, asks('sendCode')], [minute, completes]);
  const listed = (...runs: [index: number, endedAt?: number][]) =>
    vi.fn<EarlierRuns['list']>(async () => [
      { runId: OWN },
      ...runs.map(([index, endedAt]) => ({
        runId: runId(index),
        endedAt: endedAt === undefined ? endedAt : at(endedAt),
      })),
    ]);
  const copied = (minute: number) => ({ stamp: { at: at(minute) } });

  test('counts what the server lists, each run once, as far as the hour goes', async () => {
    const runs = [sent(-10), sent(-20, { previousRunId: runId(2) }), sent(-30), sent(-80)];
    const list = listed([0, -9], [1, -19], [2, -29], [3, -79]);
    const { sends } = await countFrom({ mayBeCopy: true }, runs, list);
    expect(sends).toEqual([at(-10), at(-20), at(-30)]);
    expect((await countFrom({ mayBeCopy: true, previousRunId: runId(1) }, runs, list)).sends.sort()).toEqual(
      [at(-10), at(-20), at(-30)].sort(),
    );
  });

  test.each([
    ['eleven seconds old', -5 - 11 / 60],
    ['eleven seconds ahead', -5 + 11 / 60],
    ['older than a request can be', -40],
  ])('cuts no chain: the request of an earlier run is %s', async (_, sentAt) => {
    const runs = [sent(-5, copied(sentAt)), sent(-30)];
    expect((await countFrom({ previousRunId: runId(0) }, runs, listed([0, -4], [1, -29]))).sends).toEqual([
      at(-5),
      at(-30),
    ]);
  });

  test('is none within ten seconds', async () => {
    expect((await count(sent(-5, copied(-5 - 9 / 60)))).sends).toEqual([at(-5)]);
  });

  const idle = () =>
    history(
      [-5, begins({}, WORKFLOW_TYPE, '')],
      [-5, { workflowExecutionCompletedEventAttributes: { result: payloads({ outcome: 'alreadyVerified' }) } }],
    );

  test.each([
    [12, [at(-30)]],
    [49, [at(-30)]],
    [50, usedUp(-4).sends],
  ])('counts the one before %i that found the attribute verified, up to 49', async (idleRuns, expected) => {
    const runs = [...Array.from({ length: idleRuns }, idle), sent(-30)];
    const list = listed(...runs.map((_, index) => [index, -4] as [number, number]));
    const { sends } = await counted({ mayBeCopy: true }, runs, list);
    expect(sends.map((call) => call.at)).toEqual(expected);
  });

  test('is used up past ten runs, so that copies push no run out of the list', async () => {
    const runs = Array.from({ length: 11 }, () => sent(-5, copied(-40)));
    const list = listed(...runs.map((_, index) => [index, -4] as [number, number]));
    expect((await countFrom({ mayBeCopy: true }, runs, list)).sends).toEqual(expect.arrayContaining(usedUp(-4).sends));
    expect(list).toHaveBeenCalledExactlyOnceWith(expect.anything(), 62);
  });

  test('is used up where the server does not list', async () => {
    expect(await countFrom({ mayBeCopy: true }, [], () => Promise.reject(ofServer(7)))).toEqual(usedUp(0));
    await expect(countFrom({ mayBeCopy: true }, [], () => Promise.reject(ofServer(14)))).rejects.toThrow();
  });
});

const readWith = (runs: Partial<EarlierRuns>) => {
  const stored: EarlierRuns = {
    async *events() {
      yield* history([-10, begins()], [-10, asks('sendCode')]);
    },
    list: async () => [],
    open: async () => ({}),
    ...runs,
  };
  const input = { runId: OWN, previousRunId: runId(0), startedAt: at(0) };
  return new MockActivityEnvironment().run(() => createEarlierCalls(stored).countEarlierCalls(input));
};
const named = (name: string) => Object.assign(new Error('of the codec'), { name });
const ofServer = (code: number) => Object.assign(new Error('of the server'), { code });

describe('an error', () => {
  test.each<[string, Error]>([
    ['a payload that is refused', named('PayloadRefusedError')],
    ['a key that is missing', named('UnknownKeyError')],
    ['no key', ApplicationFailure.create({ message: 'no key' })],
    ['a run that was deleted', ofServer(5)],
    ['a run that may not be read', ofServer(7)],
  ])('that stays counts as used up: %s', async (_, error) => {
    expect(await readWith({ open: () => Promise.reject(error) })).toMatchObject(allUsedUp(at(0)));
  });

  test.each<[string, Error]>([
    ['a key service that is away', named('KeyServiceError')],
    ['a deadline that showed as a cancellation', ofServer(1)],
    ['a deadline', ofServer(4)],
    ['a server that has too much to do', ofServer(8)],
    ['a server that is away', ofServer(14)],
  ])('that may pass is tried again: %s', async (_, error) => {
    await expect(readWith({ open: () => Promise.reject(error) })).rejects.toThrow(error);
    const events = (): AsyncIterable<Event> => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
    });
    await expect(readWith({ events })).rejects.toThrow(error);
  });
});
