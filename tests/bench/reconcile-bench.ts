// The schedule over many accounts, through the built Worker: accounts per second, round trips to the database and memory;
// how that grows from 100 to 10,000 accounts; and what bridges that hang or answer far too much cost the others.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { parseConfig } from '../../functions/platform/config.ts';
import { type StackFixture, startStackFixture } from '../contracts/stack-fixture.ts';
import { type BridgeFleet, startBridgeFleet } from './bridge-fleet.ts';
import { cpuMs, quantile } from './figures.ts';

const SIZES = [100, 1_000, 10_000];
const MANY = 1_000;
const HANGING = MANY / 20;
const HUGE = MANY / 100;
const DEADLINE_MS = 600_000;
const POLL_MS = 100;
/** Between two ticks of the part about slow bridges: a hanging one takes ten seconds. */
const TICK_EVERY_MS = 12_000;
const SLOW_TICKS = 4;
/** A connection that is idle tells what it has done after ten. */
const COUNTED_AFTER_MS = 11_000;
const PAGE_BYTES = 4_096;

type Bench = { fixture: StackFixture; db: pg.Pool; fleet: BridgeFleet };
type Round = {
  seconds: number;
  p50: number;
  p99: number;
  missing: number;
  statements: number;
  /** Of the bench's own statements. */
  own: number;
  /** CPU time in ms of each part of the stack, and of the bench with its bridges. */
  cpu: Record<string, number>;
};

/** Prints the figures; `args` are the parts: `growth`, `busy`, `slow` (all). True where every account was reconciled in time. */
export async function run(args: readonly string[]): Promise<boolean> {
  const parts = args.length === 0 ? ['growth', 'busy', 'slow'] : args;
  const known = { growth, busy, slow } as const;
  const wanted = parts.filter((p): p is keyof typeof known => p in known);
  if (wanted.length < parts.length) throw new Error(`the parts are ${Object.keys(known).join(', ')}`);
  let held = true;
  for (const part of wanted) held = (await withStack(known[part])) && held;
  return held;
}

async function withStack(part: (bench: Bench) => Promise<boolean>): Promise<boolean> {
  const fixture = await startStackFixture(1_000);
  const db = new pg.Pool({ connectionString: fixture.stack.dev.database_url, max: 2 });
  const { rows } = await db.query(`SELECT id FROM users WHERE role = 'owner' LIMIT 1`);
  // What the demo has would be reconciled too.
  await db.query('UPDATE bridges SET revoked_at = now()');
  const config = parseConfig(fixture.stack.environment, 'all', Date.now());
  const fleet = await startBridgeFleet(db, config, rows[0].id);
  try {
    return await part({ fixture, db, fleet });
  } finally {
    await db.end();
    await fixture.stop();
    await fleet.stop();
  }
}

/** Flat accounts of which nothing is new, ten times as many each time. */
async function growth(bench: Bench): Promise<boolean> {
  let made: string[] = [];
  let inTime = true;
  for (const size of SIZES) {
    made = [...made, ...(await bench.fleet.make(size - made.length, 'flat'))];
    const first = await ticked(bench, made);
    const memory = peakMemory(bench);
    const round = await ticked(bench, made);
    const peakMb = memory();
    console.log(
      `${size} flat accounts: ${told(round, size)}; the very first time ${first.seconds.toFixed(1)} s; ` +
        `peak memory of workerd ${peakMb} MB`,
    );
    inTime &&= round.missing === 0 && first.missing === 0;
  }
  return inTime;
}

/** 20 open positions and 200 new deals each, and the same again with nothing new. */
async function busy(bench: Bench): Promise<boolean> {
  const made = await bench.fleet.make(MANY, 'busy');
  const memory = peakMemory(bench);
  const first = await counted(bench, made);
  console.log(
    `${MANY} accounts, 20 positions and 200 new deals each: ${told(first, MANY)}; peak ${memory()} MB`,
  );
  const again = peakMemory(bench);
  const next = await counted(bench, made);
  console.log(`the same with nothing new, 200 deals shown again: ${told(next, MANY)}; peak ${again()} MB`);
  return first.missing + next.missing === 0;
}

/** Hanging and overflowing bridges among prompt ones: the others’ times beside those of ticks that nothing disturbed. */
async function slow(bench: Bench): Promise<boolean> {
  const made = await bench.fleet.make(MANY, 'flat');
  const bad = made.filter((_, i) => i % 20 === 7 || i % 100 === 13);
  const hanging = made.filter((_, i) => i % 20 === 7);
  const others = made.filter((id) => !bad.includes(id));
  if (hanging.length !== HANGING || bad.length !== HANGING + HUGE) throw new Error('miscounted');
  await ticked(bench, made);
  const calm = await ticks(bench, others, SLOW_TICKS);
  for (const id of bad) bench.fleet.behave(id, hanging.includes(id) ? 'hangs' : 'huge');
  const [begins, ...goesOn] = await ticks(bench, others, SLOW_TICKS + 1);
  for (const id of bad) bench.fleet.behave(id, 'prompt');
  const p99 = (rounds: readonly Round[]) =>
    quantile(
      rounds.map((r) => r.p99),
      0.5,
    );
  const line = (rounds: readonly Round[]) =>
    `p99 ${p99(rounds).toFixed(0)} ms, p50 ${quantile(
      rounds.map((r) => r.p50),
      0.5,
    ).toFixed(0)} ms`;
  console.log(
    `${others.length} prompt accounts, tick to stored, middle of ${SLOW_TICKS} ticks: ${line(calm)}`,
  );
  console.log(
    `the tick in which ${HANGING} others begin to hang and ${HUGE} to answer 10 MB: ${line([begins as Round])}`,
  );
  const grown = (p99(goesOn) / p99(calm) - 1) * 100;
  console.log(
    `from then on, middle of ${SLOW_TICKS} ticks: ${line(goesOn)} (${grown >= 0 ? '+' : ''}${grown.toFixed(0)} %)`,
  );
  return [...calm, begins as Round, ...goesOn].every((r) => r.missing === 0);
}

const told = (r: Round, size: number): string =>
  `${((size - r.missing) / r.seconds).toFixed(0)} accounts/s (${r.seconds.toFixed(1)} s; tick to stored p50 ` +
  `${r.p50.toFixed(0)} ms, p99 ${r.p99.toFixed(0)} ms)` +
  (Number.isNaN(r.statements) ? '' : `, ${(r.statements / size).toFixed(2)} round trips each`) +
  `; CPU ms each: ${Object.entries(r.cpu)
    .filter(([, ms]) => ms / size >= 0.1)
    .map(([part, ms]) => `${part} ${(ms / size).toFixed(1)}`)
    .join(', ')}` +
  (r.missing === 0 ? '' : `, ${r.missing} NOT reconciled`);

async function ticks(bench: Bench, of: readonly string[], count: number): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let i = 0; i < count; i += 1) {
    const nextMs = Date.now() + TICK_EVERY_MS;
    rounds.push(await ticked(bench, of));
    await sleep(Math.max(0, nextMs - Date.now()));
  }
  return rounds;
}

/** One tick, until all of these accounts have been reconciled since, by the Worker's own times. */
async function ticked({ fixture, db }: Bench, accounts: readonly string[]): Promise<Round> {
  await fixture.forgetTicks();
  const before = cpuOf(fixture);
  const startMs = Date.now();
  await fixture.stack.tick();
  let own = 1;
  const left = async () => {
    own += 1;
    return (
      await db.query(
        `SELECT count(*)::int AS n FROM accounts a LEFT JOIN bridge_contacts c ON c.bridge_id = a.bridge_id AND c.outcome = 'applied'
           AND c.updated_at >= to_timestamp($2::float8 / 1000) WHERE a.id = ANY($1::uuid[]) AND c.bridge_id IS NULL`,
        [accounts, startMs],
      )
    ).rows[0].n;
  };
  // The Worker's times tell how long it took; to ask often how far it is would take from what it has.
  while ((await left()) > 0 && Date.now() < startMs + DEADLINE_MS)
    await sleep(Math.max(POLL_MS, accounts.length / 5));
  const { rows } = await db.query(
    `SELECT extract(epoch FROM c.updated_at) * 1000 - $2::float8 AS took FROM accounts a JOIN bridge_contacts c ON c.bridge_id = a.bridge_id
     WHERE a.id = ANY($1::uuid[]) AND c.outcome = 'applied' AND c.updated_at >= to_timestamp($2::float8 / 1000)`,
    [accounts, startMs],
  );
  const times = rows.map((r) => Number(r.took));
  return {
    seconds: Math.max(...times) / 1000,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    missing: accounts.length - times.length,
    statements: Number.NaN,
    own: own + 1,
    cpu: Object.fromEntries(
      Object.entries(cpuOf(fixture)).map(([part, ms]) => [part, ms - (before[part] ?? 0)]),
    ),
  };
}

/** CPU time in ms so far; the process around workerd does nothing of its own. */
function cpuOf({ stack }: StackFixture): Record<string, number> {
  const { worker: _, ...pids } = stack.pids;
  const own = process.cpuUsage();
  const parts = Object.entries(pids).map(([name, pid]) => [name, cpuMs(pid)]);
  return { ...Object.fromEntries(parts), bench: (own.user + own.system) / 1_000 };
}

/** The same, with the transactions that were made for it, the tick's among them. */
async function counted(bench: Bench, accounts: readonly string[]): Promise<Round> {
  const before = await transactions(bench);
  const round = await ticked(bench, accounts);
  return { ...round, statements: (await transactions(bench)) - before - round.own };
}

/** How many transactions the database has seen. */
async function transactions({ db }: Bench): Promise<number> {
  await sleep(COUNTED_AFTER_MS);
  const { rows } = await db.query(
    `SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()`,
  );
  return Number(rows[0].n);
}

/** Watches the memory of workerd; what it returns ends that and tells the most that there was, in MB. */
function peakMemory({ fixture }: Bench): () => number {
  let most = 0;
  const look = () => {
    const pages = readFileSync(`/proc/${fixture.stack.pids['workerd']}/statm`, 'utf8').split(' ')[1];
    most = Math.max(most, (Number(pages) * PAGE_BYTES) / 1_048_576);
  };
  look();
  const timer = setInterval(look, POLL_MS);
  return () => {
    clearInterval(timer);
    return Math.round(most);
  };
}
