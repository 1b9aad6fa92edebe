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
