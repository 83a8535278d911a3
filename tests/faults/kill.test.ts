// kill -9 of the whole stack under load: what was acknowledged is there, once and whole, and its events are worked.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { acknowledged, startLoad } from './load.ts';
import { query, tracesOf, whole } from './signals.ts';
import { allGone, StackProcess } from './stack-process.ts';

const CALLERS = 16;
const PATIENCE_MS = 60_000;
const folder = await mkdtemp(join(tmpdir(), 'countersign-kill-'));
const dataDir = join(folder, 'data');
const [port = 0] = await freePorts(1);
let first: StackProcess | undefined;
let second: Stack | undefined;

afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a kill -9 of every process under load loses no acknowledged signal, doubles none and leaves no event undone', async () => {
  first = new StackProcess(dataDir, port);
  const dev = await first.ready();
  const load = startLoad(dev, CALLERS);
  await load.further(201, 400);
  const members = await first.members();
  for (const { pid } of members) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It went with one of those before it.
    }
  }
  await load.stop();
  await first.ended;
  await allGone(members);
  const ids = acknowledged(load);
  expect(ids.length).toBeGreaterThanOrEqual(400);
  expect(new Set(ids).size).toBe(ids.length);

  second = await startStack({ dataDir, port, ticker: false });
  expect(second.dev).toStrictEqual(dev);
  expect(await tracesOf(dev.database_url, ids)).toEqual(ids.map(whole));
  const [all] = await query<{ signals: number; halves: number }>(
    dev.database_url,
    `SELECT count(*)::int AS signals, count(*) FILTER (WHERE
       (SELECT count(*) FROM deliveries d WHERE d.signal_id = s.id) <> 1 OR
       (SELECT count(*) FROM audit_log l WHERE l.subject_id = s.id::text AND l.action = 'signal.create') <> 1 OR
       (SELECT count(*) FROM outbox o WHERE o.payload->>'signal_id' = s.id::text) <> 1)::int AS halves
     FROM signals s`,
  );
  expect(all?.halves).toBe(0);
  // Those that nobody heard of: stored, with the answer lost.
  expect(all?.signals).toBeGreaterThanOrEqual(ids.length);
  expect(all?.signals).toBeLessThanOrEqual(ids.length + CALLERS);

  // Events that were on their way are overdue 15 s after their making; the test does not wait that long.
  await query(dev.database_url, 'UPDATE outbox SET available_at = created_at WHERE done_at IS NULL');
  await query(dev.database_url, 'DELETE FROM schedule_ticks');
  await second.tick();
  const undone = async () =>
    (await query(dev.database_url, 'SELECT id FROM outbox WHERE done_at IS NULL')).length;
  for (const deadline = Date.now() + PATIENCE_MS; (await undone()) > 0 && Date.now() < deadline; )
    await sleep(100);
  expect(await undone()).toBe(0);
}, 180_000);
