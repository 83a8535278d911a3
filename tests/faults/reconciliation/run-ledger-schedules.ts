// Runs schedules of the books, many accounts at once, each to its quiet end, and judges them there and on the way.
import fc from 'fast-check';
import { inLanes } from '../../contracts/world.ts';
import { comeToRest, endFaults, type Failure, LANES } from '../execution/run-schedules.ts';
import type { Stage } from '../stage.ts';
import { judgeFlows, judgeUnit, unseenDeals } from './flows.ts';
import { judgeCourse, judgeQuiet } from './invariants.ts';
import { LedgerCensus } from './ledger-census.ts';
import { LedgerDesk } from './ledger-desk.ts';
import { scheduleOf } from './ledger-schedule.ts';
import type { Step } from './ledger-step.ts';
import { judgeAnew, judgeRepeat } from './replays.ts';

export type Outcome = { census: LedgerCensus; failures: Failure[] };

/** Schedules `from` to `from + count - 1` of a seed. `of` makes a schedule, by default the one of its number. */
export async function runLedgerSchedules(
  stage: Stage,
  at: { seed: number; from: number; count: number },
  of: (index: number) => fc.Arbitrary<Step[]> = scheduleOf,
): Promise<Outcome> {
  const census = new LedgerCensus();
  const failures: Failure[] = [];
  await inLanes(at.count, LANES, async (i) => {
    const index = at.from + i;
    const [steps = []] = fc.sample(of(index), { seed: at.seed + index, numRuns: 1 });
    const wrong = await runSchedule(stage, { index, steps, census });
    if (wrong.length > 0) failures.push({ index, steps: said(steps), wrong });
  });
  return { census, failures };
}

async function runSchedule(
  stage: Stage,
  { index, steps, census }: { index: number; steps: readonly Step[]; census: LedgerCensus },
): Promise<string[]> {
  const of = await LedgerDesk.open(stage, index);
  const { desk } = of;
  try {
    for (const step of steps) await of.take(step);
    await rest(of);
    const quiet = [...desk.faults, ...of.wrong, ...(await judgeQuiet(of)), ...(await judgeCourse(of))];
    const codes = await stage.sql(
      'SELECT code, count(*)::int AS n FROM divergences WHERE account_id = $1 GROUP BY 1',
      [desk.accountId],
    );
    const unseen = await unseenDeals(of);
    const repeated = [...(await judgeRepeat(of)), ...(await judgeAnew(of)), ...(await judgeFlows(of))];
    const unit = await judgeUnit(of, unseen);
    repeated.push(...(unit ?? []));
    await census.add(of, { codes: codes as { code: string; n: number }[], told: unit !== null });
    return [...quiet, ...repeated];
  } catch (e) {
    return [...desk.faults, ...of.wrong, `it ended by ${e instanceof Error ? e.stack : e}`];
  } finally {
    await desk.close();
  }
}

/** So many valid snapshots make the books the broker's, whatever was before. */
const SNAPSHOTS = 2;

/** Faults end. What was ordered comes to its end in its own time; the books take no longer than so many looks. */
async function rest(of: LedgerDesk): Promise<void> {
  const { desk, done } = of;
  of.catchUp();
  if ((done.get('approve') ?? 0) > 0) return comeToRest(desk);
  await endFaults(desk);
  await desk.settle();
  for (let look = 0; look < SNAPSHOTS; look += 1) {
    await desk.stage.closeCircuit(desk.bridgeId);
    await desk.reconcile();
  }
}

/** A schedule for a reader. */
const said = (steps: readonly Step[]): string =>
  steps.map(({ do: name, ...rest }) => [name, ...Object.values(rest)].join(' ')).join('; ');
