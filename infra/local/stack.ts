/**
 * The embedded stack: everything a deployment consists of, on 127.0.0.1 and from npm packages alone. Invariants: it
 * ends as a whole when a part of it dies; what was acknowledged is there at the next start, also after a kill -9;
 * one stack per data folder; nothing of it is reachable from the cloud bundles.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LocalChild, spawnChild } from './child-process.ts';
import {
  type DemoOrganisation,
  makeDemoOrganisation,
  makeHook,
  openSimulatedMarket,
} from './demo-organisation.ts';
import { type EmbeddedPostgres, startPostgres } from './embedded-postgres.ts';
import { type LocalWorker, openWorkerHost, type WorkerHost } from './local-worker.ts';
import { PostgresStartError } from './postgres-start-error.ts';
import { prepareDatabase, runtimeUrl } from './stack-database.ts';
import { functionsEnvironment } from './stack-environment.ts';
import { type DevFile, readDevFile, takeFolder } from './stack-folder.ts';
import {
  isPortFree,
  readStackSecrets,
  type StackSecrets,
  writePrivateFile,
  writeStackSecrets,
} from './stack-secrets.ts';
import { buildWorkerBundle, REPOSITORY } from './worker-bundle.ts';

export type { DevFile } from './stack-folder.ts';

const TICK_MS = 60_000;
/** What a killed stack leaves behind ends by itself within this time. */
const LEFTOVER_MS = 3_000;
const LOG_PATIENCE_MS = 2_000;

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
  /** Ends a start that is under way: it stops what runs and rejects. */
  signal?: AbortSignal;
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
  postgres?: Promise<EmbeddedPostgres>;
  children: Record<string, LocalChild>;
  ticker?: NodeJS.Timeout;
  /** Set by the end, so that nothing is started behind its back. */
  stopped: boolean;
  /** Resolves with the reason of the first part that died. */
  died: PromiseWithResolvers<string>;
  log: (line: string) => void;
};

/** Starts everything, migrates, makes the demo organisation if there is none, ticks once. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const release = await takeFolder(options.dataDir, options.fresh ?? false);
  const died = Promise.withResolvers<string>();
  const parts: Parts = {
    children: {},
    stopped: false,
    died,
    log: (line) => {
      const cause = misconfiguration(line);
      if (cause !== null) died.resolve(cause);
      options.log?.(line);
    },
  };
  let ended: Promise<void> | undefined;
  const stop = () => {
    ended ??= stopParts(parts).finally(release);
    return ended;
  };
  try {
    return await Promise.race([startParts(options, parts, stop), failure(parts, options.signal)]);
  } catch (e) {
    await stop();
    throw e;
  }
}

async function stopParts(parts: Parts): Promise<void> {
  parts.stopped = true;
  clearInterval(parts.ticker);
  const { worker, ...others } = parts.children;
  // Callers first, so that none of them sees the rest go.
  await worker?.stop();
  await Promise.all(Object.values(others).map((c) => c.stop()));
  await parts.postgres?.then(
    (p) => p.stop(),
    () => {},
  );
}

/** Rejects where a part dies or the caller gives up while the stack is being started. */
function failure(parts: Parts, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    void parts.died.promise.then((why) => reject(new Error(why)));
    const abort = () => reject(new Error('the start was ended'));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The demo producer's hook at this stack's address, which another start may have had elsewhere. */
async function hookAddress({ producer, tokens }: DemoOrganisation, baseUrl: string): Promise<string> {
  const made = producer.tradingview_url ?? (await makeHook(baseUrl, tokens.owner, producer.id));
  return new URL(new URL(made).pathname, baseUrl).href;
}

async function startParts(options: StackOptions, parts: Parts, stop: () => Promise<void>): Promise<Stack> {
  const { dataDir } = options;
  const secrets = await readStackSecrets(dataDir);
  const known = await readDevFile(dataDir, secrets.began);
  const host = await openWorkerHost(dataDir, parts.log);
  watch(parts, 'worker', host.child);
  await assertPortsFree(options, secrets);
  // A first start that was cut off before its organisation was whole has acknowledged nothing: it begins again.
  if (known === null) await rm(join(dataDir, 'broker'), { recursive: true, force: true });
  const baseUrl = `http://127.0.0.1:${options.port}`;
  const environment = { ...functionsEnvironment(secrets, baseUrl), ...options.vars };
  const [worker, postgres] = await Promise.all([
    startWorker(options, host, environment, parts),
    startStores(options, secrets, parts, known === null),
  ]);
  const brokerUrl = `http://127.0.0.1:${secrets.ports.broker}`;
  const organisation =
    known ?? (await makeDemoOrganisation(worker.url, brokerUrl, await firstOwner(environment)));
  await openSimulatedMarket(worker.url, organisation.tokens.admin, organisation.account.id);
  await worker.tick();
  const dev: DevFile = {
    base_url: worker.url,
    tokens: organisation.tokens,
    producer: { ...organisation.producer, tradingview_url: await hookAddress(organisation, worker.url) },
    account: organisation.account,
    bridge: organisation.bridge,
    broker: { url: brokerUrl },
    database_url: runtimeUrl(secrets),
    redis: { url: `http://127.0.0.1:${secrets.ports.redis}`, token: secrets.redisToken },
    telegram: { url: `http://127.0.0.1:${secrets.ports.telegram}` },
  };
  await writePrivateFile(join(dataDir, 'dev.json'), `${JSON.stringify(dev, null, 2)}\n`);
  if (!secrets.began) await writeStackSecrets(dataDir, { ...secrets, began: true });
  if (options.ticker !== false)
    parts.ticker = setInterval(() => worker.tick().catch((e) => parts.log(`tick: ${e.message}`)), TICK_MS);
  return {
    dev,
    environment,
    tick: () => worker.tick(),
    pids: {
      postgres: postgres.pid,
      ...Object.fromEntries(Object.entries(parts.children).map(([name, c]) => [name, c.pid])),
      workerd: worker.pid,
    },
    died: parts.died.promise,
    stop,
  };
}

async function startWorker(
  options: StackOptions,
  host: WorkerHost,
  environment: Record<string, string>,
  parts: Parts,
): Promise<LocalWorker> {
  const { dataDir, port } = options;
  const worker = await host.start({ bundle: await buildWorkerBundle(), port, dataDir, vars: environment });
  const { status } = await fetch(`${worker.url}/healthz`);
  // Why it is ill stands in its log, which comes by another way and may be later than the answer.
  const late = new Promise<string>((resolve) =>
    setTimeout(() => resolve(`the functions answer ${status}`), LOG_PATIENCE_MS).unref(),
  );
  if (status !== 200) throw new Error(await Promise.race([parts.died.promise, late]));
  return worker;
}

/** What the functions' log says of a wrong environment, which names the keys to mend; null for any other line. */
function misconfiguration(line: string): string | null {
  return /"outcome":"misconfigured".*"cause":"([^"]*)"/.exec(line)?.[1] ?? null;
}

async function startStores(
  options: StackOptions,
  secrets: StackSecrets,
  parts: Parts,
  fresh: boolean,
): Promise<EmbeddedPostgres> {
  const { ports } = secrets;
  const child = (name: string, script: string, args: string[]): Promise<string> => {
    const started = spawnChild(name, join(import.meta.dirname, script), args, { onLine: parts.log });
    watch(parts, name, started);
    return started.ready;
  };
  const brokerDir = join(options.dataDir, 'broker');
  const [postgres] = await Promise.all([
    startDatabase(options, secrets, parts),
    child('sql', 'neon-sql-main.ts', [
      ...['--port', String(ports.sql)],
      ...['--database-port', String(ports.postgres)],
    ]),
    child('redis', 'upstash-main.ts', ['--port', String(ports.redis), `--token=${secrets.redisToken}`]),
    child('telegram', 'telegram-main.ts', [
      ...['--port', String(ports.telegram)],
      `--token=${secrets.telegramBotToken}`,
    ]),
    child('broker', 'broker/main.ts', [
      ...['--port', String(ports.broker)],
      ...['--data', brokerDir, '--die-with-parent'],
    ]),
  ]);
  await prepareDatabase(postgres, `http://127.0.0.1:${ports.sql}/sql`, secrets, fresh);
  const { candles } = options;
  if (fresh && candles) await post(`http://127.0.0.1:${ports.broker}/candles`, candles);
  return postgres;
}

async function startDatabase(
  options: StackOptions,
  secrets: StackSecrets,
  parts: Parts,
): Promise<EmbeddedPostgres> {
  const port = secrets.ports.postgres;
  parts.postgres = startPostgres({
    dataDir: join(options.dataDir, 'postgres'),
    port,
    superuserPassword: secrets.superuserPassword,
  });
  const postgres = await parts.postgres.catch((e: unknown) => {
    const taken = e instanceof PostgresStartError && e.reason === 'port-in-use';
    throw taken ? portTaken('postgres', port, options.dataDir) : e;
  });
  void postgres.exited.then(({ code, signal }) =>
    parts.died.resolve(`postgres ended (${signal ?? `exit code ${code}`})`),
  );
  return postgres;
}

/** Makes a child known to the end, and its end known to everybody. */
function watch(parts: Parts, name: string, child: LocalChild): void {
  parts.children[name] = child;
  void child.exited.then((why) => parts.died.resolve(why));
  if (!parts.stopped) return;
  void child.stop();
  throw new Error('the stack was stopped while it was being started');
}

const portTaken = (name: string, port: number, dataDir: string): Error =>
  new Error(
    `port ${port}, which ${dataDir} has for its ${name}, is in use by another program: end that one, ` +
      'or start with --fresh for other ports and new data',
  );

/** PostgreSQL's own port is looked at when its leftovers have been ended. */
async function assertPortsFree(options: StackOptions, secrets: StackSecrets): Promise<void> {
  const { sql, redis, broker, telegram } = secrets.ports;
  const deadlineMs = Date.now() + LEFTOVER_MS;
  const isTaken = async (port: number): Promise<boolean> => {
    while (!(await isPortFree(port))) {
      if (Date.now() > deadlineMs) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  };
  if (await isTaken(options.port))
    throw new Error(`port ${options.port} is in use: end what holds it, or take another --port`);
  for (const [name, port] of Object.entries({ sql, redis, broker, telegram }))
    if (await isTaken(port)) throw portTaken(name, port, options.dataDir);
}

async function firstOwner(environment: Record<string, string>): Promise<string> {
  const script = join(REPOSITORY, 'infra', 'owner.ts');
  const args = ['--import', new URL('quick-drizzle.ts', import.meta.url).href, script];
  const { stdout } = await promisify(execFile)(process.execPath, [...args, '--email', 'owner@demo.example'], {
    env: { ...process.env, ...environment },
  });
  return stdout.trim();
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}
