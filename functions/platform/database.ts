/**
 * PostgreSQL over Neon's HTTP protocol: one statement or one batch a round trip, no interactive transaction.
 * What the driver throws carries SQL and parameters, so nothing but `databaseFault` looks into it.
 */
import { NeonDbError, neon, neonConfig } from '@neondatabase/serverless';
import type { SQL } from 'drizzle-orm';
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http';

export type Row = Record<string, unknown>;

export type Database = {
  /** Runs one statement; its rows as the driver reads them (numeric, bigint and timestamps are strings). */
  run(statement: SQL): Promise<Row[]>;
  /** Runs the statements in one transaction and one round trip; nothing stays if one fails. */
  batch(statements: readonly SQL[]): Promise<Row[][]>;
};

/** What a failed statement means to us. `unreachable`: nothing is known of its effect. */
export type DatabaseFault =
  | { kind: 'constraint'; code: string; constraint: string }
  | { kind: 'contention' }
  | { kind: 'unreachable' }
  | { kind: 'other'; code: string };

const CONTENTION = new Set(['40001', '40P01', '55P03']);
const CONSTRAINT = new Set(['23505', '23503', '23514', '23P01', '23502']);
/** Shut down, starting up, too many connections: the server's own words for "not now". */
const UNREACHABLE = /^(57P0|53|08)/;
const ATTEMPTS = 4;

/** Reads what went wrong out of whatever the driver or drizzle threw; null if the database did not throw it. */
export function databaseFault(e: unknown): DatabaseFault | null {
  const cause = e instanceof Error && !(e instanceof NeonDbError) && e.cause ? e.cause : e;
  if (!(cause instanceof NeonDbError)) return null;
  const { code, constraint } = cause;
  if (!code || UNREACHABLE.test(code)) return { kind: 'unreachable' };
  if (CONTENTION.has(code)) return { kind: 'contention' };
  if (CONSTRAINT.has(code)) return { kind: 'constraint', code, constraint: constraint ?? '' };
  return { kind: 'other', code };
}

/** What to throw where a statement's answer never came: `unreachable`, as if the driver had thrown it. */
export const lostAnswer = (of: string): Error => new NeonDbError(`${of} was lost`);

/**
 * Opens the database. `url` is the connection string; `httpUrl` replaces Neon's own endpoint (the embedded
 * stack); `timeoutMs` bounds one round trip. Deadlocks and serialisation failures left nothing behind, so they
 * are tried again here, at most three times.
 */
export function createDatabase(options: {
  url: string;
  httpUrl: string | undefined;
  timeoutMs: number;
}): Database {
  if (options.httpUrl !== undefined) neonConfig.fetchEndpoint = options.httpUrl;
  neonConfig.fetchFunction = (url: string, init: RequestInit) => {
    return fetch(url, { ...init, signal: AbortSignal.timeout(options.timeoutMs) });
  };
  const client: NeonHttpDatabase = drizzle({ client: neon(options.url) });
  return {
    run: (statement) => again(async () => (await client.execute<Row>(statement)).rows),
    batch: (statements) =>
      again(async () => {
        const [first, ...rest] = statements.map((s) => client.execute<Row>(s));
        if (first === undefined) return [];
        return (await client.batch([first, ...rest])).map((r) => r.rows);
      }),
  };
}

async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (e) {
      if (attempt === ATTEMPTS || databaseFault(e)?.kind !== 'contention') throw e;
    }
  }
}
