// One signal to many followers: from its sending to the last delivery, and beside it, in the same run, what the database
// alone needs to write as many deliveries in one statement.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startStackFixture } from '../contracts/stack-fixture.ts';
import { rounds } from './figures.ts';
import { sendAll, signedRequests } from './signed-load.ts';

const ROUNDS = 5;
const DEADLINE_MS = 60_000;

/** Makes users and puts them in the producer's audience; the database alone, because it is not what is measured. */
async function makeFollowers(pool: pg.Pool, producerId: string, count: number): Promise<void> {
  await pool.query(
    `WITH u AS (INSERT INTO users (id, email, name, role, created_at)
      SELECT gen_random_uuid(), 'follower-' || n || '@example.test', 'Follower', 'user', now()
      FROM generate_series(1, $2::int) n RETURNING id)
    INSERT INTO subscriptions (producer_id, user_id, created_at) SELECT $1, id, now() FROM u`,
    [producerId, count],
  );
}

/** The newest signal's id and how many deliveries it has. */
async function newest(pool: pg.Pool): Promise<{ id: string; deliveries: number; done: boolean }> {
  const { rows } = await pool.query(`SELECT s.id,
      (SELECT count(*)::int FROM deliveries d WHERE d.signal_id = s.id) AS deliveries,
      EXISTS (SELECT 1 FROM outbox o WHERE o.payload ->> 'signal_id' = s.id::text AND o.done_at IS NOT NULL) AS done
    FROM signals s ORDER BY s.created_at DESC, s.id DESC LIMIT 1`);
  return rows[0];
}

/** Prints the figures; `args[0]` is the number of followers (10000). True: these figures decide nothing. */
export async function run(args: readonly string[]): Promise<boolean> {
  const followers = Number(args[0] ?? 10_000);
  if (!Number.isInteger(followers) || followers < 1)
    throw new Error('the first argument is a number of followers');
  const fixture = await startStackFixture();
  const { dev } = fixture.stack;
  const pool = new pg.Pool({ connectionString: dev.database_url, max: 1 });
  try {
    await makeFollowers(pool, dev.producer.id, followers);
    const [answered, delivered, alone]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      const request = signedRequests(dev.base_url, dev.producer, 1);
      const startedMs = performance.now();
      const { times } = await sendAll(dev.base_url, request, 5);
      answered.push(times[0] ?? Number.NaN);
      let seen = await newest(pool);
      while (!seen.done && performance.now() - startedMs < DEADLINE_MS) {
        await sleep(5);
        seen = await newest(pool);
      }
      delivered.push(performance.now() - startedMs);
      if (seen.deliveries !== followers + 1)
        throw new Error(`${seen.deliveries} deliveries where ${followers + 1} were due`);
      alone.push(await insertAlone(pool, seen.id));
    }
    console.log(`${followers} followers, ${ROUNDS} signals, each to the last delivery: ${rounds(delivered)}`);
    console.log(`  of that to the 201: ${rounds(answered)}`);
    console.log(`the same deliveries by one INSERT, and nothing else: ${rounds(alone)}`);
    return true;
  } finally {
    await pool.end();
    await fixture.stop();
  }
}

/** As many deliveries of another signal, copied by one statement. */
async function insertAlone(pool: pg.Pool, signalId: string): Promise<number> {
  const { rows } = await pool.query(
    `INSERT INTO signals SELECT (jsonb_populate_record(s, jsonb_build_object('id', $2::uuid, 'mac', $2::text,
      'external_id', $2::text))).* FROM signals s WHERE id = $1 RETURNING id`,
    [signalId, randomUUID()],
  );
  const startedMs = performance.now();
  await pool.query(
    `INSERT INTO deliveries (signal_id, user_id, status, created_at, updated_at)
      SELECT $2, user_id, status, created_at, updated_at FROM deliveries WHERE signal_id = $1`,
    [signalId, rows[0].id],
  );
  return performance.now() - startedMs;
}
