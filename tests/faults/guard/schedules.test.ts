// Random schedules of what prices, money, faults, outages and people do to a guarded account, at the simulated broker on one
// clock: whoever fell is closed in time and stays flat, and nobody else is. Judged by the broker's own book and the tables.
// `FC_SEED=<seed> SCHEDULE=<number> npx vitest ...` repeats one of them.
import { expect, it } from 'vitest';
import { runs } from '../../support/property.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import { GuardCensus } from './guard-census.ts';
import { takeGuardNotes } from './guard-notes.ts';
import { guardSchedule, ROUND } from './guard-schedule.ts';
import { type GuardFailure, runGuardSchedule } from './run-guard-schedules.ts';

/** The short run is the same each time; a longer one (`SCHEDULES`) takes other schedules at each, and prints its seed. */
const SHORT_SEED = 7;
const isShort = process.env['SCHEDULES'] === undefined && process.env['FC_SEED'] === undefined;
const seed = isShort ? SHORT_SEED : runs().seed;
const ONE = process.env['SCHEDULE'];
const COUNT = ONE === undefined ? Number(process.env['SCHEDULES'] ?? ROUND) : 1;
const FROM = ONE === undefined ? Number(process.env['FROM'] ?? 0) : Number(ONE);
/** By chance alone one round may take away what another is about. */
const ENOUGH = 5 * ROUND;
const LANES = 4;
const RUN_MS = 300_000 + COUNT * 15_000;

it(
  `keeps its guards under ${COUNT} random schedules (FC_SEED=${seed})`,
  async () => {
    const startedMs = performance.now();
    const used = process.cpuUsage();
    const census = new GuardCensus();
    const failures: GuardFailure[] = [];
    let next = FROM;
    const lane = async (): Promise<void> => {
      const t = await createTestDatabase();
      try {
        await takeGuardNotes(t);
        while (next < FROM + COUNT) {
          const index = next;
          next += 1;
          const { failure, reached } = await runGuardSchedule(t, guardSchedule(index, seed));
          census.add(reached);
          if (failure !== null) failures.push(failure);
        }
      } finally {
        await t.drop();
      }
    };
    await Promise.all(Array.from({ length: Math.min(LANES, COUNT) }, lane));
    const { user, system } = process.cpuUsage(used);
    const spent = `${((performance.now() - startedMs) / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`;
    console.info([`FC_SEED=${seed}: ${COUNT} schedules in ${spent}`, ...census.lines()].join('\n'));
    expect(failures).toEqual([]);
    if (isShort || COUNT >= ENOUGH) expect(census.missed()).toEqual([]);
  },
  RUN_MS,
);
