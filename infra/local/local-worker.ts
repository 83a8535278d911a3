/**
 * workerd with the production bundle on a direct socket: no development proxy stands between a caller and the Worker.
 * R2 is kept on disk; the queue is in memory and may be lost with the process, which the outbox is there for.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LocalChild, spawnChild } from './child-process.ts';
import { isRunning } from './process-identity.ts';

export type LocalWorkerOptions = {
  bundle: string;
  port: number;
  dataDir: string;
  vars: Record<string, string>;
};

export type LocalWorker = {
  url: string;
  /** workerd itself; the process around it is `child`. */
  pid: number;
  child: LocalChild;
  /** Runs the schedule once, as the cloud would at this moment. */
  tick(): Promise<void>;
  stop(): Promise<void>;
};

/** What is said to `worker-main.ts` and what it answers, a line each. */
export type WorkerRequest = { start: LocalWorkerOptions } | { tick: number };
export type WorkerAnswer = { tick: number; error: string | null };

export type WorkerHost = { child: LocalChild; start(options: LocalWorkerOptions): Promise<LocalWorker> };

/**
 * Starts the process that will hold workerd; it loads its packages while the caller prepares the rest. `dataDir` must
 * be there. What Miniflare keeps for the moment lies in its `tmp`, which the next start clears.
 */
export async function openWorkerHost(dataDir: string, onLine: (line: string) => void): Promise<WorkerHost> {
  await endLeftoverWorkerd(dataDir);
  const tmp = join(dataDir, 'tmp');
  await rm(tmp, { recursive: true, force: true });
  await mkdir(tmp, { recursive: true });
  const waiting = new Map<number, (error: string | null) => void>();
  const host = spawnChild('worker', join(import.meta.dirname, 'worker-main.ts'), [], {
    onLine,
    onOutput: (line) => {
      const { tick, error } = JSON.parse(line) as WorkerAnswer;
      waiting.get(tick)?.(error);
      waiting.delete(tick);
    },
    env: { TMPDIR: tmp, WRANGLER_SEND_METRICS: 'false' },
  });
  const child: LocalChild = {
    ...host,
    stop: async (graceMs) => {
      await host.stop(graceMs);
      await endLeftoverWorkerd(dataDir);
    },
  };
  let ticks = 0;
  const ask = (request: WorkerRequest) => child.say(JSON.stringify(request));
  const tick = async () => {
    ticks += 1;
    const mine = ticks;
    const done = new Promise<string | null>((resolve) => waiting.set(mine, resolve));
    ask({ tick: mine });
    const error = await Promise.race([done, child.exited]);
    if (error !== null) throw new Error(error);
  };
  return {
    child,
    start: async (options) => {
      ask({ start: options });
      const { url, pid } = JSON.parse(await child.ready) as { url: string; pid: number };
      return { url, pid, child, tick, stop: child.stop };
    },
  };
}

/** Starts workerd. Throws, naming the cause, where it does not start. */
export async function startLocalWorker(
  options: LocalWorkerOptions & { onLine: (line: string) => void },
): Promise<LocalWorker> {
  const { onLine, ...asked } = options;
  const host = await openWorkerHost(options.dataDir, onLine);
  try {
    return await host.start(asked);
  } catch (e) {
    await host.child.stop();
    throw e;
  }
}

/** A workerd whose host was killed outright holds the port for ever: it is ended by its recorded identity. */
async function endLeftoverWorkerd(dataDir: string): Promise<void> {
  const path = join(dataDir, 'workerd.pid');
  const identity = await readFile(path, 'utf8').catch(() => null);
  if (identity !== null && (await isRunning(identity))) {
    process.kill(Number(identity.split(' ')[0]), 'SIGKILL');
    while (await isRunning(identity)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await rm(path, { force: true });
}
