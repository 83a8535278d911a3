/**
 * One PostgreSQL for a run of the tests, started when the first file asks for it: a run that needs no database starts
 * none. With DATABASE_URL (a superuser's connection string on this machine) that server is used instead. The answer
 * to a GET is a `DatabaseServer`; the template it names is migrated, and nobody may be connected to it. Vitest sets each
 * project up by itself; all of them get the one server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { neon, neonConfig } from '@neondatabase/serverless';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrateUp } from '../../drizzle/migrate.ts';
import { startPostgres } from '../../infra/local/embedded-postgres.ts';
import { listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startNeonSqlServer } from '../../infra/local/neon-sql-server.ts';
import { freePort } from '../infra/local/free-port.ts';
import { isInMemory, takeMemoryFolder } from './memory-folder.ts';

/** What a test file needs to make its own databases. The passwords are those of throw-away roles. */
export type DatabaseServer = {
  superuserUrl: string;
  port: number;
  throwAway: boolean;
  /** How CREATE DATABASE copies a template: file by file is cheapest in memory and dearest on a disk. */
  strategy: 'FILE_COPY' | 'WAL_LOG';
  template: string;
  owner: { role: string; password: string };
  runtime: { role: string; password: string };
};

declare module 'vitest' {
  export interface ProvidedContext {
    databaseServer: string;
  }
}

const PASSWORD = 'password-of-a-test-database';
const OWNER = { role: 'countersign_test_owner', password: PASSWORD };
const RUNTIME = { role: 'countersign_runtime', password: PASSWORD };

/** The connection string for another user or database of the same server. */
export function urlOf(base: string, database: string, login?: { role: string; password: string }): string {
  const url = new URL(base);
  url.pathname = `/${database}`;
  if (login) {
    url.username = login.role;
    url.password = login.password;
  }
  return url.href;
}

/** Runs the work with a connection, and closes it whatever happens. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

type Running = DatabaseServer & { stop: () => Promise<void> };
/** `throwAway`: its databases vanish with it. */
export type PlainServer = {
  superuserUrl: string;
  port: number;
  throwAway: boolean;
  strategy: 'FILE_COPY' | 'WAL_LOG';
  stop: () => Promise<void>;
};

/**
 * Nobody needs its data after a crash. Of the hundreds of databases that the tests make in it each would be visited by an
 * autovacuum worker every minute, for nothing.
 */
const SETTINGS = [
  ...[
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'wal_level=minimal',
    'max_wal_senders=0',
  ],
  ...['autovacuum=off', 'io_method=sync', 'max_connections=250'],
];

/** Starts an embedded PostgreSQL in a folder of its own, which `stop` removes. */
export async function startOwnServer(): Promise<PlainServer> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tests-'));
  const port = await freePort();
  const postgres = await startPostgres({
    dataDir: join(folder, 'data'),
    port,
    superuserPassword: PASSWORD,
    settings: SETTINGS,
  });
  const stop = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const strategy = isInMemory(folder) ? 'FILE_COPY' : 'WAL_LOG';
  return { superuserUrl: postgres.url('postgres'), port, throwAway: true, strategy, stop };
}

/** The server of a superuser's connection string; `stop` leaves it as it is. */
export function useGivenServer(given: string): PlainServer {
  const url = new URL(given);
  if (!['127.0.0.1', 'localhost'].includes(url.hostname))
    throw new Error(
      'DATABASE_URL must be on this machine: the /sql endpoint of the tests reaches loopback only',
    );
  return {
    superuserUrl: given,
    port: Number(url.port || 5432),
    throwAway: false,
    strategy: 'WAL_LOG',
    stop: async () => undefined,
  };
}

/** Whether the server has a role of this name. */
export async function roleExists(client: pg.Client, role: string): Promise<boolean> {
  return (await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])).rowCount === 1;
}

async function prepare(): Promise<Running> {
  const given = process.env['DATABASE_URL'];
  const base = given === undefined ? await startOwnServer() : useGivenServer(given);
  try {
    return await migrateTemplate(base);
  } catch (e) {
    await base.stop();
    throw e;
  }
}

async function migrateTemplate(base: PlainServer): Promise<Running> {
  const template = `countersign_template_${process.pid}`;
  const made: string[] = [];
  await withClient(base.superuserUrl, async (client) => {
    if (!(await roleExists(client, RUNTIME.role))) made.push(RUNTIME.role);
    if (!(await roleExists(client, OWNER.role))) made.push(OWNER.role);
    if (made.includes(OWNER.role))
      await client.query(`CREATE ROLE ${OWNER.role} LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
    await client.query(`CREATE DATABASE ${template} OWNER ${OWNER.role}`);
  });
  // The template is migrated as a deployment is: by a role that is no superuser, over the endpoint.
  const endpoint = await startNeonSqlServer({ port: 0, databasePort: base.port });
  neonConfig.fetchEndpoint = endpoint.url;
  await migrateUp(neon(urlOf(base.superuserUrl, template, OWNER)), () => new Date()).finally(endpoint.stop);
  await withClient(base.superuserUrl, (c) => c.query(`ALTER ROLE ${RUNTIME.role} PASSWORD '${PASSWORD}'`));
  const stop = async () => {
    if (!base.throwAway) await forget(base.superuserUrl, template, made);
    await base.stop();
  };
  return { ...base, template, owner: OWNER, runtime: RUNTIME, stop };
}

async function forget(superuserUrl: string, template: string, roles: readonly string[]): Promise<void> {
  await withClient(superuserUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    // Another run on the same server may still use a role: then it stays.
    for (const role of roles) await client.query(`DROP ROLE IF EXISTS ${role}`).catch(() => undefined);
  });
}

/** What all projects of a run share: each loads this file as a module of its own. */
type Run = { projects: number; url: Promise<string>; end: () => Promise<void> };
const shared = globalThis as { countersignTestRun?: Run | undefined };

/** Listens for the first file that wants a database. */
function beginRun(): Run {
  const memory = takeMemoryFolder();
  let running: Promise<Running> | undefined;
  const server = createServer((_request, response) => {
    running ??= prepare();
    running.then(
      ({ stop: _stop, ...told }) => response.end(JSON.stringify(told)),
      (e: unknown) => response.writeHead(500).end(e instanceof Error ? (e.stack ?? e.message) : String(e)),
    );
  });
  const listening = listenLoopback(server, 0);
  return {
    projects: 0,
    url: listening.then(({ url }) => url),
    end: async () => {
      await (await listening).stop();
      await running?.then((r) => r.stop()).catch(() => undefined);
      memory.giveBack();
    },
  };
}

/** Vitest's global setup, once for each project: the last of them to end cleans up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.countersignTestRun ??= beginRun();
  const run = shared.countersignTestRun;
  run.projects += 1;
  project.provide('databaseServer', await run.url);
  return async () => {
    run.projects -= 1;
    if (run.projects > 0) return;
    shared.countersignTestRun = undefined;
    await run.end();
  };
}
