import { defineConfig } from 'vitest/config';

// One run, several projects: `unit` needs nothing outside the process, `stack` starts the real PostgreSQL,
// Redis and workerd of infra/local. Timings never decide a test, so the limits are generous.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    passWithNoTests: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['functions/**/*.ts'],
      reporter: ['text', 'json-summary'],
      reportsDirectory: 'coverage',
      thresholds: { lines: 90 },
    },
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
  },
});
