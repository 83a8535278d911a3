// Reading large books: pages of a million trades, figures of a hundred thousand, and a projection made anew. Through the real
// endpoints of the Worker, and each of their statements by itself, with its plan in `out/bench/ledger-plans.json`.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import type { Json } from '../../infra/local/api-client.ts';
import { startLocalWorker } from '../../infra/local/local-worker.ts';
import { freePorts, readStackSecrets } from '../../infra/local/stack-secrets.ts';
import { buildWorkerBundle } from '../../infra/local/worker-bundle.ts';
import { httpCaller } from '../contracts/http-call.ts';
import { type StackFixture, startStackFixture } from '../contracts/stack-fixture.ts';
import { createWorld, type Person, type World } from '../contracts/world.ts';
import { quantile } from './figures.ts';
import { makeAccounts, makeDeals, makeEquity, makeTrades } from './ledger-rows.ts';
import { recordStatements, type Statement } from './statement-recorder.ts';

const TRADES = 1_000_000;
const ACCOUNTS = 10;
const FIGURES_OF = 100_000;
const DEALS = 100_000;
const PAGES = 300;
const REPORTS = 20;
const REBUILDS = 5;
const WARM_UP = 10;
const DEEP_PAGE = 2_000;
const LARGE = /^(trades|trade_legs|broker_deals)$/;

type Part = { name: string; target: string; person: Person; times: number };
type Bench = {
  fixture: StackFixture;
  world: World;
  db: pg.Pool;
  statementsOf(part: Part): Promise<Statement[]>;
};
type Plan = { part: string; statement: string; p50: number; p99: number; scans: string[]; plan: Json };

/** Prints the figures. True where no statement of a list or a report reads a large table from end to end. */
export async function run(): Promise<boolean> {
  const fixture = await startStackFixture(1_000);
  const { superuserPassword, ports } = await readStackSecrets(join(fixture.folder, 'data'));
  const url = `postgresql://postgres:${superuserPassword}@127.0.0.1:${ports.postgres}/countersign`;
  const db = new pg.Pool({ connectionString: url, max: 1 });
  const recorder = await recordStatements(`http://127.0.0.1:${ports.sql}/sql`);
  const worker = await startRecorded(fixture, recorder.url);
  try {
    const { stack, forgetTicks, runtime } = fixture;
    const call = httpCaller(stack.dev.base_url, 'cf-connecting-ip');
    const tick = () => forgetTicks().then(stack.tick);
    const world = createWorld({ ...runtime, name: 'Worker', call, tick, stop: fixture.stop });
    const statementsOf = async ({ target, person }: Part) => {
      recorder.take();
      const headers = { authorization: `Bearer ${person.token}` };
      const answer = await fetch(`${worker.url}${target}`, { headers });
      await answer.arrayBuffer();
      return recorder.take();
    };
    const bench: Bench = { fixture, world, db, statementsOf };
    const plans = await listing(bench);
    // Figures are asked of a ledger that has others' deals too.
    const rebuild = await rebuilding(bench);
    plans.push(...(await reporting(bench)));
    await rebuild();
    return await told(plans);
  } finally {
    await worker.stop();
    await recorder.stop();
    await db.end();
    await fixture.stop();
  }
}

/** A Worker beside the stack's own whose statements are kept; nothing is measured through it. */
async function startRecorded({ folder, stack }: StackFixture, databaseHttpUrl: string) {
  const [port = 0] = await freePorts(1);
  const dataDir = join(folder, 'recorded');
  await mkdir(dataDir);
  const vars = { ...stack.environment, DATABASE_HTTP_URL: databaseHttpUrl };
  return startLocalWorker({ bundle: await buildWorkerBundle(), port, dataDir, vars, onLine: () => {} });
}

async function listing(bench: Bench): Promise<Plan[]> {
  const { world: w, db } = bench;
  const person = await w.person();
  const accounts = await makeAccounts(db, person.id, ACCOUNTS);
  const startedMs = performance.now();
  await makeTrades(db, { userId: person.id, accounts, count: TRADES, legs: false });
  await db.query('VACUUM (ANALYZE) trades');
  console.log(`${TRADES} trades of one user in ${ACCOUNTS} accounts, made in ${seconds(startedMs)} s`);
  const trades = '/api/v1/trades?page_size=50';
  const deep = await w.json(w.as(person.token, 'GET', `${trades}&page=${DEEP_PAGE}`));
  const owner = { id: '', token: w.dev.tokens.owner };
  const part = (name: string, query: string, of = person): Part => ({
    ...{ name, target: `${trades}${query}`, person: of, times: PAGES },
  });
  return measured(bench, [
    part('first page', ''),
    part('page 100', '&page=100'),
    part(`page ${DEEP_PAGE} by its cursor`, `&cursor=${encodeURIComponent(deep.next_cursor)}`),
    part('of one account', `&account=${accounts[3]}`),
    part('of one instrument, closed', '&instrument=XAUUSD&status=closed'),
    part('of a rare instrument', '&instrument=USDCHF'),
    part('by hand', '&source=manual'),
    part('open', '&status=open'),
    part('of a month', '&from=2019-03-01T00:00:00Z&to=2019-04-01T00:00:00Z'),
    part('last closed first', '&sort=-closed_at'),
    part('greatest gain first', '&sort=-net'),
    part('greatest loss first', '&sort=net'),
    part('greatest loss first, one instrument', '&sort=net&instrument=GBPUSD'),
    part('everybody’s, for the owner', '', owner),
  ]);
}

async function reporting(bench: Bench): Promise<Plan[]> {
  const { world: w, db } = bench;
  const person = await w.person();
  const accounts = await makeAccounts(db, person.id, 1);
  await makeTrades(db, { userId: person.id, accounts, count: FIGURES_OF, legs: true });
  for (const id of accounts) await makeEquity(db, id);
  for (const table of ['trades', 'trade_legs', 'broker_deals', 'equity_points'])
    await db.query(`VACUUM (ANALYZE) ${table}`);
  console.log(`${FIGURES_OF} trades of one account, with equity by the hour`);
  const of = `account=${accounts[0]}`;
  const part = (name: string, target: string): Part => ({ name, target, person, times: REPORTS });
  return measured(bench, [
    part('performance, all', `/api/v1/performance?${of}&period=all`),
    part('performance, monthly in Berlin', `/api/v1/performance?${of}&period=monthly&tz=Europe/Berlin`),
    part('performance, daily', `/api/v1/performance?${of}&period=daily`),
    part('attribution, monthly', `/api/v1/performance/attribution?${of}&period=monthly`),
  ]);
}

/** Each part through its endpoint, and its statements by themselves. */
async function measured(bench: Bench, parts: readonly Part[]): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const part of parts) {
    const own = await planned(bench, part);
    plans.push(...own);
    const ask = () => bench.world.json(bench.world.as(part.person.token, 'GET', part.target));
    const { times, last } = await timed(part.times, ask);
    const rows = last.items === undefined ? '' : `, ${last.items.length} of ${last.total} trades`;
    const alone = own.map((p) => p.p99.toFixed(1)).join(' + ');
    console.log(`${part.name}: ${said(times)}${rows}; its statements alone p99 ${alone} ms`);
  }
  return plans;
}

/** Times each statement of a request by itself, prepared, and asks for its plan. */
async function planned({ db, statementsOf }: Bench, part: Part): Promise<Plan[]> {
  const plans: Plan[] = [];
  // The first asks who is calling, too.
  await statementsOf(part);
  for (const { query, params } of await statementsOf(part)) {
    if (!/\b(trades|trade_legs|broker_deals|equity_points)\b/.test(query)) continue;
    const { times } = await timed(part.times, () => db.query(query, [...params]));
    const explained = await db.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${query}`, [...params]);
    const plan = explained.rows[0]['QUERY PLAN'];
    plans.push({
      ...{ part: part.name, statement: query, plan },
      ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99), scans: sequentialScans(plan[0].Plan) },
    });
  }
  return plans;
}

/** Large tables that a plan reads from end to end. */
function sequentialScans(node: Json): string[] {
  const own =
    node['Node Type'] === 'Seq Scan' && LARGE.test(node['Relation Name']) ? [node['Relation Name']] : [];
  return [...own, ...(node.Plans ?? []).flatMap(sequentialScans)];
}

/** Makes the deals; what it returns projects them anew. */
async function rebuilding({ world: w, db }: Bench): Promise<() => Promise<void>> {
  const person = await w.person();
  const [id = ''] = await makeAccounts(db, person.id, 1);
  await makeDeals(db, id, DEALS);
  await db.query('VACUUM (ANALYZE) broker_deals');
  return () => rebuilt({ w, db }, id);
}

async function rebuilt({ w, db }: { w: World; db: pg.Pool }, id: string): Promise<void> {
  const ask = () => w.json(w.owner('POST', `/api/v1/accounts/${id}/rebuild`, {}));
  const first = performance.now();
  await ask();
  const firstMs = performance.now() - first;
  const { times } = await timed(REBUILDS, ask, 0);
  const { rows } = await db.query('SELECT count(*)::int AS n FROM trades WHERE account_id = $1', [id]);
  console.log(
    `${DEALS} deals projected anew into ${rows[0].n} trades: the first time ${firstMs.toFixed(0)} ms, over what stands ${said(times)}`,
  );
}

async function told(plans: readonly Plan[]): Promise<boolean> {
  const folder = resolve('out', 'bench');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'ledger-plans.json');
  await writeFile(file, JSON.stringify(plans, null, 2));
  const wrong = plans.filter((p) => p.scans.length > 0);
  for (const { part, scans } of wrong) console.log(`${part}: reads ${scans.join(', ')} from end to end`);
  console.log(
    `${plans.length} plans in ${file}, ${wrong.length} of them with a sequential scan of a large table`,
  );
  return wrong.length === 0;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
async function timed(count: number, ask: () => Promise<any>, warmUp = Math.min(WARM_UP, count)) {
  for (let i = 0; i < warmUp; i += 1) await ask();
  const times: number[] = [];
  let last: Json = null;
  for (let i = 0; i < count; i += 1) {
    const startedMs = performance.now();
    last = await ask();
    times.push(performance.now() - startedMs);
  }
  return { times, last };
}

const seconds = (startedMs: number): string => ((performance.now() - startedMs) / 1000).toFixed(1);
const said = (times: readonly number[]): string =>
  `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`;
