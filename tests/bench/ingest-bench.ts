// How many signed signals a second the production bundle takes in, what each costs in CPU and round trips, and beside
// it, in the same run, the limit: the very INSERT alone from a pool of prepared connections.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startLocalWorker } from '../../infra/local/local-worker.ts';
import { signRequest } from '../../infra/local/sign-request.ts';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { buildWorkerBundle } from '../../infra/local/worker-bundle.ts';
import { cpuMs, quantile } from './figures.ts';

const PATH = '/api/v1/signals';
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 1;
const COUNTED_SIGNALS = 200;
const DRAIN_MS = 60_000;

type Statement = { query: string; params: (string | null)[] };
type Result = { times: number[]; refused: number; tookMs: number };

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Sends one unique signal; its status. */
function send(url: string, producer: Stack['dev']['producer']): Promise<number> {
  const body = JSON.stringify({
    instrument: 'EURUSD',
    side: 'buy',
    price: '1.1',
    stop_loss: '1.05',
    external_id: randomUUID(),
    payload: { strategy: 'bench', bars: 3 },
  });
  const headers = { ...signRequest(producer, 'POST', PATH, body), 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${PATH}`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.once('error', reject).end(body);
  });
}

/** Calls `work` from 16 callers, each one after another, for the seconds. `work` says whether it was accepted. */
async function drive(seconds: number, work: () => Promise<boolean>): Promise<Result> {
  const result: Result = { times: [], refused: 0, tookMs: 0 };
  const startedMs = performance.now();
  const caller = async () => {
    while (performance.now() - startedMs < seconds * 1000) {
      const sentMs = performance.now();
      if (await work()) result.times.push(performance.now() - sentMs);
      else result.refused += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  result.tookMs = performance.now() - startedMs;
  return result;
}

function print(what: string, { times, refused, tookMs }: Result): number {
  const rate = (times.length / tookMs) * 1000;
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(times, q).toFixed(1));
  console.log(
    `${what}: ${rate.toFixed(0)}/s over ${(tookMs / 1000).toFixed(1)} s, p50 ${p50} ms, p99 ${p99} ms, refused ${refused}`,
  );
  return rate;
}

/** Waits until the consumer has done all events, so that what follows is measured alone. */
async function drain(pool: pg.Pool): Promise<void> {
  const waiting = async () =>
    (await pool.query('SELECT 1 FROM outbox WHERE done_at IS NULL LIMIT 1')).rowCount;
  for (const deadline = Date.now() + DRAIN_MS; (await waiting()) && Date.now() < deadline; ) await sleep(200);
}

async function transactions(pool: pg.Pool): Promise<number> {
  const found = await pool.query(
    'SELECT xact_commit::int AS n FROM pg_stat_database WHERE datname = current_database()',
  );
  return found.rows[0]?.n ?? 0;
}

async function throughput(stack: Stack, pool: pg.Pool, seconds: number): Promise<number> {
  const { pids, dev } = stack;
  const parts = { workerd: pids['workerd'], sql: pids['sql'], postgres: pids['postgres'] };
  const take = async () => (await send(dev.base_url, dev.producer)) === 201;
  await drive(WARM_UP_SECONDS, take);
  await drain(pool);
  const before = Object.values(parts).map((pid) => cpuMs(pid ?? 0));
  const commitsBefore = await transactions(pool);
  const result = await drive(seconds, take);
  const loaded = Object.values(parts).map((pid) => cpuMs(pid ?? 0));
  const rate = print('signals taken in', result);
  await drain(pool);
  const drained = Object.values(parts).map((pid) => cpuMs(pid ?? 0));
  // The statistics of an idle backend are flushed after a second.
  await sleep(1500);
  const commits = (await transactions(pool)) - commitsBefore;
  const each = (ms: number | undefined, i: number) =>
    (((ms ?? 0) - (before[i] ?? 0)) / result.times.length).toFixed(2);
  const list = (after: number[]) =>
    Object.keys(parts)
      .map((name, i) => `${name} ${each(after[i], i)}`)
      .join(', ');
  console.log(`CPU ms per accepted signal, while they come: ${list(loaded)}`);
  console.log(`CPU ms per accepted signal, with its event worked too: ${list(drained)}`);
  console.log(
    `transactions per accepted signal, its event included: ${(commits / result.times.length).toFixed(2)}`,
  );
  return rate;
}

/** A second Worker behind an endpoint that looks at every statement; also gives two INSERTs as they were sent. */
async function roundTrips(stack: Stack, dataDir: string): Promise<Statement[]> {
  const to = stack.environment['DATABASE_HTTP_URL'] ?? '';
  const counts = new Map<string, number>();
  const inserts: Statement[] = [];
  const counting = createServer(async (asked, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const kind = /INSERT INTO signals/i.test(body)
      ? 'the insert'
      : /outbox/i.test(body)
        ? 'its event'
        : 'other';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (kind === 'the insert' && inserts.length < 2) inserts.push(JSON.parse(body));
    const headers = Object.entries(asked.headers).filter(
      ([k]) => k.startsWith('neon-') || k === 'content-type',
    );
    const said = await fetch(to, {
      method: 'POST',
      body,
      headers: Object.fromEntries(headers) as Record<string, string>,
    });
    answer.writeHead(said.status, { 'content-type': 'application/json' }).end(await said.text());
  });
  const endpoint = await listenLoopback(counting, 0);
  const [port = 0] = await freePorts(1);
  const worker = await startLocalWorker({
    bundle: await buildWorkerBundle(),
    port,
    dataDir,
    vars: { ...stack.environment, DATABASE_HTTP_URL: `${endpoint.url}/sql` },
    onLine: () => {},
  });
  try {
    await send(worker.url, stack.dev.producer);
    counts.clear();
    for (let i = 0; i < COUNTED_SIGNALS; i += 1) await send(worker.url, stack.dev.producer);
    await sleep(3000);
    const list = [...counts].map(([kind, n]) => `${kind} ${(n / COUNTED_SIGNALS).toFixed(2)}`);
    console.log(`round trips to the database per accepted signal: ${list.join(', ')}`);
    return inserts;
  } finally {
    await worker.stop();
    await endpoint.stop();
  }
}

/** Ids, digests and signatures, wherever they stand. */
const UNIQUE = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|[A-Za-z0-9+/]{43}=/g;

/** A value of the same form that no row has. */
function fresh(value: string): string {
  if (value.includes('-')) return randomUUID();
  return randomBytes(32).toString(value.endsWith('=') ? 'base64' : 'hex');
}

/** The captured INSERT for a new signal: the ids and digests in which two captures differ are new. */
function insertOf([one, two]: readonly Statement[]): { text: string; values: () => (string | null)[] } {
  if (one === undefined || two === undefined) throw new Error('no INSERT was seen');
  const found = (s: Statement) => new Set(s.params.join('\n').match(UNIQUE));
  const old = [...found(one)].filter((value) => !found(two).has(value));
  return {
    text: one.query,
    values: () => {
      const swaps = new Map(old.map((value) => [value, fresh(value)]));
      return one.params.map((p) => p?.replaceAll(UNIQUE, (value) => swaps.get(value) ?? value) ?? null);
    },
  };
}

async function limit(stack: Stack, inserts: Statement[], seconds: number): Promise<number> {
  const { text, values } = insertOf(inserts);
  const pool = new pg.Pool({ connectionString: stack.dev.database_url, max: CONNECTIONS });
  const insert = async () => (await pool.query({ name: 'ingest', text, values: values() })).rowCount === 1;
  try {
    await drive(WARM_UP_SECONDS, insert);
    const most = print(
      'the limit: the same INSERT, prepared, from a pool of 16',
      await drive(seconds, insert),
    );
    if (most === 0) throw new Error('the INSERT alone stored nothing');
    return most;
  } finally {
    await pool.end();
  }
}

/** Prints the figures; `args[0]` is how many seconds each part takes (5). True: these figures decide nothing. */
export async function run(args: readonly string[]): Promise<boolean> {
  const seconds = Number(args[0] ?? 5);
  if (!(seconds > 0)) throw new Error('the first argument is a number of seconds');
  const folder = await mkdtemp(join(tmpdir(), 'countersign-ingest-bench-'));
  const [port = 0] = await freePorts(1);
  const vars = { RATE_LIMIT_SCALE: '100' };
  const stack = await startStack({ dataDir: join(folder, 'data'), port, ticker: false, vars });
  const pool = new pg.Pool({ connectionString: stack.dev.database_url, max: 1 });
  try {
    const rate = await throughput(stack, pool, seconds);
    const inserts = await roundTrips(stack, join(folder, 'counted'));
    await drain(pool);
    const most = await limit(stack, inserts, seconds);
    console.log(`signals taken in are ${((rate / most) * 100).toFixed(0)} % of the limit`);
    return true;
  } finally {
    await pool.end();
    agent.destroy();
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
