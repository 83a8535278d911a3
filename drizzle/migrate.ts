/**
 * Applies the migrations of `drizzle/migrations` in order, each in one transaction under an advisory lock, over
 * the Neon HTTP driver. Invariants: a migration is applied whole or not at all; the journal row is its first
 * statement, so of two runners at once one applies it and the other finds it done; twice changes nothing.
 * Runs from a person's machine or from CI with the owner's connection string, never inside the cloud functions.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NeonQueryFunction, neon } from '@neondatabase/serverless';

const FOLDER = join(import.meta.dirname, 'migrations');
const BREAKPOINT = '--> statement-breakpoint';
/** Any fixed number does, as long as every runner takes the same one. */
const LOCK = 7_305_164_521;

type Sql = NeonQueryFunction<false, false>;
export type Migration = { tag: string; up: string[]; down: string[]; sha256: string };

const statements = (text: string): string[] =>
  text
    .split(BREAKPOINT)
    .map((s) => s.trim())
    .filter((s) => s.length > 0);

/** Reads the journal's migrations with their way back. Fails, naming the file, where one has no way down. */
export async function readMigrations(folder: string = FOLDER): Promise<Migration[]> {
  const journal: { entries: { tag: string }[] } = JSON.parse(
    await readFile(join(folder, 'meta', '_journal.json'), 'utf8'),
  );
  return Promise.all(
    journal.entries.map(async ({ tag }) => {
      const up = await readFile(join(folder, `${tag}.sql`), 'utf8');
      const down = await readFile(join(folder, `${tag}.down.sql`), 'utf8');
      return {
        tag,
        up: statements(up),
        down: statements(down),
        sha256: createHash('sha256').update(up).digest('hex'),
      };
    }),
  );
}

async function appliedTags(sql: Sql): Promise<Map<string, string>> {
  await sql.transaction([
    sql`SELECT pg_advisory_xact_lock(${LOCK}::bigint)`,
    sql`CREATE SCHEMA IF NOT EXISTS migrations`,
    sql`CREATE TABLE IF NOT EXISTS migrations.applied (
      tag text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL)`,
  ]);
  const rows = await sql`SELECT tag, sha256 FROM migrations.applied`;
  return new Map(rows.map((r) => [String(r['tag']), String(r['sha256'])]));
}

const isUniqueViolation = (e: unknown): boolean =>
  typeof e === 'object' && e !== null && 'code' in e && e.code === '23505';

/**
 * Brings the database up to the newest migration. Returns the tags that this call applied.
 * Throws where an applied migration's text differs from the file: history is never rewritten.
 */
export async function migrateUp(sql: Sql, now: () => Date, migrations?: Migration[]): Promise<string[]> {
  const all = migrations ?? (await readMigrations());
  const done = await appliedTags(sql);
  const applied: string[] = [];
  for (const m of all) {
    const known = done.get(m.tag);
    if (known !== undefined && known !== m.sha256)
      throw new Error(`migration ${m.tag} was applied with another text; write a new migration instead`);
    if (known !== undefined) continue;
    try {
      await sql.transaction([
        sql`SELECT pg_advisory_xact_lock(${LOCK}::bigint)`,
        sql`INSERT INTO migrations.applied (tag, sha256, applied_at)
            VALUES (${m.tag}, ${m.sha256}, ${now().toISOString()})`,
        ...m.up.map((text) => sql.query(text)),
      ]);
      applied.push(m.tag);
    } catch (e) {
      // Another runner was first with the same text: its transaction has committed, since it held the lock.
      if (!isUniqueViolation(e) || (await appliedTags(sql)).get(m.tag) !== m.sha256) throw e;
    }
  }
  return applied;
}

/** Takes back the newest `count` migrations, newest first. Returns their tags. */
export async function migrateDown(sql: Sql, count: number, migrations?: Migration[]): Promise<string[]> {
  const all = migrations ?? (await readMigrations());
  const done = await appliedTags(sql);
  const undone: string[] = [];
  for (const m of all
    .filter((x) => done.has(x.tag))
    .slice(-count)
    .reverse()) {
    await sql.transaction([
      sql`SELECT pg_advisory_xact_lock(${LOCK}::bigint)`,
      ...m.down.map((text) => sql.query(text)),
      sql`DELETE FROM migrations.applied WHERE tag = ${m.tag}`,
    ]);
    undone.push(m.tag);
  }
  return undone;
}

/** Gives the runtime's role its password, so that DATABASE_URL of the functions can be written. */
export async function setRuntimePassword(sql: Sql, password: string): Promise<void> {
  if (!/^[A-Za-z0-9_-]{16,200}$/.test(password))
    throw new Error('the runtime password must be 16 to 200 characters of A-Z, a-z, 0-9, _ and -');
  // A password cannot be a parameter of ALTER ROLE; the pattern above leaves nothing to escape.
  await sql.query(`ALTER ROLE countersign_runtime PASSWORD '${password}'`);
}

if (import.meta.main) {
  const url = process.env['DATABASE_OWNER_URL'];
  if (url === undefined) {
    console.error('DATABASE_OWNER_URL is missing: the connection string of the role that owns the tables');
    process.exit(1);
  }
  const sql = neon(url);
  const tags = process.argv.includes('--down')
    ? await migrateDown(sql, 1)
    : await migrateUp(sql, () => new Date());
  const password = process.env['RUNTIME_DATABASE_PASSWORD'];
  if (password !== undefined) await setRuntimePassword(sql, password);
  console.log(tags.length === 0 ? 'nothing to do' : tags.join('\n'));
}
