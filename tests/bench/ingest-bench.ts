// How many signed signals a second the production bundles take in, what each costs in CPU and round trips, and beside
// it, in the same run, the limit: the very statement alone from a pool of prepared connections, and a bare INSERT.
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { bundleLambda } from '../../infra/aws/bundle-lambda.ts';
import { listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startLocalWorker } from '../../infra/local/local-worker.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { buildWorkerBundle } from '../../infra/local/worker-bundle.ts';
import { lambdaEnvironment, type StackFixture, startStackFixture } from '../contracts/stack-fixture.ts';
import { cpuMs, quantile } from './figures.ts';
import { CONNECTIONS, type Result, sendAll, signedRequests } from './signed-load.ts';

const WARM_UP_SECONDS = 2;
/** More than a machine of two cores can take in a second. */
const MOST_PER_SECOND = 4_000;
const COUNTED_SIGNALS = 200;
const DRAIN_MS = 60_000;
const CONTRACTS = join(import.meta.dirname, '../contracts');

type Statement = { query: string; params: (string | null)[] };
type Parts = Record<string, number | undefined>;

/** Calls `work` from 16 callers, each one after another, for the seconds. */
async function drive(seconds: number, work: () => Promise<unknown>): Promise<Result> {
  const result: Result = { times: [], refused: 0, tookMs: 0 };
  const startedMs = performance.now();
  const caller = async () => {
    while (performance.now() - startedMs < seconds * 1000) {
      const sentMs = performance.now();
      await work();
      result.times.push(performance.now() - sentMs);
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

/** Runs `work` and prints the CPU time that it cost each of the processes, in ms for each of its results. */
async function costing(parts: Parts, what: string, work: () => Promise<Result>): Promise<number> {
  const pids = Object.entries({ ...parts, 'load and Redis': process.pid });
  // Children of this process are counted under their own names.
  const ofEach = () => pids.map(([, pid]) => (pid === process.pid ? ownCpuMs() : cpuMs(pid ?? 0)));
  const before = ofEach();
  const result = await work();
  const after = ofEach();
  const rate = print(what, result);
  const list = pids.map(([name], i) => {
    const spent = (after[i] ?? 0) - (before[i] ?? 0);
    return `${name} ${(spent / result.times.length).toFixed(2)}`;
  });
  console.log(`  CPU ms each: ${list.join(', ')}`);
  return rate;
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Waits until the consumer has done all events, so that what follows is measured alone. */
async function drain(pool: pg.Pool): Promise<void> {
  const waiting = async () =>
    (await pool.query(`SELECT 1 FROM outbox WHERE done_at IS NULL AND topic <> 'picture.wanted' LIMIT 1`))
      .rowCount;
  for (const deadline = Date.now() + DRAIN_MS; (await waiting()) && Date.now() < deadline; ) await sleep(200);
}

/** The load on one runtime, its events worked while it comes; returns signals per second. */
async function throughput(
  name: string,
  url: string,
  parts: Parts,
  fixture: StackFixture,
  pool: pg.Pool,
  seconds: number,
): Promise<number> {
  const { producer } = fixture.stack.dev;
  const requests = signedRequests(url, producer, (seconds + WARM_UP_SECONDS) * MOST_PER_SECOND);
  await sendAll(url, requests, WARM_UP_SECONDS);
  await drain(pool);
  return costing(parts, `signals taken in by ${name}`, async () => {
    const result = await sendAll(url, requests, seconds);
    await drain(pool);
    return result;
  });
}

/** A second Worker behind an endpoint that looks at every statement; also gives two INSERTs as they were sent. */
async function roundTrips({ stack, folder }: StackFixture): Promise<Statement[]> {
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
        ? 'its event, after the answer'
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
    dataDir: join(folder, 'counted'),
    vars: { ...stack.environment, DATABASE_HTTP_URL: `${endpoint.url}/sql` },
    onLine: () => {},
  });
  try {
    // One at a time: the statement that holds one signal is what the limit is measured with.
    for (let i = 0; i < 2; i += 1)
      await sendAll(worker.url, signedRequests(worker.url, stack.dev.producer, 1), 1);
    await sleep(1000);
    counts.clear();
    await sendAll(worker.url, signedRequests(worker.url, stack.dev.producer, COUNTED_SIGNALS), 60);
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

async function limits({ stack }: StackFixture, inserts: Statement[], seconds: number): Promise<number> {
  const { text, values } = insertOf(inserts);
  const pool = new pg.Pool({ connectionString: stack.dev.database_url, max: CONNECTIONS });
  const insert = async () => {
    if ((await pool.query({ name: 'ingest', text, values: values() })).rowCount !== 1)
      throw new Error('the INSERT alone stored nothing');
  };
  const bare = () =>
    pool.query({
      name: 'bare',
      text: `INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts, done_at)
        VALUES ($1, 'bench', '{}', now(), now(), 0, now())`,
      values: [randomUUID()],
    });
  const parts = { postgres: stack.pids['postgres'] };
  try {
    await drive(WARM_UP_SECONDS, insert);
    const most = await costing(parts, 'the limit: the same statement, prepared, from a pool of 16', () =>
      drive(seconds, insert),
    );
    await costing(parts, 'for the record: a bare INSERT of one row', () => drive(seconds, bare));
    return most;
  } finally {
    await pool.end();
  }
}

/** The Lambda bundle in a process of its own. */
async function startLambda(fixture: StackFixture): Promise<{ url: string; pid: number }> {
  const [port = 0, control = 0] = await freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const environment = join(fixture.folder, 'environment.json');
  await writeFile(environment, JSON.stringify(await lambdaEnvironment(fixture, url)));
  await bundleLambda(join(fixture.folder, 'bundle'));
  const { pid } = await fixture.child('lambda', join(CONTRACTS, 'lambda-host.ts'), [
    ...['--bundle', join(fixture.folder, 'bundle', 'lambda.mjs'), '--environment', environment],
    ...['--port', String(port), '--control-port', String(control)],
  ]);
  return { url, pid };
}

/** Prints the figures; `args[0]` is how many seconds each part takes (5). True: these figures decide nothing. */
export async function run(args: readonly string[]): Promise<boolean> {
  const seconds = Number(args[0] ?? 5);
  if (!(seconds > 0)) throw new Error('the first argument is a number of seconds');
  const fixture = await startStackFixture(1_000);
  const { pids, dev } = fixture.stack;
  const pool = new pg.Pool({ connectionString: dev.database_url, max: 1 });
  const behind = { sql: pids['sql'], postgres: pids['postgres'] };
  try {
    const parts = { workerd: pids['workerd'], ...behind };
    const worker = await throughput('the Worker', dev.base_url, parts, fixture, pool, seconds);
    const inserts = await roundTrips(fixture);
    await drain(pool);
    const most = await limits(fixture, inserts, seconds);
    const { url, pid } = await startLambda(fixture);
    const lambda = await throughput('the Lambda', url, { lambda: pid, ...behind }, fixture, pool, seconds);
    const share = (rate: number) => `${((rate / most) * 100).toFixed(0)} %`;
    console.log(`of the limit: the Worker ${share(worker)}, the Lambda ${share(lambda)}`);
    return true;
  } finally {
    await pool.end();
    await fixture.stop();
  }
}
