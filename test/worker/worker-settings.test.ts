import { SettingError } from '@cognito-verification/codec';
import { describe, expect, it } from 'vitest';
import { workerSettings } from '../../worker/worker-settings.js';

describe('stack traces of workflows', () => {
  const NAME = 'VERIFICATION_WORKFLOW_STACK_TRACES';

  it.each([
    ['nothing', undefined, false],
    ['an empty variable', '', false],
    ['false', 'false', false],
    ['true', 'true', true],
  ])('%s', (_what, value, expected) => {
    expect(workerSettings({ [NAME]: value }).workflowStackTraces).toBe(expected);
  });

  it.each(['1', 'TRUE', 'on'])('refuses %s, since it would be read as false', (value) => {
    expect(() => workerSettings({ [NAME]: value })).toThrow(SettingError);
    expect(() => workerSettings({ [NAME]: value })).toThrow(`${NAME}: found "${value}"; allowed: true, false`);
  });
});

describe('direct calls', () => {
  const NAME = 'VERIFICATION_DIRECT_CALLS_PER_SECOND';

  it.each([
    ['nothing', undefined, undefined],
    ['an empty variable', '', undefined],
    ['none', '0', 0],
    ['some', '25', 25],
  ])('%s', (_what, value, expected) => {
    expect(workerSettings({ [NAME]: value }).directCallsPerSecond).toBe(expected);
  });

  it.each(['-1', '1.5', 'many', '1001', '1e3'])('refuses %s', (value) => {
    expect(() => workerSettings({ [NAME]: value })).toThrow(
      `${NAME}: found "${value}"; allowed: a whole number from 0`,
    );
  });
});

it('the size of the cache is a whole number', () => {
  const NAME = 'VERIFICATION_MAX_CACHED_WORKFLOWS';
  expect(workerSettings({ [NAME]: '0' }).maxCachedWorkflows).toBe(0);
  expect(workerSettings({}).maxCachedWorkflows).toBeUndefined();
  expect(() => workerSettings({ [NAME]: 'all' })).toThrow(`${NAME}: found "all"`);
});

it('one half of a worker is named by its word', () => {
  const NAME = 'VERIFICATION_WORKER_ONLY';
  expect(['workflows', 'calls', ''].map((value) => workerSettings({ [NAME]: value }).only)).toEqual([
    'workflows',
    'calls',
    undefined,
  ]);
  expect(() => workerSettings({ [NAME]: 'both' })).toThrow(`${NAME}: found "both"; allowed: workflows, calls`);
});

it('says everything that is wrong at once', () => {
  const wrong = { VERIFICATION_WORKER_ONLY: 'x', VERIFICATION_MAX_CACHED_WORKFLOWS: 'x' };
  expect(() => workerSettings(wrong)).toThrow(/MAX_CACHED_WORKFLOWS: [^]*WORKER_ONLY: /);
});
