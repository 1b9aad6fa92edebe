/** What `capacity` says to people: its verdict looks at waits too, and who follows its advice is better off. */
import { describe, expect, it } from 'vitest';
import { svgChart, terminalChart } from '../../capacity/chart.js';
import { type Estimate, estimate } from '../../capacity/estimate.js';
import { type CapacityInput, type GivenInput, resolveInput } from '../../capacity/input.js';
import { mustRaise, verdictOf, withAdvisedLimit } from '../../capacity/verdict.js';
import { report } from '../../cli/capacity-report.js';

const SLOT_SECONDS = 100;

/** Three slots. In each of them this many verifications start in a second. */
function inputOf(perSecond: number, given: GivenInput = {}): CapacityInput {
  const quick = { deadlineSeconds: 600, codeMedianSeconds: 10, codeP95Seconds: 30 };
  const starts = perSecond * SLOT_SECONDS;
  return { ...resolveInput({ perDay: 1, ...quick, ...given }), startsByHour: [starts, starts, starts] };
}

function answerTo(input: CapacityInput): { estimated: Estimate; text: string } {
  const estimated = estimate(input, SLOT_SECONDS);
  return { estimated, text: report(input, estimated, withAdvisedLimit(input, estimated, SLOT_SECONDS)) };
}

const TOO_LITTLE = 'it is too little';
const PEAKS_WAIT = 'the mean of the hour suffices, but people wait in its peaks, most likely for this';

describe('the verdict', () => {
  it.each([
    [
      12,
      { attemptsPerSecond: 2 },
      'attempts',
      TOO_LITTLE,
      'Only more accounts can help: the busiest hour fills 6.3 accounts, so set "accounts" to 9 or more.',
    ],
    [
      12,
      { sendsPerSecond: 4 },
      'sends',
      TOO_LITTLE,
      'Ask AWS for a higher quota, or take more accounts: the busiest hour',
    ],
    [
      12,
      { looksPerSecond: 4 },
      'looks',
      TOO_LITTLE,
      'Ask AWS for a higher quota, or take more accounts: the busiest hour',
    ],
    [
      12,
      { emailsPerDay: 50 },
      'emails',
      TOO_LITTLE,
      '(EmailSendingAccount: DEVELOPER), or set "accounts" to 78 or more.',
    ],
    [5, { queueCallsPerSecond: 0.3 }, 'queue', TOO_LITTLE, 'Set "queueCallsPerSecond" to 12.'],
    [
      22,
      { queueCallsPerSecond: 1 },
      'queue',
      TOO_LITTLE,
      'Set "queueCallsPerSecond" to 12. Above 12 the attempts of a second',
    ],
    [
      22,
      { queueCallsPerSecond: 12 },
      'queue',
      TOO_LITTLE,
      "Above 12 the attempts of a second can pass Cognito's quota. Take",
    ],
    [
      12,
      { workers: 1, workerCores: 0.2 },
      'workerCpu',
      TOO_LITTLE,
      'More workers may help: the busiest hour fills 1.5 workers, so set "workers" to 3',
    ],
    [
      12,
      { serverCores: 0.4 },
      'serverCpu',
      TOO_LITTLE,
      'larger server may help: the busiest hour fills 0.56 cores, so set "serverCores" to 1 or more.',
    ],
    [22, { queueCallsPerSecond: 30 }, 'attempts', PEAKS_WAIT, 'fills 0.92 accounts, so set "accounts" to 2 or more.'],
    [
      12,
      { attemptsPerSecond: 2, workers: 2 },
      'attempts',
      TOO_LITTLE,
      'fills 6.3 accounts, so set "accounts" to 9 and "workers" to 9 or more.',
    ],
    [
      12,
      { emailsPerDay: 50, workers: 2 },
      'emails',
      TOO_LITTLE,
      'DEVELOPER), or set "accounts" to 78 and "workers" to 78 or more.',
    ],
    [
      5,
      { attemptsPerSecond: 2.9, queueCallsPerSecond: 1 },
      'queue',
      TOO_LITTLE,
      'The quota of attempts leaves no room for a limit of the queue. Take more accounts: the busiest hour fills',
    ],
    [
      5,
      { queueCallsPerSecond: 0.3, serverCores: 0.15 },
      'queue',
      TOO_LITTLE,
      'Set "queueCallsPerSecond" to 12. A larger server may help: the busiest hour fills 0.23 cores, so set',
    ],
    // The processors of the server are nearer, but people wait for the queue.
    [
      5.5,
      { serverCores: 0.259, queueCallsPerSecond: 12, directCallsPerSecond: 0 },
      'queue',
      PEAKS_WAIT,
      'Set "queueCallsPerSecond" to 24.',
    ],
    // E-mails are nearer, but nobody waits for them.
    [22, { queueCallsPerSecond: 30, emailsPerDay: 7_500 }, 'attempts', PEAKS_WAIT, 'so set "accounts" to 2 or more.'],
  ] as const)(
    'for %d a second and %j is that of %s, and following its advice suffices where limits are not small',
    (perSecond, given, name, verdict, advice) => {
      const input = inputOf(perSecond, given);
      const { text } = answerTo(input);
      const [, remedy = ''] = new RegExp(`^binds {9}${name}, .*: ${verdict}\n {14}(.*)$`, 'm').exec(text) ?? [];
      expect(remedy).toContain(advice);
      const fields = [...remedy.matchAll(/"(\w+)" to (\d+)/g)].map(([, field = '', value]) => [field, Number(value)]);
      const better = answerTo(inputOf(perSecond, { ...given, ...Object.fromEntries(fields) }));
      expect(better.text).toMatch(/^binds .*(nothing; the nearest is|it suffices)/m);
    },
  );

  it.each([
    [22, 'binds         attempts, Cognito', 'it suffices, with little to spare\nwanted'],
    [0.001, 'binds         nothing; the nearest is attempts, 0.0 %: Cognito', '(VerifyUserAttribute)\nwanted'],
  ])('for %d a second says how near the nearest limit is', (perSecond, start, end) => {
    const { estimated, text } = answerTo(inputOf(perSecond));
    expect(text).toContain(start);
    expect(text).toContain(end);
    expect(estimated.binding).toBe('attempts');
  });

  it.each([
    [0.704, '(70.4 %)'],
    [1.003, '(100.3 %)'],
    [0.71, '(71 %)'],
    [0.034, '(3.4 %)'],
  ])('of a share of %d prints %s', (share, percent) => {
    const input = inputOf(1);
    const estimated = estimate(input, SLOT_SECONDS);
    const [limit] = estimated.limits;
    const limits = [{ ...limit, share }] as const;
    expect(report(input, { ...estimated, limits }, undefined)).toContain(percent);
  });

  it.each([
    [12, { attemptsPerSecond: 0.01 }, /"accounts" to \d{4} or more\.$/m],
    [0.001, { emailsPerDay: 0 }, /^binds {9}emails, .*: it is too little$[^]*^ {2}emails +0\.32 {2}of 0$/m],
    // The larger of two rules: what the hour fills, and what is needed anyway, which are two workers of each account.
    [5, { workers: 1, workerCores: 0.0604 }, /3 needed[^]*fills 2\.1 workers, so set "workers" to 4 or more\.$/m],
    [5, { accounts: 3, workers: 3, workerCores: 0.04 }, /6 needed[^]*workers, so set "workers" to 6 or more\.$/m],
  ])('for %d a second and %j says %s', (perSecond, given, words) => {
    expect(answerTo(inputOf(perSecond, given)).text).toMatch(words);
  });

  it('advises no e-mails of more accounts that have none', () => {
    expect(answerTo(inputOf(1, { emailsPerDay: 0 })).text).toMatch(/^ +Send by an SES identity.*DEVELOPER\)\.$/m);
  });
});

describe('the advised limit of the task queue of calls', () => {
  it.each([
    [{}, 12],
    [{ directCallsPerSecond: 0 }, 24],
  ])('is not to be set at %j while people would wait for it', (given, advised) => {
    const input = inputOf(22, given);
    const { text } = answerTo(input);
    expect(text).not.toContain('Set it to');
    const [, more] =
      new RegExp(
        `One of ${advised} would be too little:\na send would wait p95 .*, a code p95 .*First take more accounts. With that limit the busiest hour fills .*"accounts" to (\\d+)`,
      ).exec(text) ?? [];
    // Both are true: that limit makes people wait, and with so many accounts nobody does.
    const limited = { ...input, queueCallsPerSecond: advised };
    expect(mustRaise(estimate(limited, SLOT_SECONDS))).toBe(true);
    expect(verdictOf(estimate({ ...limited, accounts: Number(more) }, SLOT_SECONDS))).toBe('plenty');
  });

  it.each([
    ['where it does no harm', 5, {}, true],
    ['where one that is too little is lower', 5, { queueCallsPerSecond: 0.3 }, true],
    ['not where one is as high', 22, { queueCallsPerSecond: 12 }, false],
    ['not where one suffices', 5, { queueCallsPerSecond: 10 }, false],
    ['not where something else is too little', 12, { attemptsPerSecond: 4 }, false],
  ])('is tried %s', (_, perSecond, given, isTried) => {
    const input = inputOf(perSecond, given);
    expect(withAdvisedLimit(input, estimate(input, SLOT_SECONDS), SLOT_SECONDS) !== undefined).toBe(isTried);
  });
});

describe('waits', () => {
  const { estimated } = answerTo(inputOf(1));
  it.each([
    [0.5, 'under a second'],
    [119.4, '119 s'],
    [192, '3 min'],
    [7_170, '2 h'],
    [63_970, '17 h 46 min'],
  ])('of %d s are "%s"', (p95Seconds, words) => {
    const codeDelay = { ...estimated.codeDelay, p95Seconds };
    expect(report(inputOf(1), { ...estimated, codeDelay }, undefined)).toContain(
      `a code waits  p50 under a second, p95 ${words} in the worst hour, of those made\n`,
    );
  });

  it('are none where nothing was made', () => {
    const { text } = answerTo(inputOf(1, { emailsPerDay: 0 }));
    expect(text).toMatch(/^a send waits {2}none was made\na code waits {2}none was made$/m);
  });
});

it('lists e-mails only where they are limited: what happens and what is wanted differ', () => {
  expect(answerTo(inputOf(1)).text).not.toMatch(/^ {2}emails /m);
  expect(answerTo(inputOf(1, { emailsPerDay: 50 })).text).toMatch(/^ {2}emails +\d+ {2}of 50 /m);
});

describe('the chart', () => {
  const day = Array(24).fill(30) as number[];
  const estimated = estimate({ ...resolveInput({ perDay: 1 }), startsByHour: day }, 10);

  it('has a bar for each hour', () => {
    expect(svgChart(estimated).match(/<rect x/g)).toHaveLength(24);
    const [title, first = ''] = terminalChart(estimated).split('\n');
    expect(title).toBe('verifications that start in a second');
    expect(first.match(/██/g)).toHaveLength(24);
  });

  it.each([
    [[16, 17], 'seconds', '16 17', '17 s'],
    [[25, 99, 1_900], 'minutes', '<1 2  32', '32 min'],
    [[600, 245_100, 248_280], 'hours', '<1 68 69', '69 h'],
    [[400_000, 40_000], 'hours', '111 11', '111 h'],
  ])('has waits of %j in %s, with a space between', (waits, unit, labels, axis) => {
    const waiting = { ...estimated, sendDelayP95BySlot: day.map((_, hour) => waits[hour] ?? 0) };
    const lines = terminalChart(waiting).split('\n');
    expect(lines[0]).toBe(`verifications that start in a second, and what a send waits, 95th percentile in ${unit}`);
    expect(lines.at(-1)).toMatch(new RegExp(`^ p95 wait {2}${labels} +· `));
    expect(lines.at(-1)?.trimEnd()).toHaveLength((lines.at(-2) ?? '').trimEnd().length - 1);
    expect(svgChart(waiting)).toContain(`>${axis}</text>`);
  });
});
