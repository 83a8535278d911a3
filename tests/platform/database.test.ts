import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, databaseFault } from '../../functions/platform/database.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
  await t.sql('CREATE TABLE counters (name text PRIMARY KEY, n int NOT NULL CHECK (n >= 0))');
  await t.sql('GRANT SELECT, INSERT, UPDATE ON counters TO countersign_runtime');
  await t.sql(`INSERT INTO counters VALUES ('a', 0), ('b', 0), ('c', 0)`);
  // What a transaction that is rolled back has drawn from a sequence stays drawn: it counts attempts.
  await t.sql('CREATE SEQUENCE tries');
  await t.sql('GRANT USAGE ON SEQUENCE tries TO countersign_runtime');
});
afterAll(() => t?.drop());

const add = (name: string) => sql`UPDATE counters SET n = n + 1 WHERE name = ${name} RETURNING n`;
const attempt = sql`SELECT nextval('tries')`;
const countOf = async (name: string) =>
  (await t.sql('SELECT n FROM counters WHERE name = $1', [name]))[0]?.['n'];

/** What went wrong with a piece of work; null where nothing did. */
const faultOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (e: unknown) => databaseFault(e),
  );

describe('a database over HTTP', () => {
  it('gives rows with numeric, bigint and timestamps as text and nulls as null', async () => {
    expect(
      await t.db.run(sql`SELECT 1.50::numeric AS n, 9007199254740993::bigint AS b, ${'x'}::text AS t, NULL::int AS nil,
        '2026-03-02T10:00:00.123456Z'::timestamptz AS at, ARRAY['a','b'] AS list, '{"a":1}'::jsonb AS json`),
    ).toEqual([
      {
        n: '1.50',
        b: '9007199254740993',
        t: 'x',
        nil: null,
        at: '2026-03-02 10:00:00.123456+00',
        list: ['a', 'b'],
        json: { a: 1 },
      },
    ]);
  });

  it('runs no statement of an empty batch', async () => {
    expect(await t.db.batch([])).toEqual([]);
  });

  it('keeps nothing of a batch of which one statement fails, and names the constraint', async () => {
    const before = await countOf('c');
    const fault = await faultOf(t.db.batch([add('c'), sql`INSERT INTO counters VALUES ('a', 1)`, add('c')]));
    expect(fault).toEqual({ kind: 'constraint', code: '23505', constraint: 'counters_pkey' });
    expect(await countOf('c')).toBe(before);
  });

  it.each([
    ['23514', `UPDATE counters SET n = -1 WHERE name = 'a'`, 'counters_n_check'],
    ['23502', `INSERT INTO counters (name) VALUES ('z')`, ''],
  ])('tells a violated constraint (%s) apart', async (code, text, constraint) => {
    expect(await faultOf(t.db.run(sql.raw(text)))).toEqual({ kind: 'constraint', code, constraint });
  });

  it('calls anything else that the server refuses by its code, and knows nothing of other errors', async () => {
    expect(await faultOf(t.db.run(sql`SELECT 1 / 0`))).toEqual({ kind: 'other', code: '22012' });
    expect(databaseFault(new Error('something else'))).toBeNull();
    expect(databaseFault('text')).toBeNull();
  });

  it('is unreachable, with nothing known of the effect, where nobody answers or the server ends the session', async () => {
    const gone = createDatabase({ url: t.runtimeUrl, httpUrl: 'http://127.0.0.1:9/sql', timeoutMs: 1_000 });
    const fault = await faultOf(gone.run(sql`SELECT 1`));
    createDatabase({ url: t.runtimeUrl, httpUrl: t.httpUrl, timeoutMs: 60_000 });
    expect(fault).toEqual({ kind: 'unreachable' });
    const ended = sql`SELECT pg_terminate_backend(pg_backend_pid())`;
    expect(await faultOf(t.db.run(ended))).toEqual({ kind: 'unreachable' });
  });
});

describe('work that another transaction got in the way of', () => {
  it('is done again after a deadlock (40P01), and then both have happened once', async () => {
    const [a, b] = [await countOf('a'), await countOf('b')].map(Number);
    const [other, gate] = [await t.connect('superuser'), await t.connect('superuser')];
    // PostgreSQL looks for a deadlock once, a while after a wait began. So that ours is the one it ends, the other one
    // waits first and never looks, and ours comes to its last wait, through the gate, when the circle is there to see.
    await other.query(`SET deadlock_timeout = '1h'`);
    await gate.query('SELECT pg_advisory_lock(77)');
    await other.query('BEGIN');
    await other.query(`UPDATE counters SET n = n + 1 WHERE name = 'a'`);
    const ours = t.db.batch([attempt, add('b'), sql`SELECT pg_advisory_xact_lock_shared(77)`, add('a')]);
    await untilBlocked(t);
    const others = other.query(`UPDATE counters SET n = n + 1 WHERE name = 'b'`);
    await untilBlocked(t, 2);
    await gate.query('SELECT pg_advisory_unlock(77)');
    await others;
    await other.query('COMMIT');
    const [, forB, , forA] = await ours;
    expect([forB, forA]).toEqual([[{ n: Number(b) + 2 }], [{ n: Number(a) + 2 }]]);
    expect([await countOf('a'), await countOf('b')]).toEqual([Number(a) + 2, Number(b) + 2]);
    // Twice, or once more where the second try took its lock before the other one could: what counts is what happened.
    const [tries] = await t.sql('SELECT last_value::int FROM tries');
    expect(Number(tries?.['last_value'])).toBeGreaterThanOrEqual(2);
  });

  it('is done again after a serialisation failure (40001), on what the other one left', async () => {
    const a = Number(await countOf('a'));
    const other = await t.connect();
    await other.query('BEGIN');
    await other.query(`UPDATE counters SET n = n + 10 WHERE name = 'a'`);
    const ours = t.db.batch([sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`, add('a')]);
    await untilBlocked(t);
    await other.query('COMMIT');
    expect((await ours)[1]).toEqual([{ n: a + 11 }]);
  });

  it('is given up after four attempts, and the caller is told of contention', async () => {
    const other = await t.connect();
    await t.sql('ALTER SEQUENCE tries RESTART');
    await other.query('BEGIN');
    await other.query(`UPDATE counters SET n = n WHERE name = 'a'`);
    const ours = t.db.batch([sql`SET LOCAL lock_timeout = '20ms'`, attempt, add('a')]);
    expect(await faultOf(ours)).toEqual({ kind: 'contention' });
    await other.query('ROLLBACK');
    expect(await t.sql(`SELECT last_value::int FROM tries`)).toEqual([{ last_value: 4 }]);
  });
});
