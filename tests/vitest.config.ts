import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** `.wasm` imports as the Lambda bundle sees them: the bytes. */
const wasmBytes = {
  name: 'wasm-bytes',
  enforce: 'pre' as const,
  load(id: string) {
    if (!id.endsWith('.wasm')) return null;
    return `export default Uint8Array.from(Buffer.from('${readFileSync(id).toString('base64')}', 'base64'));`;
  },
};

// Timings never decide a test, so the limits are generous. Two workers, because CI has two cores.
export default defineConfig({
  plugins: [wasmBytes],
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/workers/**'],
    globalSetup: ['tests/support/database-server.ts'],
    passWithNoTests: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Or Node itself would load the `.wasm` of a package, past the plugin above.
    server: { deps: { inline: [/\.wasm$/] } },
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['functions/**/*.ts'],
      exclude: ['functions/worker.ts', 'functions/**/*.d.ts'],
      reporter: ['text', 'json-summary'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
      thresholds: { lines: 90 },
    },
  },
});
