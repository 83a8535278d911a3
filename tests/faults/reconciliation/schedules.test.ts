// Random schedules of what people, markets, brokers, clocks and faults do to an account's books, through the built Worker and
// the HTTP bridge of the simulator: the invariants of domain 2.7, judged on the real tables against the broker's own state,
// at each quiet moment and at the end. `FC_SEED=<seed> SCHEDULE=<number> npx vitest ...` repeats one of them.
import { afterAll, expect, it } from 'vitest';
import { runs } from '../../support/property.ts';
import { openStage, startGround } from '../stage.ts';
import { runLedgerSchedules } from './run-ledger-schedules.ts';
import { takeNotes } from './witness.ts';

/** The short run is the same each time; a longer one (`SCHEDULES`) takes other schedules at each, and prints its seed. */
const SHORT_SEED = 7;
const isShort = process.env['SCHEDULES'] === undefined && process.env['FC_SEED'] === undefined;
const seed = isShort ? SHORT_SEED : runs().seed;
const ONE = process.env['SCHEDULE'];
const COUNT = Number(process.env['SCHEDULES'] ?? 100);
const RUN_MS = 300_000 + COUNT * 3_000;

const ground = await startGround();
afterAll(() => ground.stop());
await takeNotes(ground);

it(
  `keeps the books under ${ONE === undefined ? COUNT : 1} random schedules (FC_SEED=${seed})`,
  async () => {
    const stage = await openStage(ground);
    const startedMs = performance.now();
    const at = ONE === undefined ? { from: 0, count: COUNT } : { from: Number(ONE), count: 1 };
    const { census, failures } = await runLedgerSchedules(stage, { seed, ...at });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.info([`FC_SEED=${seed}: schedules in ${seconds} s`, ...census.lines()].join('\n'));
    expect(failures).toEqual([]);
    if (ONE === undefined) expect(census.missed()).toEqual([]);
  },
  RUN_MS,
);
