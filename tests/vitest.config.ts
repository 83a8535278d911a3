import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ROOT = new URL('..', import.meta.url).pathname;

/** `.wasm` imports as the Lambda bundle sees them: the bytes. */
const wasmBytes = {
  name: 'wasm-bytes',
  enforce: 'pre' as const,
  load(id: string) {
    if (!id.endsWith('.wasm')) return null;
    return `export default Uint8Array.from(Buffer.from('${readFileSync(id).toString('base64')}', 'base64'));`;
  },
};

/**
 * The tests of rooms share a process, as requests share an isolate: loading what they test takes longer than most of them.
 * The two of charts are about an isolate that has drawn nothing yet.
 */
const TOGETHER = [
  ...['approvals', 'bridge', 'execution', 'identity', 'ledger', 'market', 'notify', 'platform'],
  ...['reconciliation', 'risk', 'signals'],
].map((room) => `tests/${room}/**/*.test.ts`);
TOGETHER.push(
  ...[
    'tests/charts/!(draw-chart|rasterizer).test.ts',
    'tests/jobs.test.ts',
    'tests/drizzle/{rights,rules}.test.ts',
  ],
  ...['tests/infra/local/broker/**/*.test.ts', 'tests/infra/statements/**/*.test.ts'],
  'tests/infra/local/{demo-organisation,object-store-server,queue-server,stack-secrets,telegram-server}.test.ts',
  'tests/faults/hang-up.test.ts',
);

/** What takes longest comes first, or a core would wait for it at the end. A run knows no times of the one before. */
const LONGEST = [
  ...['contracts/lambda', 'contracts/worker'],
  ...['execution', 'reconciliation', 'guard'].map((name) => `faults/${name}/schedules`),
  ...['infra/local/start', 'infra/local/start-refusals'],
  ...['execution', 'guard'].map((name) => `faults/${name}/mutants`),
  ...['faults/kill', 'drizzle/migrate', 'faults/misconfigured', 'faults/polled-bridge', 'infra/local/demo'],
  ...['infra/import-deals', 'faults/reconciliation/mutants', 'infra/mt5/mt5-bridge', 'infra/aws/app'],
  ...[
    'infra/chart',
    'infra/import-candles',
    'faults/reconciliation-twice',
    'faults/database',
    'faults/redis',
  ],
].map((name) => `tests/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(ROOT, moduleId));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// Timings never decide a test, so the limits are generous.
export default defineConfig({
  plugins: [wasmBytes],
  test: {
    root: ROOT,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: TOGETHER,
          isolate: false,
          ...{ restoreMocks: true, unstubEnvs: true, unstubGlobals: true },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/workers/**', ...TOGETHER],
        },
      },
    ],
    globalSetup: ['tests/support/database-server.ts'],
    setupFiles: ['tests/support/compiled-children.ts'],
    execArgv: ['--import', new URL('../infra/local/quick-drizzle.ts', import.meta.url).href],
    passWithNoTests: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // Or Node itself would load the `.wasm` of a package, past the plugin above.
    server: { deps: { inline: [/\.wasm$/] } },
    // Two cores, and often a file that waits: for a time to pass, for a process to start or to be gone. More would only slow
    // the contracts, which take longest of all.
    maxWorkers: 4,
    // Measured over the project `together` alone: what the other adds runs as bundles, in processes that it does not see.
    coverage: {
      provider: 'v8',
      include: ['functions/**/*.ts'],
      // The doors run as built bundles alone, in processes that it does not see.
      exclude: ['functions/worker.ts', 'functions/lambda.ts', 'functions/**/*.d.ts'],
      reporter: ['text', 'json-summary'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
      thresholds: { lines: 90 },
    },
  },
});
