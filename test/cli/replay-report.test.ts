/** What needs no histories: how much is taken from each state, and the report that a CI server reads. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { junitReport } from '../../cli/replay-junit.js';
import { ReplayReport } from '../../cli/replay-report.js';
import { evenShares, queryOf } from '../../worker/live-histories.js';
import { replayProblem } from '../../worker/replay-problem.js';
import { StandIns } from '../../worker/stand-ins.js';

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

  it('whatever there is: all of it or as many as are wanted, and none short that has more to give', () => {
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

  it('a query of one’s own is narrowed to verifications', () => {
    expect(queryOf({ query: "A = 'a' OR B = 'b'", since: new Date(0) })).toBe(
      "WorkflowType = 'attributeVerification' AND (A = 'a' OR B = 'b')",
    );
  });
});

describe('the JUnit report', () => {
  it('holds whatever a workflow id may be', () => {
    const report = new ReplayReport({ path: 'bundle.js', code: '', build: '0a1b2c' }, { files: 2 });
    const facts = { workflowType: 'attributeVerification', state: 'awaitingCode', events: 9, begun: true };
    const history = { events: [] };
    const problem = { kind: 'nondeterminism', message: 'A "<timer>" & more', hint: 'Mend it' } as const;
    report.add({ recorded: { workflowId: '<&">\u0000\n\ud800]]>', history }, facts, problem, unopened: 0 });
    report.add({ recorded: { workflowId: 'good', runId: 'r', history }, facts, unopened: 0 });
    const xml = junitReport(report).replaceAll(/time="[\d.]+"/g, 'time="…"');
    expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="replay" tests="2" failures="1" errors="0" time="…">
  <testsuite name="attributeVerification, recorded with no worker" tests="2" failures="1" errors="0">
    <testcase classname="attributeVerification.awaitingCode" name="&lt;&amp;&quot;&gt;\ufffd&#10;\ufffd]]&gt;">
      <failure type="nondeterminism" message="A &quot;&lt;timer&gt;&quot; &amp; more">A &quot;&lt;timer&gt;&quot; &amp; more&#10;Mend it</failure>
    </testcase>
    <testcase classname="attributeVerification.awaitingCode" name="good run r"/>
  </testsuite>
</testsuites>
`);
  });
});

describe('what the SDK says becomes a sentence', () => {
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
  it('of a code is another of the same form, and the same each time', () => {
    const standIns = new StandIns();
    fc.assert(
      fc.property(fc.stringMatching(/^\d{6}$/), (code) => {
        const other = standIns.code(code);
        expect(other).toMatch(/^\d{6}$/);
        expect(other).not.toBe(code);
        expect(standIns.code(code)).toBe(other);
      }),
    );
  });

  it('is found in texts too', () => {
    const standIns = new StandIns();
    const other = standIns.code('code-ab12');
    expect(standIns.text('Refused code-ab12 of zoe@example.com')).toBe(`Refused ${other} of [email]`);
  });
});
