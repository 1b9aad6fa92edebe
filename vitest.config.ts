import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Forks, because the worker's native core and Runtime.install are once-a-process things.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
