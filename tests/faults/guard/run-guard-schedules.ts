// Runs schedules, each on an account of its own and to its quiet end, and judges them. A program of its own, so that one with
// a protection taken out may be run in its place.
import type { TestDatabase } from '../../support/test-database.ts';
import { isDownNow } from './guard-bounds.ts';
import { chainOf, clock } from './guard-chain.ts';
import { judgeGuard, rearms } from './guard-judgement.ts';
import { guardNotes } from './guard-notes.ts';
import type { GuardSchedule } from './guard-schedule.ts';
import { said } from './guard-step.ts';
import { GuardedAccount, laneName } from './guarded-account.ts';

export type GuardFailure = { index: number; lane: string; steps: string; wrong: string[] };
export type GuardRun = { failure: GuardFailure | null; reached: ReadonlyMap<string, number> };

/** After the faults an account is quiet within so many looks of the schedule: what is unknown is looked up for minutes. */
const ROUNDS = 7;
const ROUND_SECONDS = 61;

/** One schedule, on an account of its own. */
export async function runGuardSchedule(
  t: TestDatabase,
  { index, lane, steps }: GuardSchedule,
): Promise<GuardRun> {
  const account = await GuardedAccount.open(t, lane);
  const { world } = account;
  const failed = (wrong: string[]): GuardFailure => ({
    index,
    lane: laneName(lane),
    steps: said(steps),
    wrong,
  });
  try {
    for (const step of steps) await account.take(step);
    const wrong = await comeToRest(account);
    const judged = await judgeGuard(account);
    wrong.push(...judged.wrong, ...jobs(account));
    await countAll(account);
    return { failure: wrong.length === 0 ? null : failed(wrong), reached: world.reached };
  } catch (e) {
    return { failure: failed([`it ended by ${e instanceof Error ? e.stack : e}`]), reached: world.reached };
  } finally {
    await account.close();
  }
}

/** Faults end, and time passes until nothing is open any more; what is wrong where it does not come to that. */
async function comeToRest(account: GuardedAccount): Promise<string[]> {
  const { world } = account;
  world.endFaults();
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.pass(ROUND_SECONDS);
    const open = await openWork(account);
    if (open === null) return [];
    if (round === ROUNDS - 1) return [`(1) at ${clock(world.nowMs)} it is not quiet: ${open}`];
  }
  return [];
}

/** No fault of the world makes a job of ours fail, and none keeps it from being done again. */
function jobs({ at, world }: GuardedAccount): string[] {
  const causes = at.deps.lines.flatMap((l) => l.cause ?? []);
  const lastMs = world.truth.captures.at(-1)?.capturedMs ?? 0;
  return [
    ...[...new Set(causes)].map((cause) => `a job failed: ${cause}`),
    ...(world.nowMs - lastMs < 2 * ROUND_SECONDS * 1_000 ? [] : [`nobody has looked since ${clock(lastMs)}`]),
  ];
}

/** What is under way, or should be; null: nothing. */
async function openWork(account: GuardedAccount): Promise<string | null> {
  const { at, t, world } = account;
  const [row] = await t.sql(
    `SELECT a.guard_phase AS phase, (SELECT count(*) FROM commands c WHERE c.account_id = a.id AND c.state IN ('sent', 'unknown')
       OR c.account_id = a.id AND c.state = 'created' AND c.trip_id IS NOT NULL)::int AS commands FROM accounts a WHERE a.id = $1`,
    [at.desk.account.id],
  );
  const phase = String(row?.['phase']);
  const commands = Number(row?.['commands']);
  if (['suspect', 'warned', 'tripped'].includes(phase) || commands > 0)
    return `${phase}, ${commands} commands`;
  const chain = chainOf(await guardNotes(t, at.desk.account.id), world.truth, rearms(account));
  return phase === 'armed' && isDownNow({ account, chain }) ? 'down, and nobody has tripped it' : null;
}

/** What the schedule reached, for the census. */
async function countAll({ at, t, world, lane }: GuardedAccount): Promise<void> {
  world.count(`lane: ${laneName(lane)}`);
  const { counter } = at.host.engine.state.tables;
  for (const [name, n] of counter) if (name.startsWith('fault:')) world.count(name, n);
  const id = at.desk.account.id;
  const counted = await t.sql(
    `SELECT 'phase: ' || (body->>'is') AS name, count(*)::int AS n FROM test_guard_notes WHERE account_id = $1 AND kind = 'phase' GROUP BY 1
     UNION ALL SELECT 'cause: ' || cause, count(*)::int FROM guard_trips WHERE account_id = $1 GROUP BY 1
     UNION ALL SELECT 'entry: ' || coalesce(v.refusal, 'taken'), count(*)::int FROM approvals p JOIN deliveries v
       ON v.signal_id = p.signal_id AND v.user_id = p.user_id WHERE p.account_id = $1 GROUP BY 1
     UNION ALL SELECT 'trip: revoked', count(*)::int FROM guard_trips WHERE account_id = $1 AND revoked_at IS NOT NULL
     UNION ALL SELECT 'verdict: ' || (body->'recent'->-1->>'verdict'), count(*)::int FROM test_guard_notes
       WHERE account_id = $1 AND kind = 'state' GROUP BY 1
     UNION ALL SELECT c.kind || ' of a trip: ' || c.state, count(*)::int FROM commands c WHERE c.account_id = $1 AND c.trip_id IS NOT NULL GROUP BY 1`,
    [id],
  );
  for (const { name, n } of counted) world.count(String(name), Number(n));
}
