// Random schedules of what people, prices, faults and time do to an account, through the built Worker and the HTTP
// bridge of the simulator: no command is executed twice, none is lost, none stays unknown, and nothing is sent after its
// time, to another login or during a halt. `FC_SEED=<seed> SCHEDULE=<number> npx vitest ...` repeats one of them.
import { afterAll, expect, it } from 'vitest';
import { runs } from '../../support/property.ts';
import { restoreUnderway } from './restore-underway.ts';
import { runSchedules } from './run-schedules.ts';
import { openStage, startGround } from './stage.ts';

const { seed } = runs();
const ONE = process.env['SCHEDULE'];
const COUNT = Number(process.env['SCHEDULES'] ?? 100);
const RUN_MS = 300_000 + COUNT * 3_000;

const ground = await startGround();
afterAll(() => ground.stop());

it(
  `keeps every promise under ${ONE === undefined ? COUNT : 1} random schedules (FC_SEED=${seed})`,
  async () => {
    const stage = await openStage(ground);
    const at = ONE === undefined ? { from: 0, count: COUNT } : { from: Number(ONE), count: 1 };
    const startedMs = performance.now();
    const { census, failures } = await runSchedules(stage, { seed, ...at });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.info([`FC_SEED=${seed}: ${at.count} schedules in ${seconds} s`, ...census.lines()].join('\n'));
    expect(failures).toEqual([]);
    if (ONE === undefined) expect(census.missed()).toEqual([]);
  },
  RUN_MS,
);

it(`gives no magic a second time after an older database was restored (FC_SEED=${seed})`, async () => {
  expect(await restoreUnderway(ground, await openStage(ground), seed)).toEqual([]);
}, 120_000);
