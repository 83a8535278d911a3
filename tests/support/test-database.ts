/**
 * A database of its own for a test file: cloned from the migrated template, reached as the functions reach it (the
 * Neon driver, in the runtime's role) and as its owner over a plain connection.
 */
import { neonConfig } from '@neondatabase/serverless';
import pg from 'pg';
import { inject } from 'vitest';
import { createDatabase, type Database, type Row } from '../../functions/platform/database.ts';
import { type NeonSqlServer, startNeonSqlServer } from '../../infra/local/neon-sql-server.ts';
import { type DatabaseServer, urlOf, withClient } from './database-server.ts';

export type TestDatabase = {
  name: string;
  superuserUrl: string;
  ownerUrl: string;
  runtimeUrl: string;
  /** Address of the /sql endpoint of this test file. */
  httpUrl: string;
  /** The runtime's own way to the database. */
  db: Database;
  /** Runs one statement as the owner of the tables. */
  sql(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A plain connection for a transaction that is held open; closed by `drop`. */
  connect(as?: 'owner' | 'runtime' | 'superuser'): Promise<pg.Client>;
  drop(): Promise<void>;
};

let serverOfRun: Promise<DatabaseServer> | undefined;
let endpoint: Promise<NeonSqlServer> | undefined;
let made = 0;
let open = 0;

/** Connections of one endpoint to PostgreSQL: five test files at once stay below our own server's 250, three a given one's 100. */
const CONNECTIONS = { own: 40, given: 25 };

async function askServer(): Promise<DatabaseServer> {
  const answer = await fetch(inject('databaseServer'));
  if (!answer.ok) throw new Error(`the tests' PostgreSQL did not start: ${await answer.text()}`);
  return answer.json() as Promise<DatabaseServer>;
}

/** The server of this run, started by whoever asks first. */
export function databaseServer(): Promise<DatabaseServer> {
  serverOfRun ??= askServer();
  return serverOfRun;
}

/** The /sql endpoint of this test file; it ends when the last of the file's databases is dropped. */
async function sqlEndpoint(server: DatabaseServer): Promise<NeonSqlServer> {
  endpoint ??= startNeonSqlServer({
    port: 0,
    databasePort: server.port,
    maxConnections: server.throwAway ? CONNECTIONS.own : CONNECTIONS.given,
  });
  return endpoint;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * The driver's way to the endpoint of this very process: the same request and answer, without the two sockets that are half
 * of what a statement costs here. Whoever opens the database anew, as tests of the wire do, has sockets again.
 */
function withoutSocket(endpointHere: NeonSqlServer, overSocket: Fetch): Fetch {
  return async (url, init) => {
    if (url !== endpointHere.url) return overSocket(url, init);
    const headers = Object.entries(init.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    const { status, body } = await endpointHere.ask(Object.fromEntries(headers), String(init.body));
    // All that the driver reads of it.
    const answer = { ok: status === 200, status, json: async () => JSON.parse(body), text: async () => body };
    return answer as Response;
  };
}

/**
 * Makes a database. `template` is the migrated one unless told otherwise (`template0`: empty). Sets the Neon driver's
 * global endpoint, as `createDatabase` does.
 */
export async function createTestDatabase(options: { template?: string } = {}): Promise<TestDatabase> {
  const server = await databaseServer();
  made += 1;
  const name = `countersign_test_${process.pid}_${made}`;
  await cloneTemplate(server, name, options.template ?? server.template);
  const ownerUrl = urlOf(server.superuserUrl, name, server.owner);
  const runtimeUrl = urlOf(server.superuserUrl, name, server.runtime);
  const superuserUrl = urlOf(server.superuserUrl, name);
  const http = await sqlEndpoint(server);
  open += 1;
  const db = createDatabase({ url: runtimeUrl, httpUrl: http.url, timeoutMs: 60_000 });
  neonConfig.fetchFunction = withoutSocket(http, neonConfig.fetchFunction);
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 4 });
  owner.on('error', () => undefined);
  const held: pg.Client[] = [];
  return {
    name,
    superuserUrl,
    ownerUrl,
    runtimeUrl,
    httpUrl: http.url,
    db,
    sql: async (text, values = []) => (await owner.query<Row>(text, [...values])).rows,
    connect: async (as = 'owner') => {
      const urls = { owner: ownerUrl, runtime: runtimeUrl, superuser: superuserUrl };
      const client = new pg.Client({ connectionString: urls[as] });
      client.on('error', () => undefined);
      await client.connect();
      held.push(client);
      return client;
    },
    drop: async () => {
      await Promise.all(held.map((c) => c.end().catch(() => undefined)));
      await owner.end();
      open -= 1;
      if (open === 0) {
        endpoint = undefined;
        await http.stop();
      }
      if (server.throwAway) return;
      await withClient(server.superuserUrl, (c) => c.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function cloneTemplate(server: DatabaseServer, name: string, template: string): Promise<void> {
  await withClient(server.superuserUrl, async (client) => {
    await client.query(
      `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY ${server.strategy} OWNER ${server.owner.role}`,
    );
    // What a crash of the machine would lose is of no interest here, nor a plan for each set of parameters, which takes
    // longer than what it plans; and a clone does not keep these settings.
    await client.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    await client.query(`ALTER DATABASE ${name} SET plan_cache_mode = force_generic_plan`);
  });
}

/** Resolves when a statement of this database waits for a lock, so that a race can be laid out step by step. */
export async function untilBlocked(database: TestDatabase, waiting = 1): Promise<void> {
  for (;;) {
    const [row] = await database.sql(
      `SELECT count(DISTINCT l.pid)::int AS n FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
       WHERE NOT l.granted AND a.datname = current_database()`,
    );
    if (Number(row?.['n']) >= waiting) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
