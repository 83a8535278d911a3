// Random schedules of what people, prices, faults and time do to an account, through the built Worker and the HTTP
// bridge of the simulator: no command is executed twice, none is lost, none stays unknown, and nothing is sent after its
// time, to another login or, unless it closes, during a halt of its account or of the deployment.
// `FC_SEED=<seed> SCHEDULE=<number> npx vitest ...` repeats one of them.
import { afterAll, expect, it } from 'vitest';
import { runs } from '../../support/property.ts';
import { openStage, type Stage, startGround } from '../stage.ts';
import { restoreUnderway } from './restore-underway.ts';
import { LANES, type Outcome, runSchedules } from './run-schedules.ts';
import { haltingSchedule, scheduleOf } from './schedule.ts';

/** The short run is the same each time; a longer one (`SCHEDULES`) takes other schedules at each, and prints its seed. */
const SHORT_SEED = 1_884_417_691;
const isShort = process.env['SCHEDULES'] === undefined && process.env['FC_SEED'] === undefined;
const seed = isShort ? SHORT_SEED : runs().seed;
const ONE = process.env['SCHEDULE'];
const COUNT = Number(process.env['SCHEDULES'] ?? 100);
/** When those have met their hazards: schedules of one who halts the deployment over and over, and others beside him. */
const HALTING = Math.ceil(COUNT / 20);
const BESIDE = 2 * HALTING;
const RUN_MS = 300_000 + COUNT * 3_000;

const ground = await startGround();
afterAll(() => ground.stop());

const kindOf = (index: number) =>
  index < COUNT || index >= COUNT + HALTING ? scheduleOf(index) : haltingSchedule;

async function runAll(stage: Stage): Promise<Outcome> {
  const { census, failures } = await runSchedules(stage, { seed, from: 0, count: COUNT });
  const both = await Promise.all([
    // One at a time, or they would refuse each other everything.
    runSchedules(stage, { seed, from: COUNT, count: HALTING, lanes: 1 }, kindOf, census),
    runSchedules(stage, { seed, from: COUNT + HALTING, count: BESIDE, lanes: LANES - 1 }, kindOf, census),
  ]);
  return { census, failures: [...failures, ...both.flatMap((one) => one.failures)] };
}

it(
  `keeps every promise under ${ONE === undefined ? COUNT + HALTING + BESIDE : 1} random schedules (FC_SEED=${seed})`,
  async () => {
    const stage = await openStage(ground);
    const startedMs = performance.now();
    const { census, failures } = await (ONE === undefined
      ? runAll(stage)
      : runSchedules(stage, { seed, from: Number(ONE), count: 1 }, kindOf));
    census.addHalt(stage.halt);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.info([`FC_SEED=${seed}: schedules in ${seconds} s`, ...census.lines()].join('\n'));
    expect(failures).toEqual([]);
    if (ONE === undefined) expect(census.missed()).toEqual([]);
  },
  RUN_MS,
);

it(`gives no magic a second time after an older database was restored (FC_SEED=${seed})`, async () => {
  expect(await restoreUnderway(ground, await openStage(ground), seed)).toEqual([]);
}, 120_000);
