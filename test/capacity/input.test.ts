/** Wrong inputs: each error names the field and says what is allowed. And the numbers that other pages own. */
import { readFile } from 'node:fs/promises';
import { POLICY_FIELDS } from '@cognito-verification/contract';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { describe, expect, it } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { BACKOFF } from '../../activities/call-failure.js';
import { COSTS, type Cost, CPU_MS } from '../../capacity/costs.js';
import { BACKOFF_SECONDS, BUDGET_SECONDS, MOST_FOR_START } from '../../capacity/day.js';
import { estimate } from '../../capacity/estimate.js';
import { EXAMPLES } from '../../capacity/examples.js';
import { FIELDS, InputError, resolveInput } from '../../capacity/input.js';
import { withAdvisedLimit } from '../../capacity/verdict.js';
import { report } from '../../cli/capacity-report.js';
import { DIRECT_CALLS, USUAL_QUOTAS } from '../../doctor/call-rates.js';
import { WORKER_SETTINGS } from '../../worker/worker-settings.js';
import * as calls from '../../workflows/cognito-calls.js';

const page = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('an input', () => {
  it.each([
    [undefined, 'must be a JSON object'],
    [[], 'must be a JSON object'],
    [{}, 'must have one of startsByHour (24 numbers) and perDay (a number), not both; found neither'],
    [{ perDay: 1, startsByHour: [] }, 'not both; found both'],
    [{ perDay: 0 }, 'perDay must be a number from 1 to'],
    [{ perDay: '5' }, 'perDay must be a number from 1 to 10000000000; found "5"'],
    [{ startsByHour: [1, 2] }, 'startsByHour must be 24 numbers'],
    [{ startsByHour: Array(24).fill(0) }, 'startsByHour must have an hour with verifications'],
    [{ startsByHour: [...Array(23).fill(1), -1] }, 'startsByHour[23] must be a number from 0'],
    [{ perDay: 1, users: 5 }, '"users" is no field of the input; allowed: startsByHour, perDay, resendShare'],
    [{ perDay: 1, codeMedianSeconds: 50, codeP95Seconds: 40 }, 'codeP95Seconds must be at least codeMedianSeconds, 50'],
    [{ perDay: 1, accounts: 3, workers: 2 }, 'workers must be at least one for each of 3 accounts'],
    [
      { perDay: 0, accounts: 0.5, codeP95Seconds: '1', users: 1, pools: 2 },
      /^codeP95Seconds must .*; accounts must .*; perDay must .*; "users", "pools" are no fields of the input; allowed: [^;]*$/,
    ],
    [{ perDay: 400, toString: 1 }, '"toString" is no field of the input; allowed: '],
    // What is unknown is compared with nothing.
    [{ perDay: 1, codeMedianSeconds: 500, codeP95Seconds: '1' }, /^codeP95Seconds must be a number [^;]*; found "1"$/],
  ])('%j is refused', (given, message) => {
    expect(() => resolveInput(given)).toThrow(InputError);
    expect(() => resolveInput(given)).toThrow(message);
  });

  it.each(Object.entries(FIELDS))('%s out of range is refused with its name and its limits', (name, field) => {
    const { least, most } = field;
    for (const value of [least - 1, most + 1, 'many', Number.NaN, {}, true]) {
      expect(() => resolveInput({ perDay: 1, [name]: value })).toThrow(
        new RegExp(`^${name} must be a (whole )?number from ${least} to ${most}`),
      );
    }
    const isNullable = 'nullable' in field;
    const withNull = () => resolveInput({ perDay: 1, [name]: null });
    if (isNullable) expect(withNull).not.toThrow();
    else expect(withNull).toThrow(name);
  });
});

/** The model imports nothing of the product, so it has some of its numbers too; and doctor one of the allowance. */
describe('a number with two places', () => {
  const { scheduleToCloseTimeout, scheduleToStartTimeout } = calls.SEND_BUDGET;
  const sendMs = msToNumber(scheduleToCloseTimeout);
  const direct = WORKER_SETTINGS.directCallsPerSecond;
  it.each([
    ['the budget of a send', BUDGET_SECONDS.send * 1_000, sendMs],
    ['the wait of a send for its turn', MOST_FOR_START.send * sendMs, msToNumber(scheduleToStartTimeout)],
    ['the budget of an attempt', BUDGET_SECONDS.attempt * 1_000, calls.MOST_FOR_ATTEMPT_MS],
    ['the wait of an attempt for its turn', MOST_FOR_START.attempt, calls.MOST_FOR_START],
    ['the budget of a look', BUDGET_SECONDS.look * 1_000, calls.READ_BUDGET_MS.patient],
    ['the least backoff', BACKOFF_SECONDS.least * 1_000, BACKOFF.leastMs],
    ['the first backoff', BACKOFF_SECONDS.first * 1_000, BACKOFF.firstMs],
    ['the longest backoff', BACKOFF_SECONDS.longest * 1_000, BACKOFF.maxMs],
    ['the quota of attempts', FIELDS.attemptsPerSecond.default, USUAL_QUOTAS.attempts],
    ['the quota of sends', FIELDS.sendsPerSecond.default, USUAL_QUOTAS.sends],
    ['the quota of looks', FIELDS.looksPerSecond.default, USUAL_QUOTAS.looks],
    ['the allowance', FIELDS.directCallsPerSecond.default, direct.default],
    ['the largest allowance', FIELDS.directCallsPerSecond.most, direct.most],
    ['the deadline', FIELDS.deadlineSeconds.default * 1_000, msToNumber(POLICY_FIELDS.deadline.default)],
    ['the shortest deadline', FIELDS.deadlineSeconds.least * 1_000, msToNumber(POLICY_FIELDS.deadline.least)],
    ['the longest deadline', FIELDS.deadlineSeconds.most * 1_000, msToNumber(POLICY_FIELDS.deadline.most)],
  ])('is the same in both: %s', (_, inModel, inProduct) => {
    expect(inModel).toBe(inProduct);
  });

  it.each([
    ['send', DIRECT_CALLS.sends],
    ['attempt', DIRECT_CALLS.attempts],
    ['look', DIRECT_CALLS.looks],
  ] as const)('is the same in both: calls of a unit of the allowance, %s', (kind, most) => {
    const allowance = new Allowance(1, { now: () => 0 });
    const draws = Array.from({ length: 5 }, () => allowance.draw(kind, 'eu-west-1_AbC', () => Promise.resolve()));
    expect(draws.filter((call) => call !== undefined)).toHaveLength(most);
  });
});

describe('the advised limit of the task queue of calls', () => {
  it.each([
    // The rows of docs/limits.md.
    [25, 20, 12],
    [25, 6, 18],
    [25, 0, 24],
    [25.5, 0, 24],
    [4, 20, 1],
    [3, 1, 1],
    [2, 20, undefined],
    [1, 0, undefined],
    [0.5, 20, undefined],
  ])('with a quota of %d and an allowance of %i is %j', (attemptsPerSecond, directCallsPerSecond, advised) => {
    const given = resolveInput({ perDay: 1, attemptsPerSecond, directCallsPerSecond, deadlineSeconds: 60 });
    const input = { ...given, startsByHour: [5, 5, 5] };
    const estimated = estimate(input, 20);
    const [, found] = /Set it to (.*)\.$/.exec(report(input, estimated, withAdvisedLimit(input, estimated, 20))) ?? [];
    expect(found).toBe(advised === undefined ? undefined : String(advised));
    if (advised !== undefined)
      expect(Math.min(directCallsPerSecond, advised) + advised).toBeLessThan(attemptsPerSecond);
  });
});

describe('the costs', () => {
  it('are those of docs/performance.md', async () => {
    const rows = new Map(
      (await page('performance.md'))
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .map((line) => line.split('|').map((cell) => cell.trim()))
        .map(([, name = '', events, , actions]) => [name, { events: Number(events), actions: Number(actions) }]),
    );
    const sum = ({ events, actions }: Cost, added: Cost) => ({
      events: events + added.events,
      actions: actions + added.actions,
    });
    const nothing = { events: 0, actions: 0, bytes: 0 };
    expect(rows.get('right code')).toEqual(sum(COSTS.verified, nothing));
    expect(rows.get('one wrong code')).toEqual(sum(COSTS.verified, COSTS.wrongCode));
    expect(rows.get('one re-send')).toEqual(sum(COSTS.verified, COSTS.resend));
    expect(rows.get('expired')).toEqual(sum(COSTS.expired, nothing));
  });

  it('of CPU are those of docs/performance.md, rounded', async () => {
    const text = await page('performance.md');
    const ms = (of: string) => Number(new RegExp(`^\\| CPU of ${of}, ms +\\| ([\\d.]+) `, 'm').exec(text)?.[1]);
    expect(CPU_MS).toEqual({ worker: Math.round(ms('worker')), server: Math.round(ms('server') + ms('database')) });
  });

  it('without an allowance are those of the page on limits', async () => {
    const limits = await page('limits.md');
    const { queuedFirstSend, queuedCode } = COSTS;
    const [events, actions] = (['events', 'actions'] as const).map(
      (of) => COSTS.verified[of] + queuedFirstSend[of] + queuedCode[of],
    );
    expect(limits.replaceAll('\n', ' ')).toContain(`at ${events} events and ${actions} actions instead of`);
  });
});

describe('docs/capacity.md', () => {
  it('has every field with its default and its limits', async () => {
    const rows = (await page('capacity.md')).split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
    for (const [name, { meaning, default: value, least, most }] of Object.entries(FIELDS))
      expect(rows).toContain(`| \`${name}\` | ${meaning} | ${value ?? 'none'} | ${least} to ${most} |`);
  });

  it('shows the examples that the command prints', async () => {
    const text = await page('capacity.md');
    for (const [name, example] of Object.entries(EXAMPLES)) {
      expect(text).toContain(`--example ${name}`);
      const input = resolveInput(example);
      const estimated = estimate(input);
      expect(text).toContain(`\`\`\`\n${report(input, estimated, withAdvisedLimit(input, estimated))}\n\`\`\`\n`);
    }
  });
});
