/**
 * The embedded stack: everything a deployment consists of, on 127.0.0.1 and from npm packages alone. Invariants: it
 * ends as a whole when a part of it dies; what was acknowledged is there at the next start, also after a kill -9;
 * one stack per data folder; nothing of it is reachable from the cloud bundles.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LocalChild, startChild } from './child-process.ts';
import { type DemoOrganisation, makeDemoOrganisation } from './demo-organisation.ts';
import { type EmbeddedPostgres, startPostgres } from './embedded-postgres.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { prepareDatabase, type StackDatabase } from './stack-database.ts';
import { readStackSecrets, type StackSecrets, writePrivateFile } from './stack-secrets.ts';
import { buildWorkerBundle, REPOSITORY } from './worker-bundle.ts';

const TICK_MS = 60_000;

export type StackOptions = {
  dataDir: string;
  port: number;
  /** Throws the data away first. */
  fresh?: boolean;
  /** Candles to load into the broker before anything else happens there. */
  candles?: { symbol: string; timeframe: string; file: string };
  /** Whether the 60 s ticker runs; tests tick by hand. */
  ticker?: boolean;
  vars?: Record<string, string>;
  log?: (line: string) => void;
};

export type DevFile = DemoOrganisation & {
  base_url: string;
  producer: { id: string; secret: string; tradingview_url: string | null };
  broker: { url: string };
  database_url: string;
  redis: { url: string; token: string };
};

export type Stack = {
  dev: DevFile;
  /** Environment of the functions, for a second runtime over the same parts. */
  environment: Record<string, string>;
  tick(): Promise<void>;
  pids: Record<string, number>;
  /** Resolves with the reason when a part has died; the stack is down then. */
  died: Promise<string>;
  stop(): Promise<void>;
};

type Parts = {
  postgres?: EmbeddedPostgres;
  children: Record<string, LocalChild>;
  worker?: LocalWorker;
  ticker?: NodeJS.Timeout;
};

/** Starts everything, migrates, makes the demo organisation if there is none, ticks once. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const log = options.log ?? (() => {});
  if (options.fresh) await rm(options.dataDir, { recursive: true, force: true });
  await mkdir(options.dataDir, { recursive: true });
  const unlock = await lockFolder(options.dataDir);
  const parts: Parts = { children: {} };
  const stop = async () => {
    clearInterval(parts.ticker);
    await parts.worker?.stop();
    await Promise.all(Object.values(parts.children).map((c) => c.stop()));
    await parts.postgres?.stop();
    await unlock();
  };
  try {
    return await startParts(options, parts, stop, log);
  } catch (e) {
    await stop();
    throw e;
  }
}

async function startParts(
  options: StackOptions,
  parts: Parts,
  stop: () => Promise<void>,
  log: (line: string) => void,
): Promise<Stack> {
  const { dataDir } = options;
  const secrets = await readStackSecrets(dataDir);
  const known = await readDevFile(dataDir);
  // A first start that was cut off before its organisation was whole has acknowledged nothing: it begins again.
  if (known === null) await rm(join(dataDir, 'broker'), { recursive: true, force: true });
  const [bundle, database] = await Promise.all([
    buildWorkerBundle(),
    startStores(dataDir, secrets, parts, known === null, log),
  ]);
  const brokerUrl = `http://127.0.0.1:${secrets.ports.broker}`;
  if (known === null && options.candles) await post(`${brokerUrl}/candles`, options.candles);
  const baseUrl = `http://127.0.0.1:${options.port}`;
  const environment = { ...environmentOf(secrets, database, baseUrl), ...options.vars };
  parts.worker = await startLocalWorker({
    bundle,
    port: options.port,
    dataDir,
    vars: environment,
    onLine: log,
  });
  const { worker } = parts;
  const organisation =
    known ?? (await makeDemoOrganisation(worker.url, brokerUrl, await firstOwner(environment)));
  await worker.tick();
  const dev: DevFile = {
    ...organisation,
    producer: { ...organisation.producer, tradingview_url: null },
    base_url: worker.url,
    broker: { url: brokerUrl },
    database_url: database.runtimeUrl,
    redis: { url: `http://127.0.0.1:${secrets.ports.redis}`, token: secrets.redisToken },
  };
  await writePrivateFile(join(dataDir, 'dev.json'), `${JSON.stringify(dev, null, 2)}\n`);
  if (options.ticker !== false)
    parts.ticker = setInterval(() => worker.tick().catch((e) => log(`tick: ${e.message}`)), TICK_MS);
  const postgresPid = parts.postgres?.pid ?? 0;
  return {
    dev,
    environment,
    tick: () => worker.tick(),
    pids: {
      postgres: postgresPid,
      ...Object.fromEntries(Object.entries(parts.children).map(([name, c]) => [name, c.pid])),
    },
    died: Promise.race([
      ...Object.values(parts.children).map((c) => c.exited),
      ...(parts.postgres ? [parts.postgres.exited.then(() => 'PostgreSQL ended')] : []),
    ]),
    stop,
  };
}

async function startStores(
  dataDir: string,
  secrets: StackSecrets,
  parts: Parts,
  fresh: boolean,
  log: (line: string) => void,
): Promise<StackDatabase> {
  const { ports } = secrets;
  const child = async (name: string, script: string, args: string[]) => {
    parts.children[name] = await startChild(name, join(import.meta.dirname, script), args, log);
  };
  const postgres = startPostgres({
    dataDir: join(dataDir, 'postgres'),
    port: ports.postgres,
    superuserPassword: secrets.superuserPassword,
  }).then((p) => {
    parts.postgres = p;
    return p;
  });
  await settleAll([
    postgres,
    child('sql', 'neon-sql-main.ts', [
      '--port',
      String(ports.sql),
      '--database-port',
      String(ports.postgres),
    ]),
    child('redis', 'upstash-main.ts', ['--port', String(ports.redis), '--token', secrets.redisToken]),
    child('broker', 'broker/main.ts', [
      '--port',
      String(ports.broker),
      '--data',
      join(dataDir, 'broker'),
      '--die-with-parent',
    ]),
  ]);
  return prepareDatabase(await postgres, `http://127.0.0.1:${ports.sql}/sql`, secrets, fresh);
}

/** Waits for all, so that nothing starts behind the back of a clean-up, then fails with the first failure. */
async function settleAll(work: Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((r) => r.status === 'rejected');
  if (failed) throw failed.reason;
}

const environmentOf = (
  secrets: StackSecrets,
  database: StackDatabase,
  baseUrl: string,
): Record<string, string> => ({
  DATABASE_URL: database.runtimeUrl,
  DATABASE_HTTP_URL: `http://127.0.0.1:${secrets.ports.sql}/sql`,
  UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${secrets.ports.redis}`,
  UPSTASH_REDIS_REST_TOKEN: secrets.redisToken,
  PRODUCER_KEYS: secrets.producerKeys,
  BRIDGE_KEYS: secrets.bridgeKeys,
  AUDIT_KEY: secrets.auditKey,
  MEDIA_SIGNING_KEY: secrets.mediaKey,
  PUBLIC_BASE_URL: baseUrl,
  MEDIA_PUBLIC_BASE_URL: baseUrl,
});

async function firstOwner(environment: Record<string, string>): Promise<string> {
  const script = join(REPOSITORY, 'infra', 'owner.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--email', 'owner@demo.example'], {
    env: { ...process.env, ...environment },
  });
  return stdout.trim();
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}

async function readDevFile(dataDir: string): Promise<DevFile | null> {
  const text = await readFile(join(dataDir, 'dev.json'), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as DevFile);
}

/** One stack per folder: a second one would end the first one's database. */
async function lockFolder(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, 'stack.pid');
  const owner = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (owner > 0 && owner !== process.pid && isStack(owner, await commandLine(owner)))
    throw new Error(
      `${dataDir} is in use by another stack (process ${owner}): stop it, or take another --data`,
    );
  await writeFile(path, String(process.pid));
  return () => unlink(path).catch(() => {});
}

const commandLine = (pid: number) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);

function isStack(pid: number, command: string | null): boolean {
  if (command !== null) return /start\.ts|demo\.ts|vitest/.test(command);
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux';
  } catch {
    return false;
  }
}
