// The database dies, hangs or hangs up under a Worker that stays: nothing is acknowledged that is not stored, and the
// Worker recovers by itself.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type LocalChild, startChild } from '../../infra/local/child-process.ts';
import { type EmbeddedPostgres, startPostgres } from '../../infra/local/embedded-postgres.ts';
import { isRunning, processIdentity } from '../../infra/local/process-identity.ts';
import { startStack } from '../../infra/local/stack.ts';
import { freePorts, readStackSecrets } from '../../infra/local/stack-secrets.ts';
import { acknowledged, type Load, startLoad } from './load.ts';
import { type Answer, query, sendSignal, tracesOf, whole } from './signals.ts';

const CALLERS = 8;
const folder = await mkdtemp(join(tmpdir(), 'countersign-faults-'));
const dataDir = join(folder, 'data');
const [port = 0] = await freePorts(1);
const stack = await startStack({ dataDir, port, ticker: false });
const { dev } = stack;
const secrets = await readStackSecrets(dataDir);
const workerd = await processIdentity(stack.pids['workerd'] ?? 0);
const restarted: (LocalChild | EmbeddedPostgres)[] = [];

afterEach(async () => {
  expect(workerd !== null && (await isRunning(workerd)), 'the Worker was never restarted').toBe(true);
});

afterAll(async () => {
  await stack.stop();
  for (const one of restarted) await one.stop();
  await rm(folder, { recursive: true, force: true });
});

/** kill -9, and waits until it is gone. */
async function kill(pid: number): Promise<void> {
  const identity = await processIdentity(pid);
  process.kill(pid, 'SIGKILL');
  while (identity !== null && (await isRunning(identity))) await sleep(10);
}

function expectUnavailable(answer: Answer): void {
  expect(answer.body).toMatchObject({
    type: 'urn:countersign:problem:unavailable',
    status: 503,
    request_id: expect.stringMatching(/.+/),
  });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.body).not.toHaveProperty('id');
  expect(JSON.stringify(answer.body)).not.toMatch(/INSERT|SELECT|postgres|127\.0\.0\.1/i);
}

/** Every answer was 201 or 503, every 201 is stored once and whole, and nothing is stored twice. */
async function expectTruth(load: Load): Promise<void> {
  await load.stop();
  expect(load.broken).toBe(0);
  for (const answer of load.answers) if (answer.status !== 201) expectUnavailable(answer);
  const ids = acknowledged(load);
  expect(ids.length).toBeGreaterThan(0);
  expect(await tracesOf(dev.database_url, ids)).toEqual(ids.map(whole));
  const refused = load.answers.filter((a) => a.status !== 201).map((a) => a.externalId);
  const twice = await query(
    dev.database_url,
    'SELECT external_id FROM signals WHERE external_id = ANY($1) GROUP BY 1 HAVING count(*) > 1',
    [refused],
  );
  expect(twice).toEqual([]);
}

/** A caller that sends again what was answered 503 ends with exactly one signal. */
async function expectRepeatable(load: Load): Promise<void> {
  const refused = load.answers.filter((a) => a.status === 503).slice(0, 20);
  expect(refused.length).toBeGreaterThan(0);
  for (const { externalId } of refused) {
    const again = await sendSignal(dev, { external_id: externalId });
    expect([201, 409]).toContain(again.status);
    const rows = await query<{ id: string }>(
      dev.database_url,
      'SELECT id::text FROM signals WHERE external_id = $1',
      [externalId],
    );
    expect(rows).toEqual([{ id: again.body.id ?? again.body.existing_id }]);
  }
}

describe('a signal is acknowledged only if it is stored', () => {
  it('when PostgreSQL is killed and comes back', async () => {
    const load = startLoad(dev, CALLERS);
    await load.further(201, 30);
    await kill(stack.pids['postgres'] ?? 0);
    await load.further(503, 30);
    restarted.push(
      await startPostgres({
        dataDir: join(dataDir, 'postgres'),
        port: secrets.ports.postgres,
        superuserPassword: secrets.superuserPassword,
      }),
    );
    await load.further(201, 30);
    await expectTruth(load);
    await expectRepeatable(load);
  });

  it('when the database hangs up on every connection', async () => {
    const load = startLoad(dev, CALLERS);
    await load.further(201, 30);
    for (let i = 0; i < 5; i += 1) {
      await query(
        superuserUrl(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'countersign_runtime'",
      );
      await load.further(201, 10);
    }
    await expectTruth(load);
  });

  it('when the way to the database is killed and comes back', async () => {
    const load = startLoad(dev, CALLERS);
    await load.further(201, 30);
    await kill(stack.pids['sql'] ?? 0);
    await load.further(503, 30);
    restarted.push(
      await startChild(
        'sql',
        join(import.meta.dirname, '../../infra/local/neon-sql-main.ts'),
        ['--port', String(secrets.ports.sql), '--database-port', String(secrets.ports.postgres)],
        () => {},
      ),
    );
    await load.further(201, 30);
    await expectTruth(load);
    await expectRepeatable(load);
  });

  it('when PostgreSQL hangs beyond the time of a round trip and then goes on', async () => {
    const load = startLoad(dev, CALLERS);
    await load.further(201, 30);
    const processes = postgresProcesses();
    expect(processes.length).toBeGreaterThan(3);
    try {
      for (const pid of processes) process.kill(pid, 'SIGSTOP');
      await load.further(503, CALLERS);
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT');
    }
    await load.further(201, 30);
    await expectTruth(load);
    const slowest = Math.max(...load.answers.filter((a) => a.status === 503).map((a) => a.tookMs));
    console.info(`a database that hangs was answered for after ${Math.round(slowest)} ms at most`);
    await expectRepeatable(load);
  }, 120_000);

  it('and readyz says the truth while the database is away and after', async () => {
    const ready = async () => (await fetch(`${dev.base_url}/readyz`)).status;
    await query(dev.database_url, 'DELETE FROM schedule_ticks');
    await stack.tick();
    expect(await ready()).toBe(200);
    const postgres = restarted[0];
    await postgres?.stop();
    expect(await ready()).toBe(503);
    expect((await fetch(`${dev.base_url}/healthz`)).status).toBe(200);
    restarted.push(
      await startPostgres({
        dataDir: join(dataDir, 'postgres'),
        port: secrets.ports.postgres,
        superuserPassword: secrets.superuserPassword,
      }),
    );
    expect(await ready()).toBe(200);
  });
});

const superuserUrl = (): string =>
  `postgresql://postgres:${secrets.superuserPassword}@127.0.0.1:${secrets.ports.postgres}/countersign`;

/** The postmaster that is running now, and its children. */
function postgresProcesses(): number[] {
  const postmaster = restarted.find((r) => 'url' in r)?.pid ?? 0;
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const children = rows
    .map((r) => r.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === postmaster);
  return [postmaster, ...children.map(([pid = 0]) => pid)];
}
