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
