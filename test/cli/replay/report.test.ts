/** What needs no histories: how many runs are sampled from each state, and the report for a CI server. */
import { UnknownKeyError } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTE_KEYS } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../cli/replay/junit.js';
import { ReplayReport } from '../../../cli/replay/report.js';
import { evenShares, fetchHistories, queryOf, sampleRuns } from '../../../replay/live-histories.js';
import { replayProblem } from '../../../replay/problem.js';
import { StandIns } from '../../../replay/stand-ins.js';

describe('a sample is even over the states', () => {
  it.each([
    [[100, 100], 10, [5, 5]],
    [[2, 100, 100], 10, [2, 4, 4]],
    [[0, 3], 10, [0, 3]],
    [[9, 9, 9], 2, [1, 1, 0]],
    [[1, 1_000_000], 500, [1, 499]],
  ])('%j with a limit of %i: %j', (counts, limit, shares) => {
    expect(evenShares(counts, limit)).toEqual(shares);
  });

  it('a sample has the requested size if possible, and its states differ by at most one unless they run out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 9 }), fc.nat(200), (counts, limit) => {
        const shares = evenShares(counts, limit);
        const total = counts.reduce((sum, count) => sum + count, 0);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.min(limit, total));
        const most = Math.max(0, ...shares);
        for (const [index, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(counts[index] ?? 0);
          if (share < (counts[index] ?? 0)) expect(share).toBeGreaterThanOrEqual(most - 1);
        }
      }),
    );
  });

  it('a user’s query is narrowed to verifications', () => {
    expect(queryOf({ query: "A = 'a' OR B = 'b'", since: new Date(0) })).toBe(
      "WorkflowType = 'attributeVerification' AND (A = 'a' OR B = 'b')",
    );
  });
});

const BUNDLE = { path: 'bundle.js', code: '', build: '0a1b2c' };

describe('what a namespace lists', () => {
  const selection = { since: new Date(0), limit: 500 };
  const listing = (states: readonly (string | undefined)[], asked: string[] = []) => {
    async function* list() {
      for (const [index, state] of states.entries()) {
        yield await Promise.resolve({
          workflowId: `w${index}`,
          runId: `r${index % 12_000}`,
          typedSearchAttributes: new TypedSearchAttributes(
            state === undefined ? [] : [{ key: SEARCH_ATTRIBUTE_KEYS.state, value: state }],
          ),
        });
      }
    }
    const count = (query: string) => Promise.resolve(asked.push(query));
    return { workflow: { list, count } } as unknown as Pick<Client, 'workflow'>;
  };

  it('is sampled over all states, including those of newer builds', async () => {
    const states = ['awaitingCode', 'awaitingCode', 'awaitingCode', 'frozenByANewerBuild', undefined];
    const { runs, matched, truncated } = await sampleRuns(listing(states), { ...selection, limit: 3 });
    expect(runs.map(({ workflowId }) => workflowId)).toEqual(['w0', 'w3', 'w4']);
    expect({ matched, truncated }).toEqual({ matched: 5, truncated: false });
  });

  it('is taken once if a change of state lists it twice', async () => {
    const { runs } = await sampleRuns(listing(Array.from({ length: 12_001 }, () => 'awaitingCode')), {
      ...selection,
      limit: 20_000,
    });
    expect(runs).toHaveLength(12_000);
  });

  it('is sampled to the requested size, and the report says that it is a sample', async () => {
    const all = listing(Array.from({ length: 40 }, () => 'awaitingCode'));
    const sample = await sampleRuns(all, { ...selection, limit: 5 }, 10);
    expect(sample).toMatchObject({ matched: 10, truncated: true });
    expect(await sampleRuns(all, { ...selection, limit: 30 }, 10)).toMatchObject({ matched: 30, truncated: true });
    expect(await sampleRuns(all, { ...selection, limit: 40 }, 10)).toMatchObject({ matched: 40, truncated: false });
    const report = new ReplayReport(BUNDLE);
    report.source = { namespace: 'n', query: 'q', matched: 10, truncated: true, taken: 10, gone: 2 };
    expect(report.text()).toContain('A sample of 10 from more than 10 (the oldest were not looked at)');
    expect(report.text()).toContain('2 that the namespace had removed');
  });

  it('counts as empty only after a query for a state, which fails in a namespace that was never set up', async () => {
    const queries: string[] = [];
    await sampleRuns(listing([], queries), selection);
    expect(queries).toEqual([expect.stringContaining('VerificationState')]);
  });
});

describe('the report for people', () => {
  it('contains nothing that a terminal interprets', () => {
    const report = new ReplayReport(BUNDLE);
    const evil = 'a\u001b[2Jb\u202ec\n9 histories: all replay';
    const facts = { workflowType: evil, state: evil, events: 9, begun: true };
    const problem = { kind: 'nondeterminism', message: evil, hint: 'Mend it' } as const;
    report.add({ recorded: { workflowId: evil, history: { events: [] } }, facts, problem, unopened: 0 });
    for (const hidden of ['\u001b', '\u202e', '\n9 histories']) expect(report.text()).not.toContain(hidden);
  });

  it('distinguishes what does not replay, what could not be replayed, and what has not begun', () => {
    const report = new ReplayReport(BUNDLE);
    const facts = { workflowType: 't', state: 's', events: 9, begun: true };
    const recorded = { workflowId: 'w', history: { events: [] } };
    report.add({ recorded, facts, unopened: 0, problem: { kind: 'taskFailed', message: 'm', hint: 'h' } });
    report.add({ recorded, facts, unopened: 0, problem: { kind: 'sealed', message: 'm', hint: 'h' } });
    report.add({ recorded, facts: { ...facts, begun: false }, unopened: 0 });
    report.error = new Error('the connection has gone');
    expect(report.text()).toMatch(/^2 histories .*: 1 does not replay, 1 could not be read or opened\.$/m);
    expect(report.text()).toContain('1 more that no worker has started yet');
    expect(report.text()).toContain('1 without the event');
    expect(report.text()).toContain('It stopped before the end: the connection has gone');
    const xml = junitReport(report);
    expect(xml).toMatch(/<testsuites name="replay" tests="4" failures="1" errors="2" skipped="1"/);
    expect(xml).toContain('<error type="sealed" message="m">');
    expect(xml).toContain('<skipped message=');
    expect(xml).toContain('<error type="Internal" message="the connection has gone"/>');
  });
});

describe('failures for the same reason', () => {
  const failing = (workflowId: string, eventId: number, message: string) => ({
    recorded: { workflowId, runId: 'r', history: { events: [] } },
    facts: { workflowType: 't', state: 's', events: 9, begun: true },
    problem: { kind: 'nondeterminism', eventId, message, hint: 'Mend it' } as const,
    unopened: 0,
  });

  it('are reported once, with their number and some of them, in a stable order', () => {
    const all = ['e', 'b', 'd', 'a', 'c'].map((id, index) =>
      failing(id, index + 5, `At event ${index + 5} the history has x; this build does y.`),
    );
    const thrown = failing('z', 9, 'The code of this build throws while it replays event 9, an event: m.');
    const textOf = (order: readonly (typeof thrown)[]) => {
      const report = new ReplayReport(BUNDLE);
      for (const one of order) report.add(one);
      return report.text();
    };
    const text = textOf([thrown, ...all]);
    expect(text).toContain(`
5: The history has x; this build does y.
  a (run r, s), event 8
  b (run r, s), event 6
  c (run r, s), event 9
  and 2 more, which --json and --junit list

1: The code of this build throws while it replays an event: m.
  z (run r, s), event 9

Mend it`);
    const bodyOf = (whole: string) => whole.slice(whole.indexOf('\n'));
    expect(bodyOf(textOf([...all, thrown].toReversed()))).toBe(bodyOf(text));
  });

  it('files that cannot be read have neither a version nor a state', () => {
    const report = new ReplayReport(BUNDLE);
    for (const file of ['a.json', 'b.json']) {
      report.addUnreadable({ file, problem: { kind: 'unreadable', message: 'It is no JSON.', hint: 'h' } });
    }
    expect(report.text()).toContain('\n  not readable: 2\n');
    expect(report.text()).not.toMatch(/unknown|worker/);
    expect(report.document()).toMatchObject({ replayed: 2, failed: 2, unreadable: 2, versions: [], states: {} });
    const xml = junitReport(report);
    expect(xml).toContain('<testsuite name="not readable" tests="2"');
    expect(xml).toContain('<testcase classname="not readable" name="a.json">');
  });
});

describe('a missing key', () => {
  it('is reported in words that fit a production key and the key of a redacted file', () => {
    const unopened = [new UnknownKeyError('key-7', ['other'])];
    const { message, hint } = replayProblem(new Error('x'), { events: [] }, { unopened });
    expect(message).toBe(
      'Its payloads cannot be opened: they are sealed with the key "key-7", which is not among those given.',
    );
    expect(hint).toMatch(/keys .* of the workers .* --seal-key-file/);
  });
});

describe('the JUnit report', () => {
  it('holds any workflow id', () => {
    const report = new ReplayReport(BUNDLE);
    const facts = { workflowType: 'attributeVerification', state: 'awaitingCode', events: 9, begun: true };
    const history = { events: [] };
    const problem = { kind: 'nondeterminism', message: 'A "<timer>" & more', hint: 'Mend it' } as const;
    report.add({ recorded: { workflowId: '<&">\u0000\n\ud800]]>', history }, facts, problem, unopened: 0 });
    report.add({ recorded: { workflowId: 'good', runId: 'r', history }, facts, unopened: 0 });
    const xml = junitReport(report).replaceAll(/time="[\d.]+"/g, 'time="…"');
    expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="replay" tests="2" failures="1" errors="0" skipped="0" time="…">
  <testsuite name="attributeVerification, recorded with no worker" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="attributeVerification.awaitingCode" name="&lt;&amp;&quot;&gt;\ufffd&#10;\ufffd]]&gt;">
      <failure type="nondeterminism" message="A &quot;&lt;timer&gt;&quot; &amp; more">A &quot;&lt;timer&gt;&quot; &amp; more&#10;Mend it</failure>
    </testcase>
    <testcase classname="attributeVerification.awaitingCode" name="good run r"/>
  </testsuite>
</testsuites>
`);
  });
});

describe('messages of the SDK become sentences', () => {
  const details = (message: string) =>
    Object.assign(
      new Error(
        `Details: Failure { failure: Some(Failure { message: "[TMPRL1100] Nondeterminism error: ${message}", x`,
      ),
      { name: 'DeterminismViolationError' },
    );
  const history = { events: [] };

  it.each([
    [
      'Timer machine does not handle this event: HistoryEvent(id: 7, ActivityTaskScheduled)',
      'At event 7 the history has an event; this build sets a timer there.',
    ],
    [
      'No command scheduled for event HistoryEvent(id: 12, TimerStarted)',
      'At event 12 the history has an event; this build does nothing there.',
    ],
    [
      "Activity type of scheduled event 'sendCode' does not match activity type of activity command 'send'",
      'The history has activity type sendCode; this build has activity type send there.',
    ],
    [
      'Non-deprecated patch marker encountered for change new-order, but there is no corresponding change command!',
      'The history has the patch new-order; this build does not ask for that patch.',
    ],
    [
      'Complete workflow machine does not handle this event: HistoryEvent(id: 9, TimerStarted)',
      'At event 9 the history has an event; this build ends as completed there.',
    ],
    [
      'Something new in HistoryEvent { event_id: 4, data: zoe@example.com }',
      'At event 4 the history has an event; this build does something else (Something new in HistoryEvent { event_id: 4, data: [email] }).',
    ],
  ])('%s', (said, sentence) => {
    expect(replayProblem(details(said), history, { unopened: [] }).message).toBe(sentence);
  });
});

describe('a stand-in', () => {
  it('of a code is another code of the same form, and always the same', () => {
    const standIns = new StandIns();
    fc.assert(
      fc.property(fc.stringMatching(/^\d{6}$/), (code) => {
        const standIn = standIns.code(code);
        expect(standIn).toMatch(/^\d{6}$/);
        expect(standIn).not.toBe(code);
        expect(standIns.code(code)).toBe(standIn);
      }),
    );
  });

  it('replaces the value in texts too', () => {
    const standIns = new StandIns();
    const standIn = standIns.code('code-ab12');
    expect(standIns.text('Refused code-ab12 of zoe@example.com')).toBe(`Refused ${standIn} of [email]`);
  });
});

describe('a history that the namespace does not give', () => {
  const refusing = (code: number, details: string) => async () => {
    throw Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });
  };
  const fetched = async (refuse: () => Promise<never>) => {
    const history = { events: [] };
    const getHandle = (workflowId: string) => ({
      fetchHistory: workflowId === 'large' ? refuse : () => Promise.resolve(history),
    });
    const client = { workflow: { getHandle } } as unknown as Parameters<typeof fetchHistories>[0];
    const runs = ['one', 'large', 'two'].map((workflowId) => ({ workflowId, runId: `run of ${workflowId}` }));
    const all = [];
    for await (const one of fetchHistories(client, runs, { concurrency: 2 })) all.push(one);
    return all;
  };

  it('because it is too large or broken is a problem with its name, and the others are fetched', async () => {
    for (const [code, details] of [
      [8, 'Received message larger than max (5702034 vs 4194304)'],
      [15, 'history is corrupted'],
    ] as const) {
      const all = await fetched(refusing(code, details));
      expect(all.map(({ workflowId }) => workflowId)).toEqual(['one', 'large', 'two']);
      expect(all[1]).toMatchObject({ runId: 'run of large', problem: { kind: 'notReplayed' } });
    }
  });

  it('because of the namespace or the connection stops the replay', async () => {
    for (const [code, details] of [
      [8, 'namespace rate limit exceeded'],
      [14, 'connection refused'],
    ] as const) {
      await expect(fetched(refusing(code, details))).rejects.toThrow(details);
    }
  });
});
