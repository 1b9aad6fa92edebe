import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/faults/**'],
        },
      },
      // Forced replay: the worker keeps nothing in memory, so each task of a workflow replays its history so far.
      {
        extends: true,
        test: {
          name: 'lifecycle without a cache',
          include: ['test/lifecycle/**/*.test.ts'],
          env: { VERIFICATION_TEST_CACHE: '0' },
        },
      },
      // They load the machine themselves: afterwards, and one at a time.
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          // A message too many is one too many, also if there is none the second time.
          retry: 0,
        },
      },
    ],
    // Forks, because the worker's native core and Runtime.install are once-a-process things.
    pool: 'forks',
    // The AWS SDK would print in every fork that it will leave Node 20 one day.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // A second, the default, is little on a machine that is shared.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 60_000,
    // CI's machine is shared as well: what fails there has one more try, and the report says which needed it. What looks for
    // violations has none.
    retry: process.env['CI'] ? 1 : 0,
    hookTimeout: 120_000,
  },
});
