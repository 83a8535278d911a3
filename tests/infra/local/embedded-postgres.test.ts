import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../../infra/local/embedded-postgres.ts';
import { detectRunMode } from '../../../infra/local/postgres-command.ts';
import { explainExit } from '../../../infra/local/postgres-start-error.ts';
import { freePort } from './free-port.ts';

const isRoot = process.getuid?.() === 0;
const superuserPassword = 'pass word/:@';

async function query(database: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database.url('postgres') });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

describe('startPostgres', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pg-'));
  const dataDir = join(folder, 'below', 'data');
  let port: number;
  let running: EmbeddedPostgres | undefined;

  const start = async (): Promise<EmbeddedPostgres> => {
    running = await startPostgres({ dataDir, port, superuserPassword });
    return running;
  };

  beforeAll(async () => {
    port = await freePort();
  });

  afterAll(async () => {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('makes a durable UTF-8 database on the loopback address, after an interrupted first start too', async () => {
    mkdirSync(`${dataDir}.partial/base`, { recursive: true });
    writeFileSync(`${dataDir}.partial/PG_VERSION`, '18\n');
    writeFileSync(`${dataDir}.partial-password`, 'left behind');
    const database = await start();
    expect(readdirSync(join(folder, 'below'))).toEqual(['data']);
    expect(
      await query(
        database,
        `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
          current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS address,
          current_setting('password_encryption') AS password, datcollate FROM pg_database WHERE datname = 'postgres'`,
      ),
    ).toEqual([
      {
        fsync: 'on',
        commit: 'on',
        encoding: 'UTF8',
        address: '127.0.0.1',
        password: 'scram-sha-256',
        datcollate: 'C',
      },
    ]);
    await query(database, 'CREATE TABLE kept (n int)');
    await query(database, 'INSERT INTO kept VALUES (1)');
  });

  it('refuses a second database on the same port, and says so', async () => {
    const other = startPostgres({ dataDir: join(folder, 'other'), port, superuserPassword });
    await expect(other).rejects.toMatchObject({
      reason: 'port-in-use',
      message: expect.stringContaining(String(port)),
    });
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  it('shows the end of the process and keeps the data over kill -9', async () => {
    const before = running;
    if (!before) throw new Error('not started');
    process.kill(before.pid, 'SIGKILL');
    expect(await before.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const database = await start();
    expect(await query(database, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('stops with a fast shutdown and starts again', async () => {
    await running?.stop();
    expect(await running?.exited).toEqual({ code: 0, signal: null });
    const database = await start();
    expect(await query(database, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('ends a postmaster that a killed stack left on the folder', async () => {
    const leftover = running;
    const database = await start();
    expect(await leftover?.exited).toEqual({ code: 0, signal: null });
    expect(await query(database, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('is not fooled by a pid file that names some other living process', async () => {
    await running?.stop();
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeFileSync(join(dataDir, 'postmaster.pid'), `${bystander.pid}\n${dataDir}\n`);
    await start();
    expect(bystander.exitCode).toBeNull();
    bystander.kill();
  });

  it('says that the password is another one', async () => {
    await running?.stop();
    const wrong = startPostgres({ dataDir, port, superuserPassword: 'other' });
    await expect(wrong).rejects.toMatchObject({ reason: 'wrong-password' });
  });

  it('tells a damaged folder, another version and foreign files apart, and changes nothing', async () => {
    const version = join(dataDir, 'PG_VERSION');
    const original = readFileSync(version);
    writeFileSync(version, '15\n');
    await expect(start()).rejects.toMatchObject({
      reason: 'wrong-version',
      message: expect.stringContaining('15'),
    });
    rmSync(version);
    await expect(start()).rejects.toMatchObject({ reason: 'damaged-data' });
    writeFileSync(version, original);
    const control = join(dataDir, 'global', 'pg_control');
    const controlBytes = readFileSync(control);
    rmSync(control);
    await expect(start()).rejects.toMatchObject({
      reason: 'damaged-data',
      message: expect.stringContaining(dataDir),
    });
    const { uid, gid } = statSync(dataDir);
    writeFileSync(control, controlBytes, { mode: 0o600 });
    chownSync(control, uid, gid);
    expect(await query(await start(), 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('dies with a parent that is killed', async () => {
    if (detectRunMode() === 'plain' || detectRunMode() === 'bare-root') {
      console.warn('skipped: parent-death signal (no usable setpriv)');
      return;
    }
    await running?.stop();
    running = undefined;
    const module = new URL('../../../infra/local/embedded-postgres.ts', import.meta.url).href;
    const code = `import { startPostgres } from ${JSON.stringify(module)};
      const p = await startPostgres(${JSON.stringify({ dataDir, port, superuserPassword })});
      console.log(p.pid); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((found) =>
      parent.stdout.once('data', (line: Buffer) => found(Number(line))),
    );
    parent.kill('SIGKILL');
    await expect.poll(() => existsSync(join(dataDir, 'postmaster.pid')), { timeout: 10_000 }).toBe(false);
    await expect
      .poll(() => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
      .toBe(false);
  });
});

describe.skipIf(!isRoot)('as root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-root-'));

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(detectRunMode() === 'bare-root')(
    'works below a folder of mode 0700, as another user',
    async () => {
      chmodSync(folder, 0o700);
      const database = await startPostgres({
        dataDir: join(folder, 'data'),
        port: await freePort(),
        superuserPassword,
      });
      expect(await query(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(readFileSync(`/proc/${database.pid}/status`, 'utf8')).toMatch(/^Uid:\s+65534\s+65534/m);
      await database.stop();
    },
  );

  it('without setpriv names the folder that bars the way and what to do', async () => {
    chmodSync(folder, 0o700);
    const options = {
      dataDir: join(folder, 'bare'),
      port: await freePort(),
      superuserPassword,
      mode: 'bare-root' as const,
    };
    await expect(startPostgres(options)).rejects.toMatchObject({
      reason: 'folder-barred',
      message: expect.stringContaining(`chmod o+x ${folder}`),
    });
  });

  it('without setpriv works in an open folder', async () => {
    chmodSync(folder, 0o755);
    const options = {
      dataDir: join(folder, 'open'),
      port: await freePort(),
      superuserPassword,
      mode: 'bare-root' as const,
    };
    const database = await startPostgres(options);
    expect(await query(database, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.stop();
  });
});

describe('explainExit', () => {
  it.each([
    ['LOG: could not bind IPv4 address "127.0.0.1": Address already in use', 'port-in-use'],
    ['FATAL: database files are incompatible with server', 'wrong-version'],
    ['PANIC: could not locate a valid checkpoint record', 'damaged-data'],
    ['FATAL: could not access directory "/x": Permission denied', 'folder-barred'],
    ['something else', 'failed'],
  ])('reads %j as %s', (output, reason) => {
    expect(explainExit(output, '/data', 5432).reason).toBe(reason);
  });

  it('gives a port race the same words as a port found used', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((ready) => holder.once('listening', ready));
    const address = holder.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const dataDir = join(tmpdir(), 'countersign-never');
    const failure = await startPostgres({ dataDir, port, superuserPassword }).catch((error: Error) => error);
    expect((failure as Error).message).toBe(explainExit('Address already in use', dataDir, port).message);
    holder.close();
  });
});
