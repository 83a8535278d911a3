import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { neon, neonConfig } from '@neondatabase/serverless';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../../infra/local/embedded-postgres.ts';
import { type NeonSqlServer, startNeonSqlServer } from '../../../infra/local/neon-sql-server.ts';
import { freePort } from './free-port.ts';
import { neonSqlConformance } from './neon-sql-conformance.ts';

const external = process.env.DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/test';

async function whyNotExternal(): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: external, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const unreachable = await whyNotExternal();
if (unreachable !== undefined)
  console.warn(`skipped: /sql over DATABASE_URL (no connection: ${unreachable})`);

describe('over the embedded PostgreSQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-sql-'));
  let database: EmbeddedPostgres;
  let server: NeonSqlServer;

  const start = (port: number): Promise<EmbeddedPostgres> =>
    startPostgres({ dataDir: join(folder, 'data'), port, superuserPassword: 'secret:/@' });

  beforeAll(async () => {
    database = await start(await freePort());
    server = await startNeonSqlServer({ port: 0, databasePort: database.port, maxConnections: 8 });
  });

  afterAll(async () => {
    await server?.stop();
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  neonSqlConformance(async () => ({
    endpoint: server.url,
    connectionString: database.url('postgres').replace('127.0.0.1', 'ep-demo.region.example.test'),
    prefix: 'conformance_',
  }));

  const useServer = (): ReturnType<typeof neon<false, false>> => {
    neonConfig.fetchEndpoint = server.url;
    return neon(database.url('postgres'));
  };

  it('runs on a database that keeps its promises', async () => {
    const sql = useServer();
    expect(await sql`SHOW fsync`).toEqual([{ fsync: 'on' }]);
    expect(await sql`SHOW synchronous_commit`).toEqual([{ synchronous_commit: 'on' }]);
    expect(await sql`SHOW listen_addresses`).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await sql`SHOW unix_socket_directories`).toEqual([{ unix_socket_directories: '' }]);
  });

  it('answers 400 with the code for a wrong password and a missing database', async () => {
    neonConfig.fetchEndpoint = server.url;
    await expect(neon(database.url('postgres', 'postgres', 'wrong'))`SELECT 1`).rejects.toMatchObject({
      code: '28P01',
    });
    await expect(neon(database.url('nowhere'))`SELECT 1`).rejects.toMatchObject({ code: '3D000' });
  });

  it('bounds its connections and keeps the rest waiting', async () => {
    neonConfig.fetchEndpoint = server.url;
    const sql = neon(`${database.url('postgres')}?application_name=bounds`);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => sql`SELECT ${n}::int AS n, pg_sleep(0.02)`),
    );
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
    const [row] =
      await sql`SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'bounds'`;
    expect(row?.n).toBe(8);
  });

  it('survives more statements than it caches, and failures in between', async () => {
    const sql = useServer();
    for (let turn = 0; turn < 3; turn += 1) {
      for (let from = 0; from < 500; from += 50) {
        const batch = Array.from({ length: 50 }, (_, n) => sql.query(`SELECT ${from + n} AS n`));
        expect((await sql.transaction(batch)).flat()).toHaveLength(50);
      }
      await expect(
        sql.transaction([sql.query('SELECT 1 AS n'), sql.query('SELECT 1/0')]),
      ).rejects.toMatchObject({ code: '22012' });
    }
  });

  it('cancels what an aborted client waited for and gives the connection back', async () => {
    const sql = useServer();
    const before = performance.now();
    const aborted = await Promise.allSettled(
      Array.from({ length: 20 }, () => {
        const outgoing = request(server.url, {
          method: 'POST',
          headers: { 'Neon-Connection-String': database.url('postgres') },
        });
        outgoing.end(JSON.stringify({ query: 'SELECT pg_sleep(60)' }));
        setTimeout(() => outgoing.destroy(), 150);
        return new Promise((_, fail) => outgoing.on('error', fail));
      }),
    );
    expect(aborted.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    expect(performance.now() - before).toBeLessThan(30_000);
    await expect
      .poll(async () => {
        const [row] =
          await sql`SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60%' AND state = 'active'`;
        return row?.n;
      })
      .toBe(0);
    await expect.poll(() => server.counts().open - server.counts().idle).toBe(0);
  });

  it('replaces killed backends', async () => {
    const sql = useServer();
    const victim = sql`SELECT pg_sleep(20)`;
    const killed = expect(victim).rejects.toMatchObject({ name: 'NeonDbError', code: '57P01' });
    await sleep(200);
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`;
    await killed;
    // Whoever asks before the ends have been heard of still meets one.
    await expect.poll(() => server.counts().open).toBeLessThanOrEqual(1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => sql`SELECT 1 AS one`));
    expect(answers).toHaveLength(20);
  });

  it('answers 500 while the database is away and recovers when it is back', async () => {
    const sql = useServer();
    await sql`CREATE TABLE kept (n int)`;
    await sql`INSERT INTO kept VALUES (1)`;
    const { port } = database;
    process.kill(database.pid, 'SIGKILL');
    await database.exited;
    await expect
      .poll(async () => (await sql`SELECT 1`.catch((error: Error) => error)) as Error)
      .toMatchObject({
        message: expect.stringMatching(/HTTP status 500/),
      });
    database = await start(port);
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
  });

  it('refuses other paths, methods and oversized requests', async () => {
    expect((await fetch(server.url.replace('/sql', '/else'))).status).toBe(404);
    expect((await fetch(server.url)).status).toBe(405);
    const status = await new Promise<number>((answer, fail) => {
      const outgoing = request(server.url, { method: 'POST' }, (response) =>
        answer(response.resume().statusCode ?? 0),
      );
      outgoing.on('error', fail);
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      let sent = 0;
      const pump = (): void => {
        for (; sent < 65; sent += 1) {
          if (!outgoing.write(chunk)) {
            sent += 1;
            outgoing.once('drain', pump);
            return;
          }
        }
        outgoing.end();
      };
      pump();
    });
    expect(status).toBe(413);
  });

  it('listens on the loopback address alone', async () => {
    const open = await new Promise<boolean>((answer) => {
      const socket = connect({ host: '127.0.0.1', port: server.port });
      socket.once('connect', () => answer(true)).once('error', () => answer(false));
      socket.unref();
    });
    expect(open).toBe(true);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sql$/);
  });
});

describe.skipIf(unreachable !== undefined)('over DATABASE_URL', () => {
  let server: NeonSqlServer;
  const url = new URL(external);

  beforeAll(async () => {
    server = await startNeonSqlServer({ port: 0, databasePort: Number(url.port || 5432) });
  });

  afterAll(() => server?.stop());

  neonSqlConformance(async () => {
    const string = new URL(external);
    if (string.password === '') string.password = 'unused';
    return {
      endpoint: server.url,
      connectionString: string.href,
      prefix: `countersign_test_${process.pid}_`,
    };
  });
});
