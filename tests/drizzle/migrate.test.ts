import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Migration,
  migrateDown,
  migrateUp,
  readMigrations,
  setRuntimePassword,
} from '../../drizzle/migrate.ts';
import { type NeonSqlServer, startNeonSqlServer } from '../../infra/local/neon-sql-server.ts';
import {
  type PlainServer,
  roleExists,
  startOwnServer,
  urlOf,
  useGivenServer,
  withClient,
} from '../support/database-server.ts';
import { countRows, fillEveryTable, TABLES } from '../support/one-row-each.ts';
import { dumpSchema, type SchemaDump } from '../support/schema-dump.ts';

const external = process.env['DATABASE_URL'] ?? 'postgres://root@127.0.0.1:5432/postgres';
const PASSWORD = 'password-of-a-test-database';
const OWNER = { role: `countersign_migrator_${process.pid}`, password: PASSWORD };
const RUNTIME = 'countersign_runtime';
const now = () => new Date('2026-03-02T10:00:00Z');

async function whyNotExternal(): Promise<string | null> {
  try {
    return await withClient(
      `${external}${external.includes('?') ? '&' : '?'}connect_timeout=2`,
      async (c) => {
        const { rows } = await c.query<{ super: boolean }>(
          'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
        );
        return rows[0]?.super === true ? null : 'its user is no superuser';
      },
    );
  } catch (e) {
    return `no connection: ${e instanceof Error ? e.message : String(e)}`;
  }
}
const missing = await whyNotExternal();
if (missing !== null) console.warn(`skipped: the migrations on a second PostgreSQL, ${missing}`);
const migrations = await readMigrations();
const tags = migrations.map((m) => m.tag);

const servers: { name: string; start: () => Promise<PlainServer>; skip: boolean }[] = [
  { name: 'the embedded PostgreSQL', start: startOwnServer, skip: false },
  {
    name: 'a PostgreSQL of the system',
    start: async () => useGivenServer(external),
    skip: missing !== null,
  },
];

/** The names of a dump's columns, by table. */
function columnsByTable({ columns }: SchemaDump): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of columns) {
    const [, table = '', column = ''] = /^(\w+)\.(\w+) /.exec(line) ?? [];
    found.set(table, [...(found.get(table) ?? []), column]);
  }
  return found;
}

/** Every row of the tables, each value as PostgreSQL writes it. */
async function readRows(client: pg.Client, tables: Map<string, string[]>) {
  const found = new Map<string, Record<string, string | null>[]>();
  for (const [table, columns] of tables) {
    const list = columns.map((name) => `${name}::text AS ${name}`).join(', ');
    found.set(
      table,
      (await client.query<Record<string, string | null>>(`SELECT ${list} FROM ${table}`)).rows,
    );
  }
  return found;
}

describe.each(servers)('migrations on $name', ({ start, skip }) => {
  let server: PlainServer;
  let endpoint: NeonSqlServer;
  let runtimeWasThere = true;
  let made = 0;
  const names: string[] = [];

  beforeAll(async () => {
    if (skip) return;
    server = await start();
    await withClient(server.superuserUrl, async (c) => {
      runtimeWasThere = await roleExists(c, RUNTIME);
      await c.query(`CREATE ROLE ${OWNER.role} LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
    });
    endpoint = await startNeonSqlServer({ port: 0, databasePort: server.port });
  });

  beforeEach(() => {
    if (!skip) neonConfig.fetchEndpoint = endpoint.url;
  });

  afterAll(async () => {
    if (skip) return;
    await endpoint.stop();
    if (server.throwAway) return server.stop();
    // At once, because each waits for a checkpoint.
    const drop = (name: string) => (c: pg.Client) => c.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await Promise.all(names.map((name) => withClient(server.superuserUrl, drop(name))));
    await withClient(server.superuserUrl, async (c) => {
      // Where another run has taken the role into use meanwhile, it stays.
      if (!runtimeWasThere) await c.query(`DROP ROLE IF EXISTS ${RUNTIME}`).catch(() => undefined);
      await c.query(`DROP ROLE IF EXISTS ${OWNER.role}`);
    });
    await server.stop();
  });

  /** An empty database whose owner is no superuser, as at a provider. */
  async function emptyDatabase(): Promise<{ url: string; sql: NeonQueryFunction<false, false> }> {
    made += 1;
    const name = `countersign_migrate_${process.pid}_${made}`;
    names.push(name);
    await withClient(server.superuserUrl, (c) => c.query(`CREATE DATABASE ${name} OWNER ${OWNER.role}`));
    const url = urlOf(server.superuserUrl, name, OWNER);
    return { url, sql: neon(url) };
  }
  async function untilWaiting(client: pg.Client): Promise<void> {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await client.query(waiting)).rowCount === 0) await sleep(10);
  }
  const dump = (url: string): Promise<SchemaDump> => withClient(url, dumpSchema);
  const applied = (url: string) =>
    withClient(url, async (c) => {
      const { rows } = await c.query<{ tag: string }>('SELECT tag FROM migrations.applied ORDER BY tag');
      return rows.map((r) => r.tag);
    });

  it.skipIf(skip)(
    'bring an empty database to the newest schema, in order, and the second time change nothing',
    async () => {
      const { url, sql } = await emptyDatabase();
      expect(await migrateUp(sql, now)).toEqual(tags);
      expect(await applied(url)).toEqual(tags);
      const before = await dump(url);
      const tables = [...new Set(before.columns.map((line) => line.split('.')[0]))];
      expect(tables.sort()).toEqual(TABLES);
      expect(await migrateUp(sql, now)).toEqual([]);
      expect(await dump(url)).toEqual(before);
    },
  );

  it.skipIf(skip).each([2, 5])(
    'are applied once by %i runners at once, none of which fails',
    async (count) => {
      const { url } = await emptyDatabase();
      const done = await Promise.all(Array.from({ length: count }, () => migrateUp(neon(url), now)));
      expect(done.flat().sort()).toEqual(tags);
      expect(await applied(url)).toEqual(tags);
      const alone = await emptyDatabase();
      await migrateUp(alone.sql, now);
      expect(await dump(url)).toEqual(await dump(alone.url));
    },
  );

  it.skipIf(skip)(
    'leave nothing of one that fails in its last statement, and apply it once it is mended',
    async () => {
      const { url, sql } = await emptyDatabase();
      await migrateUp(sql, now);
      const before = await dump(url);
      const next = (up: string[]): Migration => ({ tag: '9999_next', up, down: [], sha256: up.join(';') });
      const create = 'CREATE TABLE left_behind (id int)';
      await expect(migrateUp(sql, now, [...migrations, next([create, 'SELECT 1 / 0'])])).rejects.toThrow(
        'division by zero',
      );
      expect(await dump(url)).toEqual(before);
      expect(await applied(url)).toEqual(tags);
      expect(await migrateUp(sql, now, [...migrations, next([create])])).toEqual(['9999_next']);
      expect(await applied(url)).toEqual([...tags, '9999_next']);
    },
  );

  it.skipIf(skip)('refuse, by its name, an applied one whose text was altered', async () => {
    const { url, sql } = await emptyDatabase();
    await migrateUp(sql, now);
    const altered = migrations.map((m, i) => (i === 1 ? { ...m, sha256: 'another' } : m));
    await expect(migrateUp(sql, now, altered)).rejects.toThrow(migrations[1]?.tag);
    expect(await applied(url)).toEqual(tags);
  });

  it.skipIf(skip)(
    'refuse a runner that loses the race to one with another text of the migration',
    async () => {
      const { url, sql } = await emptyDatabase();
      await migrateUp(sql, now);
      const next: Migration = { tag: '9999_next', up: ['SELECT 1'], down: [], sha256: 'mine' };
      await withClient(url, async (other) => {
        await other.query('BEGIN');
        await other.query(`INSERT INTO migrations.applied VALUES ('9999_next', 'another', now())`);
        const mine = migrateUp(sql, now, [...migrations, next]).then(
          () => 'applied',
          (e: unknown) => (e instanceof Error ? e.message : 'failed'),
        );
        await untilWaiting(other);
        await other.query('COMMIT');
        expect(await mine).toContain('duplicate key');
      });
    },
  );

  it.skipIf(skip)(
    'go down one by one from filled tables, each to the very schema before it, and up again',
    async () => {
      const { url, sql } = await emptyDatabase();
      const levels = [await dump(url)];
      for (let n = 1; n <= migrations.length; n += 1) {
        expect(await migrateUp(sql, now, migrations.slice(0, n))).toEqual([tags[n - 1]]);
        levels.push(await dump(url));
      }
      await withClient(url, fillEveryTable);
      for (let level = migrations.length - 1; level >= 0; level -= 1) {
        const back = async () => {
          expect(await migrateDown(sql, 1)).toEqual([tags[level]]);
          expect(await dump(url), `after taking back ${tags[level]}`).toEqual(levels[level]);
        };
        await back();
        expect(await migrateUp(sql, now, migrations.slice(0, level + 1))).toEqual([tags[level]]);
        expect(await dump(url), `after ${tags[level]} once more`).toEqual(levels[level + 1]);
        await back();
      }
      expect(await migrateDown(sql, 1)).toEqual([]);
      expect(await migrateUp(sql, now)).toEqual(tags);
      expect(await dump(url)).toEqual(levels.at(-1));
      expect(await migrateDown(sql, migrations.length)).toEqual([...tags].reverse());
      expect(await dump(url)).toEqual(levels[0]);
    },
  );

  it.skipIf(skip)('lose nothing of what stays while the later ones go down and up', async () => {
    const { url, sql } = await emptyDatabase();
    await migrateUp(sql, now);
    await withClient(url, fillEveryTable);
    const later = tags.slice(1);
    const before = await withClient(url, countRows);
    expect(Object.values(before)).toEqual(TABLES.map(() => 1));
    const all = columnsByTable(await dump(url));
    const text = await withClient(url, (c) => readRows(c, all));
    expect(await migrateDown(sql, later.length)).toEqual([...later].reverse());
    // What a later migration makes goes with it: what it held is gone, and only that.
    const stayed = columnsByTable(await dump(url));
    expect(stayed.size).toBeGreaterThan(20);
    const narrowed = await withClient(url, (c) => readRows(c, stayed));
    expect(await migrateUp(sql, now)).toEqual(later);
    const after = await withClient(url, (c) => readRows(c, stayed));
    for (const [table, columns] of stayed) {
      // Its one row comes from the second migration, with a namespace of its own each time.
      if (table === 'deployment') continue;
      const wanted = text
        .get(table)
        ?.map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])));
      expect({ [table]: narrowed.get(table) }).toEqual({ [table]: wanted });
      expect({ [table]: after.get(table) }).toEqual({ [table]: wanted });
    }
    const left = TABLES.map((table) => [table, stayed.has(table) ? 1 : 0]);
    expect(await withClient(url, countRows)).toEqual(Object.fromEntries(left));
  });

  it.skipIf(skip)(
    'give the pictures of before their time, and leave no wish for one that nobody draws',
    async () => {
      const { url, sql } = await emptyDatabase();
      await migrateUp(sql, now);
      await withClient(url, async (c) => {
        await fillEveryTable(c);
        const charts = `INSERT INTO charts (digest, user_id, kind, private, spec, alt, created_at, expires_at, revoked_at)
        SELECT d, user_id, kind, d <> 'market', s::jsonb, '', now() - interval '9 days', NULL, r::timestamptz FROM charts,
        (VALUES ('market', '{}', NULL), ('preview', '{}', NULL), ('back', '{}', '2026-03-01'),
          ('trade', '{"reference":{"trade_id":"018f0000-0000-7000-8000-000000000001"}}', NULL)) AS v (d, s, r)`;
        await c.query(charts);
        await c.query(`UPDATE outbox SET topic = 'picture.wanted'`);
        await migrateDown(sql, tags.length - tags.indexOf('0010_chart_delivery'));
        expect((await c.query('SELECT done_at = created_at AS done FROM outbox')).rows).toEqual([
          { done: true },
        ]);
        await migrateUp(sql, now);
        const { rows } =
          await c.query(`SELECT digest, round(extract(epoch FROM expires_at - now()) / 86400)::int AS days
        FROM charts WHERE digest <> 'd' ORDER BY digest`);
        expect(rows.map((row) => [row.digest, row.days])).toEqual([
          ...[
            ['back', 0],
            ['market', 356],
            ['preview', 1],
            ['trade', null],
          ],
        ]);
      });
    },
  );

  it.skipIf(skip)(
    'make the runtime’s role, whose password the owner sets; one that could escape is refused',
    async () => {
      const { url, sql } = await emptyDatabase();
      await migrateUp(sql, now);
      // Where the role was there before, its password is another deployment's affair.
      if (!runtimeWasThere) {
        await setRuntimePassword(sql, 'a-password-of-16-letters');
        const login = { role: RUNTIME, password: 'a-password-of-16-letters' };
        const runtimeUrl = urlOf(url, new URL(url).pathname.slice(1), login);
        expect(
          await withClient(runtimeUrl, async (c) => (await c.query('SELECT halted FROM deployment')).rows),
        ).toEqual([{ halted: false }]);
      }
      for (const wrong of ["x'; DROP ROLE postgres; --", 'short', ''])
        await expect(setRuntimePassword(sql, wrong)).rejects.toThrow('16 to 200 characters');
    },
  );
});

describe('the files of the migrations', () => {
  const root = join(import.meta.dirname, '../..');
  const folder = mkdtempSync(join(tmpdir(), 'countersign-kit-'));
  const kit = (at: string, verb: string) =>
    spawnSync(
      process.execPath,
      [join(root, 'node_modules/drizzle-kit/bin.cjs'), verb, '--config', 'drizzle/kit.config.ts'],
      {
        cwd: at,
        encoding: 'utf8',
      },
    );

  beforeAll(() => {
    cpSync(join(root, 'drizzle'), join(folder, 'drizzle'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    // The audit log's schema takes the definition of its hash from there.
    symlinkSync(join(root, 'functions'), join(folder, 'functions'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('say all that the schema files say: drizzle-kit finds nothing to generate, and no fault', () => {
    const generated = kit(folder, 'generate');
    expect(generated.stdout + generated.stderr).toContain('No schema changes');
    expect(readdirSync(join(folder, 'drizzle/migrations')).sort()).toEqual(
      readdirSync(join(root, 'drizzle/migrations')).sort(),
    );
    expect(kit(folder, 'check').status).toBe(0);
  });

  it('would be found lacking, were a column added to a schema file alone', () => {
    const path = join(folder, 'drizzle/schema/consents.ts');
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text.replace("text: text('text').notNull(),", "text: text('text').notNull(), more: text('more'),"),
    );
    const generated = kit(folder, 'generate');
    writeFileSync(path, text);
    expect(generated.stdout + generated.stderr).not.toContain('No schema changes');
  });

  it('have each a way down, or reading them fails with the missing file’s name', async () => {
    const partial = join(folder, 'partial');
    cpSync(join(root, 'drizzle/migrations'), partial, { recursive: true });
    rmSync(join(partial, '0001_rights.down.sql'));
    await expect(readMigrations(partial)).rejects.toThrow('0001_rights.down.sql');
    expect(migrations.every((m) => m.up.length > 0 && m.down.length > 0)).toBe(true);
  });

  it('are not applied without the owner’s connection string: the command says which variable is missing', () => {
    const { DATABASE_OWNER_URL: _, ...env } = process.env;
    const run = spawnSync(process.execPath, [join(root, 'drizzle/migrate.ts')], { env, encoding: 'utf8' });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('DATABASE_OWNER_URL is missing');
  });
});
