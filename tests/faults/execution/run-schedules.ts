// Runs schedules, many accounts at once, each to its quiet end, and judges them.
import fc from 'fast-check';
import { inLanes } from '../../contracts/world.ts';
import type { Stage } from '../stage.ts';
import { makeOverdue, openWork } from '../stored-time.ts';
import { Census } from './census.ts';
import { Desk } from './desk.ts';
import { judge } from './judgement.ts';
import { type Step, said, scheduleOf } from './schedule.ts';

export const LANES = 8;
/** After the faults have ended, a command may stay unknown for so many rounds: 225 s for a horizon of 180 and 30. */
const ROUNDS = 5;
const ROUND_SECONDS = 45;
/** A close of which the broker let nothing be traded, or whose attempts were used up, has its next order after ten minutes. */
const EXIT_ROUNDS = 3;
const EXIT_SECONDS = 600;
/** Rounds in which no time needs to pass: events that are sent again, books that are written. */
const QUICK_ROUNDS = 4;

export type Failure = { index: number; steps: string; wrong: string[] };
export type Outcome = { census: Census; failures: Failure[] };

/**
 * Schedules `from` to `from + count - 1` of a seed; ends early with `patience` failures. `of` makes a schedule, by
 * default the one of its number. What they reach is counted in `census`.
 */
export async function runSchedules(
  stage: Stage,
  at: { seed: number; from: number; count: number; patience?: number; lanes?: number },
  of: (index: number) => fc.Arbitrary<Step[]> = scheduleOf,
  census = new Census(),
): Promise<Outcome> {
  const failures: Failure[] = [];
  await inLanes(at.count, at.lanes ?? LANES, async (i) => {
    if (failures.length >= (at.patience ?? at.count)) return;
    const index = at.from + i;
    const [steps = []] = fc.sample(of(index), { seed: at.seed + index, numRuns: 1 });
    const wrong = await runSchedule(stage, { index, steps, census });
    if (wrong.length > 0) failures.push({ index, steps: said(steps), wrong });
  });
  return { census, failures };
}

async function runSchedule(
  stage: Stage,
  { index, steps, census }: { index: number; steps: Step[]; census: Census },
): Promise<string[]> {
  const desk = await Desk.open(stage, index);
  try {
    for (const step of steps) await desk.take(step);
    await desk.resumeAll();
    await comeToRest(desk);
    await census.add(desk, steps);
    return await judge(desk);
  } finally {
    await desk.resumeAll();
    await desk.close();
  }
}

/** No fault is armed any more, nor does the queue keep anything. */
export async function endFaults(desk: Desk): Promise<void> {
  for (const { kind, login } of desk.site.control('GET /state').faults)
    desk.site.control('POST /fault', { kind, times: 0, ...(login === null ? {} : { login }) });
  desk.site.late = [];
  await desk.stage.sql('DELETE FROM test_delays WHERE account_id = $1', [desk.accountId]);
}

/** Faults end, the schedule goes on, and time passes until nothing is open any more, or as long as it may last. */
export async function comeToRest(desk: Desk): Promise<void> {
  const { sql, tick } = desk.stage;
  await endFaults(desk);
  const open = () => openWork(sql, desk.accountId);
  const work = async () => {
    await desk.stage.closeCircuit(desk.bridgeId);
    await makeOverdue(sql, desk.accountId);
    await tick();
    await desk.settle();
    await desk.reconcile();
  };
  const endCommands = async () => {
    for (let round = 0; round < ROUNDS && (await open()).commands > 0; round += 1) {
      await desk.pass(ROUND_SECONDS);
      await work();
    }
  };
  await desk.settle();
  for (let round = 0; round < QUICK_ROUNDS; round += 1) {
    await work();
    if ((await open()).events === 0) break;
  }
  await endCommands();
  for (let round = 0; round < EXIT_ROUNDS && (await open()).exits > 0; round += 1) {
    await desk.pass(EXIT_SECONDS);
    await work();
  }
  await desk.settle();
  await desk.reconcile();
  // That look may have ordered something, such as the stop of a position whose filling it was the first to see.
  await endCommands();
}
