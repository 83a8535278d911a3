// What any server of Neon's `/sql` must do, asked through the unmodified driver and drizzle.
import { type NeonDbError, type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless';
import { sql as fragment } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { integer, jsonb, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The server's `/sql` address, a connection string, and a prefix that keeps this run's tables apart. */
export interface SqlUnderTest {
  endpoint: string;
  connectionString: string;
  prefix: string;
}

type Failure = NeonDbError & Record<string, unknown>;

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  return (await work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  )) as Failure;
}

/** Declares the suite; `target` is called once, in beforeAll. */
export function neonSqlConformance(target: () => Promise<SqlUnderTest>): void {
  let sql: NeonQueryFunction<false, false>;
  let full: NeonQueryFunction<true, true>;
  let where: SqlUnderTest;
  const table = (name: string): string => `${where.prefix}${name}`;
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(where.endpoint, {
      method: 'POST',
      headers: { 'Neon-Connection-String': where.connectionString, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  beforeAll(async () => {
    where = await target();
    neonConfig.fetchEndpoint = where.endpoint;
    sql = neon(where.connectionString);
    full = neon(where.connectionString, { fullResults: true, arrayMode: true });
    await sql.query(
      `CREATE TABLE ${table('item')} (id int PRIMARY KEY, name text NOT NULL, amount numeric(12,4), note jsonb)`,
    );
    await sql.query(`CREATE TABLE ${table('span')} (during int8range, EXCLUDE USING gist (during WITH &&))`);
  });

  afterAll(async () => {
    if (sql) await sql.query(`DROP TABLE IF EXISTS ${table('item')}, ${table('span')}, ${table('changing')}`);
  });

  describe('values', () => {
    it('carries every type to the driver and back', async () => {
      const [row] = await sql`SELECT ${{ a: [1, 'ü'] }}::jsonb AS j, ${'12.3400'}::numeric AS n,
        ${'9007199254740993'}::bigint AS b, ${Buffer.from([0, 1, 255])}::bytea AS bytes,
        ${['a b', 'c"d', null, 'NULL']}::text[] AS list, ${'2026-11-21T01:40:17.57Z'}::timestamptz AS at,
        ${true}::bool AS yes, ${null}::text AS nothing, ${1.5}::float8 AS f, ${[[1, 2], [3, 4]]}::int[] AS grid`;
      expect(row).toMatchObject({
        j: { a: [1, 'ü'] },
        n: '12.3400',
        b: '9007199254740993',
        list: ['a b', 'c"d', null, 'NULL'],
        yes: true,
        nothing: null,
        f: 1.5,
        grid: [
          [1, 2],
          [3, 4],
        ],
      });
      expect(Buffer.from(row?.bytes as Uint8Array)).toEqual(Buffer.from([0, 1, 255]));
      expect(new Date(row?.at as string).toISOString()).toBe('2026-11-21T01:40:17.570Z');
    });

    it('answers in PostgreSQL text, with full field descriptions', async () => {
      const response = await post(
        { query: 'SELECT true AS b, 7::int AS n, ARRAY[1,2] AS l, NULL AS z', params: [] },
        { 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' },
      );
      expect(response.status).toBe(200);
      const body = (await response.json()) as { fields: unknown[] };
      expect(body).toMatchObject({
        command: 'SELECT',
        rowCount: 1,
        rowAsArray: true,
        rows: [['t', '7', '{1,2}', null]],
      });
      expect(body.fields[1]).toEqual({
        name: 'n',
        dataTypeID: 23,
        tableID: 0,
        columnID: 0,
        dataTypeSize: 4,
        dataTypeModifier: -1,
        format: 'text',
      });
    });

    it('answers in JSON values and objects when no text is asked for', async () => {
      const query = `SELECT true AS b, 7 AS n, 8::bigint AS big, 'NaN'::float8 AS f, '{"x":1}'::jsonb AS j,
        ARRAY[[1,NULL],[3,4]] AS l, ARRAY['a"b','c d'] AS t`;
      const body = (await (await post({ query })).json()) as { rows: unknown[] };
      expect(body.rows).toEqual([
        {
          b: true,
          n: 7,
          big: '8',
          f: 'NaN',
          j: { x: 1 },
          l: [
            [1, null],
            [3, 4],
          ],
          t: ['a"b', 'c d'],
        },
      ]);
    });

    it('takes JSON parameters by the rules of the proxy', async () => {
      const response = await post(
        {
          query: 'SELECT $1::text, $2::bool, $3::int[], $4::jsonb, $5::text[]',
          params: [7, false, [1, null], { a: 1 }, ['x"y']],
        },
        { 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' },
      );
      expect(((await response.json()) as { rows: unknown }).rows).toEqual([
        ['7', 'f', '{1,NULL}', '{"a": 1}', '{"x\\"y"}'],
      ]);
    });

    it('reports command and row count of each kind of statement', async () => {
      const tag = async (query: string): Promise<unknown[]> => {
        const result = await full.query(query);
        return [result.command, result.rowCount];
      };
      expect(await tag(`INSERT INTO ${table('item')} VALUES (900, 'a'), (901, 'b')`)).toEqual(['INSERT', 2]);
      expect(await tag(`UPDATE ${table('item')} SET name = 'c' WHERE id >= 900`)).toEqual(['UPDATE', 2]);
      expect(await tag(`DELETE FROM ${table('item')} WHERE id >= 900`)).toEqual(['DELETE', 2]);
      expect(await tag('SELECT 1 WHERE false')).toEqual(['SELECT', 0]);
      expect(await tag(`CREATE TABLE IF NOT EXISTS ${table('changing')} (a int)`)).toEqual(['CREATE', null]);
      expect(await tag('')).toEqual(['', null]);
    });
  });

  describe('errors', () => {
    it('carries all fields of a constraint violation', async () => {
      await sql.query(`INSERT INTO ${table('item')} (id, name) VALUES (1, 'one')`);
      const error = await failureOf(
        sql.query(`INSERT INTO ${table('item')} (id, name) VALUES ($1, $2)`, [1, 'again']),
      );
      expect(error).toMatchObject({
        name: 'NeonDbError',
        code: '23505',
        severity: 'ERROR',
        constraint: `${table('item')}_pkey`,
        table: table('item'),
        detail: 'Key (id)=(1) already exists.',
        routine: '_bt_check_unique',
      });
      expect(error.schema).toEqual(expect.any(String));
      expect(error.file).toMatch(/\.c$/);
    });

    it('carries the position of a syntax error', async () => {
      expect(await failureOf(sql.query('SELEC 1'))).toMatchObject({ code: '42601', position: '1' });
    });

    it('refuses two statements in one query', async () => {
      expect(await failureOf(sql.query('SELECT 1; SELECT 2'))).toMatchObject({
        code: '42601',
        message: 'cannot insert multiple commands into a prepared statement',
      });
    });

    it('reports an exclusion violation as 23P01', async () => {
      const insert = `INSERT INTO ${table('span')} VALUES ('[1,10)')`;
      await sql.query(insert);
      expect(await failureOf(sql.query(insert))).toMatchObject({
        code: '23P01',
        constraint: `${table('span')}_during_excl`,
      });
    });

    it('answers 400 to what is no request', async () => {
      expect((await post('{')).status).toBe(400);
      expect((await post({})).status).toBe(400);
      expect((await post({ query: 'SELECT 1', params: 'x' })).status).toBe(400);
      expect((await post({ query: 'SELECT 1\u0000' })).status).toBe(400);
      expect((await post({ query: 'SELECT 1' }, { 'Neon-Connection-String': 'nonsense' })).status).toBe(400);
      expect((await post({ queries: [] }, { 'Neon-Batch-Isolation-Level': 'Chaos' })).status).toBe(400);
      expect(await failureOf(sql`SELECT ${'a\u0000b'}::text`)).toMatchObject({ code: '22021' });
    });

    it('answers 507 to more than 10 MB and goes on', async () => {
      const response = await post({ query: "SELECT repeat('x', 1000) FROM generate_series(1, 20000)" });
      expect(response.status).toBe(507);
      expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    });
  });

  describe('batches', () => {
    it('commit or fail as a whole', async () => {
      const insert = (id: number) =>
        sql.query(`INSERT INTO ${table('item')} (id, name) VALUES ($1, 'batch') RETURNING id`, [id]);
      expect(await sql.transaction([insert(10), insert(11)])).toEqual([[{ id: 10 }], [{ id: 11 }]]);
      expect(await failureOf(sql.transaction([insert(12), insert(10), insert(13)]))).toMatchObject({
        code: '23505',
      });
      expect(await sql.query(`SELECT id FROM ${table('item')} WHERE name = 'batch' ORDER BY id`)).toEqual([
        { id: 10 },
        { id: 11 },
      ]);
    });

    it('see their own DDL and undo it', async () => {
      const name = table('shortlived');
      const error = await failureOf(
        sql.transaction([
          sql.query(`CREATE TABLE ${name} (a int)`),
          sql.query(`INSERT INTO ${name} VALUES (1)`),
          sql`SELECT 1/0`,
        ]),
      );
      expect(error).toMatchObject({ code: '22012' });
      expect(await sql`SELECT to_regclass(${name}) AS t`).toEqual([{ t: null }]);
    });

    it('honour and repeat isolation, read-only and deferrable', async () => {
      const show = ['transaction_isolation', 'transaction_read_only', 'transaction_deferrable'].map((name) =>
        sql.query(`SHOW ${name}`),
      );
      const options = { isolationLevel: 'Serializable', readOnly: true, deferrable: true } as const;
      expect(await sql.transaction(show, options)).toEqual([
        [{ transaction_isolation: 'serializable' }],
        [{ transaction_read_only: 'on' }],
        [{ transaction_deferrable: 'on' }],
      ]);
      const response = await post(
        { queries: [{ query: 'SELECT 1' }] },
        { 'Neon-Batch-Isolation-Level': 'RepeatableRead', 'Neon-Batch-Read-Only': 'true' },
      );
      expect(response.headers.get('neon-batch-isolation-level')).toBe('RepeatableRead');
      expect(response.headers.get('neon-batch-read-only')).toBe('true');
      const write = sql.query(`DELETE FROM ${table('item')}`);
      expect(await failureOf(sql.transaction([write], { readOnly: true }))).toMatchObject({ code: '25006' });
    });

    it('report a constraint that fails only at COMMIT', async () => {
      const name = table('deferred');
      await sql.query(
        `CREATE TABLE ${name} (id int, CONSTRAINT late UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)`,
      );
      const insert = () => sql.query(`INSERT INTO ${name} VALUES (1)`);
      expect(await failureOf(sql.transaction([insert(), insert()]))).toMatchObject({
        code: '23505',
        constraint: 'late',
      });
      expect(await sql.query(`SELECT count(*)::int AS n FROM ${name}`)).toEqual([{ n: 0 }]);
      await sql.query(`DROP TABLE ${name}`);
    });
  });

  describe('concurrency', () => {
    it('loses updates as two real connections do', async () => {
      await sql.query(`INSERT INTO ${table('item')} (id, name, amount) VALUES (50, 'race', 0)`);
      const add = (): Promise<unknown> =>
        sql.query(
          `WITH seen AS MATERIALIZED (SELECT amount, pg_sleep(0.2) FROM ${table('item')} WHERE id = 50)
           UPDATE ${table('item')} SET amount = seen.amount + 1 FROM seen WHERE id = 50`,
        );
      await Promise.all([add(), add(), add()]);
      const [row] = await sql.query(`SELECT amount FROM ${table('item')} WHERE id = 50`);
      expect(Number(row?.amount)).toBeLessThan(3);
    });

    it('reports a deadlock as 40P01 to one of two', async () => {
      await sql.query(`INSERT INTO ${table('item')} (id, name) VALUES (60, 'd'), (61, 'd')`);
      const touch = (id: number) =>
        sql.query(
          `UPDATE ${table('item')} SET name = 'x', amount = (SELECT 1 FROM pg_sleep(0.3)) WHERE id = $1`,
          [id],
        );
      const outcomes = await Promise.allSettled([
        sql.transaction([touch(60), touch(61)]),
        sql.transaction([touch(61), touch(60)]),
      ]);
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(failures).toHaveLength(1);
      expect(failures[0]?.reason).toMatchObject({
        name: 'NeonDbError',
        code: '40P01',
        detail: expect.stringContaining('waits for'),
      });
    });

    it('keeps prepared statements right when the schema changes', async () => {
      const name = table('changing');
      await sql.query(`DROP TABLE IF EXISTS ${name}`);
      await sql.query(`CREATE TABLE ${name} (a int)`);
      await sql.query(`INSERT INTO ${name} VALUES (1)`);
      for (let turn = 0; turn < 4; turn += 1)
        expect(await sql.query(`SELECT * FROM ${name}`)).toEqual([{ a: 1 }]);
      await sql.query(`ALTER TABLE ${name} ADD COLUMN b text DEFAULT 'new'`);
      expect(await sql.query(`SELECT * FROM ${name}`)).toEqual([{ a: 1, b: 'new' }]);
      const columns = `SELECT * FROM ${name} WHERE a > $1`;
      expect(await sql.query(columns, [0])).toEqual([{ a: 1, b: 'new' }]);
      await sql.query(`ALTER TABLE ${name} DROP COLUMN b`);
      expect(await sql.query(columns, [0])).toEqual([{ a: 1 }]);
      const select = () => sql.query(`SELECT * FROM ${name}`);
      const inOne = [select(), sql.query(`ALTER TABLE ${name} ADD COLUMN b text DEFAULT 'new'`), select()];
      expect(await sql.transaction(inOne)).toEqual([[{ a: 1 }], [], [{ a: 1, b: 'new' }]]);
      await sql.query('DEALLOCATE ALL');
      expect(await sql.query(`SELECT * FROM ${name}`)).toEqual([{ a: 1, b: 'new' }]);
    });

    it('leaves no transaction open behind a stray BEGIN', async () => {
      await sql`BEGIN`;
      // The connection is cleaned behind the answer: the test waits for it, and its time limit is the failure.
      let open = 1;
      while (open > 0) {
        const [row] = await sql`SELECT count(*)::int AS open FROM pg_stat_activity
          WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND query = 'BEGIN'`;
        open = Number(row?.['open']);
      }
      expect(open).toBe(0);
    });
  });

  it('serves drizzle neon-http: queries, errors, atomic batches', async () => {
    const item = pgTable(table('item'), {
      id: integer('id').primaryKey(),
      name: text('name').notNull(),
      amount: numeric('amount'),
      note: jsonb('note'),
    });
    const db = drizzle(sql);
    await db.insert(item).values({ id: 70, name: 'drizzle', amount: '1.5', note: { deep: [1] } });
    expect(await db.select().from(item).where(fragment`id = 70`)).toEqual([
      { id: 70, name: 'drizzle', amount: '1.5000', note: { deep: [1] } },
    ]);
    const single = await failureOf(db.insert(item).values({ id: 70, name: 'twice' }).execute());
    expect(single.cause).toMatchObject({ code: '23505' });
    const batch = db.batch([
      db.insert(item).values({ id: 71, name: 'x' }),
      db.insert(item).values({ id: 70, name: 'x' }),
    ]);
    expect(await failureOf(batch)).toMatchObject({ code: '23505' });
    expect(await db.$count(item, fragment`id = 71`)).toBe(0);
  });
}
