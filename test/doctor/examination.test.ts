/** Whatever a check does, the examination ends in time, in order, and never green without an answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Check } from '../../doctor/check.js';
import { AREAS, CHECKS } from '../../doctor/checks.js';
import { CouldNotAskError } from '../../doctor/could-not-ask.js';
import { examine } from '../../doctor/examination.js';
import { once } from '../../doctor/once.js';

const check = (name: string, run: Check<number>['run']): Check<number> => ({
  name,
  area: 'temporal',
  title: `title of ${name}`,
  run,
});
const ok = (name: string) => ({ check: name, subject: 's', verdict: 'ok', found: 'Well.' }) as const;

it('keeps the order of the checks, and tells of each as it ends', async () => {
  const slow = check('slow', async (surroundings) => {
    await sleep(20);
    return [ok('slow'), { ...ok('slow'), subject: String(surroundings) }];
  });
  const ended: string[] = [];
  const findings = await examine([slow, check('quick', async () => [ok('quick')])], 7, {
    onDone: (name) => ended.push(name),
  });
  expect(findings.map(({ check: name, subject }) => `${name} ${subject}`)).toEqual(['slow s', 'slow 7', 'quick s']);
  expect(ended).toEqual(['quick', 'slow']);
});

const never = async () => await new Promise<never>(() => undefined);
const TOKEN = 'eyJraWQiOiJ4In0.eyJzdWIiOiJ4In0.c2ln';

it.each<[string, Check<number>['run'], object]>([
  ['throws', async () => await Promise.reject(new RangeError(`no ${TOKEN}`)), { found: 'RangeError: no [token]' }],
  ['answers nothing', async () => [], { found: 'Error: The check has found nothing at all.' }],
  ['does not end', never, { found: 'No answer within 0.05 seconds.' }],
  [
    'says why it could not',
    async () => await Promise.reject(new CouldNotAskError('No.', { text: 'Do.' }, { permission: 'sns:Get' })),
    { found: 'No.', remedy: { text: 'Do.' }, permission: 'sns:Get' },
  ],
])('a check that %s could not be asked', async (_what, run, finding) => {
  const findings = await examine([check('bad', run), check('good', async () => [ok('good')])], 1, { limitMs: 50 });
  expect(findings).toEqual([
    {
      check: 'bad',
      subject: 'title of bad',
      verdict: 'couldNotAsk',
      remedy: { text: expect.stringMatching(/^[A-Z].+\.$/) },
      ...finding,
    },
    ok('good'),
  ]);
});

it('a check that throws at once does not end the others', async () => {
  const bad = check('bad', () => {
    throw new Error('at once');
  });
  const findings = await examine([bad, check('good', async () => [ok('good')])], 1);
  expect(findings.map(({ verdict }) => verdict)).toEqual(['couldNotAsk', 'ok']);
});

it('a question is asked once, and its answer or error is for all', () => {
  let asked = 0;
  const ask = once(() => ++asked);
  const fail = once(() => {
    asked += 10;
    throw new Error('no');
  });
  expect([ask(), ask()]).toEqual([1, 1]);
  expect(fail).toThrow('no');
  expect(fail).toThrow('no');
  expect(asked).toBe(11);
});

it('every check has a name of its own, which no area has, and a title', () => {
  const names = CHECKS.map(({ name }) => name);
  expect(new Set([...names, ...Object.keys(AREAS)]).size).toBe(names.length + Object.keys(AREAS).length);
  for (const { name, title, area } of CHECKS) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(title, name).toMatch(/^\S.*[^.]$/);
    expect(AREAS).toHaveProperty(area);
  }
});
