import { SettingError } from '@cognito-verification/codec';
import { describe, expect, it } from 'vitest';
import { allowedValues, WORKER_SETTINGS, type WorkerSetting, workerSettings } from '../../worker/worker-settings.js';

type Option = keyof typeof WORKER_SETTINGS;

/** Of each setting: texts with what they mean, and texts that are refused. */
const SAMPLES: Record<Option, { right: Record<string, unknown>; wrong: string[] }> = {
  workerMemoryMb: { right: { 400: 400, 100000: 100_000 }, wrong: ['399', '100001', '400MB', '-400', '4e2'] },
  maxCachedWorkflows: { right: { 0: 0, 1000: 1_000 }, wrong: ['all', '-1', '1.5', '100001'] },
  maxConcurrentWorkflowTasks: { right: { 2: 2, 1000: 1_000 }, wrong: ['0', '1', '1001', '2-4'] },
  maxConcurrentCalls: { right: { 1: 1, 1000: 1_000 }, wrong: ['0', '1001', 'many'] },
  workflowTaskPollers: {
    right: { 2: 2, 100: 100, '2-40': { least: 2, most: 40 }, '7-7': { least: 7, most: 7 } },
    wrong: ['1', '101', '1-40', '40-2', '2-101', '2-', '-40', '2-40-60', 'autoscaling'],
  },
  callPollers: { right: { 1: 1, 100: 100, '1-40': { least: 1, most: 40 } }, wrong: ['0', '101', '0-40', '40-1'] },
  stickyTimeout: {
    right: { '100 ms': '100 ms', '5s': '5s', '1 minute': '1 minute' },
    wrong: ['99 ms', '61 s', '10', 'ten seconds', '-5s'],
  },
  shutdownGraceTime: {
    right: { '1 second': '1 second', '25 seconds': '25 seconds', '10m': '10m' },
    wrong: ['35', '0 s', '11 minutes', 'never'],
  },
  identity: { right: { 'worker-7@eu': 'worker-7@eu' }, wrong: ['two\nlines', 'x'.repeat(201)] },
  directCallsPerSecond: { right: { 0: 0, 25: 25 }, wrong: ['-1', '1.5', 'many', '1001', '1e3'] },
  only: { right: { workflows: 'workflows', calls: 'calls' }, wrong: ['both', 'Calls'] },
  deploymentName: {
    right: { 'shop/verification': 'shop/verification' },
    wrong: ['a.b', 'a:b', '__a', "a'b", 'x'.repeat(201)],
  },
  buildId: { right: { '1.2.0-ab12': '1.2.0-ab12' }, wrong: ['a:b', '__a', 'a b', "a'b", 'x'.repeat(201)] },
  workflowStackTraces: { right: { true: true, false: false }, wrong: ['1', 'TRUE', 'on'] },
};

describe.each(Object.entries<WorkerSetting>(WORKER_SETTINGS))('%s', (option, setting) => {
  const { right, wrong } = SAMPLES[option as Option];
  const { variable } = setting;

  it.each(Object.entries(right))('%s', (text, value) => {
    expect(workerSettings({ [variable]: text })).toEqual({ [option]: value });
  });

  it.each(wrong)('refuses %j, and says what is allowed', (text) => {
    expect(() => workerSettings({ [variable]: text })).toThrow(SettingError);
    expect(() => workerSettings({ [variable]: text })).toThrow(`; allowed: ${allowedValues(setting)}`);
  });

  it('an empty variable counts as not set', () => {
    expect(workerSettings({ [variable]: '' })).toEqual({});
  });

  it('its default is one that can be set', () => {
    if ('default' in setting)
      expect(workerSettings({ [variable]: String(setting.default) })).toEqual({ [option]: setting.default });
  });
});

it('says everything that is wrong at once', () => {
  const wrong = { VERIFICATION_WORKER_ONLY: 'x', VERIFICATION_MAX_CACHED_WORKFLOWS: 'x' };
  expect(() => workerSettings(wrong)).toThrow(/MAX_CACHED_WORKFLOWS: [^]*WORKER_ONLY: /);
});
