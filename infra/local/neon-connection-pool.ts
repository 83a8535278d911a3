// Connections to the local PostgreSQL, one bounded pool for each connection string.
//
// Invariants:
// - Whatever host a connection string names, only 127.0.0.1 at the given port is ever contacted.
// - A connection goes back to its pool only when it is idle and outside a transaction; otherwise it is closed.
// - The number of pools is bounded: the least recently used one without work is closed first.
import { connect } from 'node:net';
import pg from 'pg';
import { BadSqlRequest } from './neon-sql-request.ts';
import { StatementCache } from './neon-statement-cache.ts';
import { type RunOptions, type RunOutcome, type Statement, StatementRun } from './neon-statement-run.ts';

const MAX_POOLS = 8;
const WAIT_MS = 30_000;
const IDLE_MS = 300_000;
const CANCEL_CODE = 80_877_102;

/** `maxConnections` counts for each connection string; `maxBytes` limits the rows of one run. */
export interface PoolSettings {
  databasePort: number;
  maxConnections: number;
  maxBytes: number;
}

/** No connection could be had: `cause` is node-postgres' error, with a `code` when PostgreSQL refused. */
export class ConnectFailure extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'ConnectFailure';
  }
}

/** Ends early what the client no longer waits for; `aborted` is true from then on. */
export interface Abort {
  aborted: boolean;
  cancel: (() => void) | undefined;
}

const caches = new WeakMap<pg.ClientBase, StatementCache>();

function cacheOf(client: pg.PoolClient): StatementCache {
  const known = caches.get(client);
  if (known !== undefined) return known;
  const cache = new StatementCache();
  caches.set(client, cache);
  client.connection.on('parseComplete', () => cache.parseCompleted());
  return cache;
}

function poolConfig(connectionString: string, settings: PoolSettings): pg.PoolConfig {
  let url: URL;
  try {
    url = new URL(connectionString);
  } catch {
    throw new BadSqlRequest('invalid connection string');
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (!/^postgres(?:ql)?:$/.test(url.protocol) || url.username === '' || database === '') {
    throw new BadSqlRequest('invalid connection string: it must name a user and a database');
  }
  return {
    host: '127.0.0.1',
    port: settings.databasePort,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    ssl: false,
    application_name: url.searchParams.get('application_name') ?? 'neon-sql',
    options: url.searchParams.get('options') ?? undefined,
    max: settings.maxConnections,
    connectionTimeoutMillis: WAIT_MS,
    idleTimeoutMillis: IDLE_MS,
  };
}

// The schema changed below a prepared statement, or someone deallocated it: nothing has been committed, the
// same run with fresh statements is right.
function isStaleStatement(error: Error): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}

function sendCancel(client: pg.PoolClient, databasePort: number): void {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const packet = Buffer.allocUnsafe(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(CANCEL_CODE, 4);
  packet.writeInt32BE(processID, 8);
  packet.writeInt32BE(secretKey, 12);
  const socket = connect(databasePort, '127.0.0.1', () => socket.end(packet));
  socket.on('error', () => undefined);
}

function runOnce(
  client: pg.PoolClient,
  statements: readonly Statement[],
  begin: string | undefined,
  options: RunOptions,
): Promise<RunOutcome> {
  return new Promise((settle, fail) => {
    try {
      client.query(new StatementRun(statements, begin, cacheOf(client), options, settle));
    } catch (error) {
      fail(error);
    }
  });
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

async function runOn(
  client: pg.PoolClient,
  statements: readonly Statement[],
  begin: string | undefined,
  maxBytes: number,
): Promise<{ outcome: RunOutcome; clean: boolean }> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await runOnce(client, statements, begin, { maxBytes, named: attempt === 1 });
    if (outcome.kind === 'too-large') return { outcome, clean: false };
    if (outcome.kind === 'done') return { outcome, clean: client.getTransactionStatus() === 'I' };
    const refusedByDatabase = outcome.error instanceof pg.DatabaseError;
    const clean = refusedByDatabase && (begin === undefined || (await rollBack(client)));
    if (!clean || attempt > 1 || !isStaleStatement(outcome.error)) return { outcome, clean };
    cacheOf(client).clear();
  }
}

export class NeonConnectionPools {
  readonly #settings: PoolSettings;
  readonly #pools = new Map<string, pg.Pool>();

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  #poolFor(connectionString: string): pg.Pool {
    const known = this.#pools.get(connectionString);
    if (known !== undefined) {
      if (this.#pools.size > 1) {
        this.#pools.delete(connectionString);
        this.#pools.set(connectionString, known);
      }
      return known;
    }
    const pool = new pg.Pool(poolConfig(connectionString, this.#settings));
    // A connection that dies while idle is taken out by the pool itself; without a listener it would end us.
    pool.on('error', () => undefined);
    // The pool listens for errors only while a connection is idle, and one may be ended in the very breath in which it
    // opens, before whoever asked for it has been given it.
    pool.on('connect', (client) => void client.on('error', () => undefined));
    this.#pools.set(connectionString, pool);
    this.#closeSpare();
    return pool;
  }

  #closeSpare(): void {
    for (const [key, pool] of this.#pools) {
      if (this.#pools.size <= MAX_POOLS) return;
      if (pool.idleCount !== pool.totalCount || pool.waitingCount > 0 || pool.totalCount === 0) continue;
      this.#pools.delete(key);
      void pool.end();
    }
  }

  /**
   * Runs the statements, inside a transaction when `begin` is given, and answers when the connection is clean
   * again. Setting `abort` off cancels the statement in PostgreSQL; the connection is then closed, because the
   * cancel request may arrive after the end of the statement that it was meant for.
   * Throws BadSqlRequest for a bad connection string and ConnectFailure when there is no connection.
   */
  async run(
    connectionString: string,
    statements: readonly Statement[],
    begin: string | undefined,
    abort: Abort,
  ): Promise<RunOutcome> {
    const pool = this.#poolFor(connectionString);
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      if (pool.totalCount === 0) this.#forget(connectionString, pool);
      throw new ConnectFailure(error instanceof Error ? error : new Error(String(error)));
    }
    let clean = false;
    try {
      if (abort.aborted) {
        clean = true;
        return { kind: 'failed', error: new Error('the client went away') };
      }
      abort.cancel = () => sendCancel(client, this.#settings.databasePort);
      const answer = await runOn(client, statements, begin, this.#settings.maxBytes);
      clean = answer.clean && !abort.aborted;
      return answer.outcome;
    } finally {
      abort.cancel = undefined;
      client.release(!clean);
    }
  }

  // Wrong passwords must not fill the table of pools.
  #forget(connectionString: string, pool: pg.Pool): void {
    if (pool.waitingCount > 0 || this.#pools.get(connectionString) !== pool) return;
    this.#pools.delete(connectionString);
    void pool.end();
  }

  /** Connections in use and open, over all pools; for tests and the log. */
  counts(): { open: number; idle: number } {
    let open = 0;
    let idle = 0;
    for (const pool of this.#pools.values()) {
      open += pool.totalCount;
      idle += pool.idleCount;
    }
    return { open, idle };
  }

  /** Closes all pools. Statements that still run are given up with their connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
    this.#pools.clear();
  }
}
