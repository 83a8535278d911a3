/**
 * workerd with the production bundle on a direct socket: no development proxy stands between a caller and the Worker.
 * R2 is kept on disk; the queue is in memory and may be lost with the process, which the outbox is there for.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { REPOSITORY } from './worker-bundle.ts';

export type LocalWorker = {
  url: string;
  /** Runs the schedule once, as the cloud would at this moment. */
  tick(): Promise<void>;
  stop(): Promise<void>;
};

export type LocalWorkerOptions = {
  bundle: string;
  port: number;
  dataDir: string;
  vars: Record<string, string>;
  onLine: (line: string) => void;
};

async function modulesOf(bundle: string) {
  const names = (await readdir(bundle)).filter((n) => /\.(js|wasm|bin)$/.test(n));
  const main = 'worker.js';
  const ordered = [main, ...names.filter((n) => n !== main)];
  return Promise.all(
    ordered.map(async (name) => {
      const contents = await readFile(join(bundle, name));
      return name.endsWith('.js')
        ? { type: 'ESModule' as const, path: join(bundle, name), contents: contents.toString() }
        : { type: 'CompiledWasm' as const, path: join(bundle, name), contents };
    }),
  );
}

/** Starts workerd. Throws, naming the port, where it is taken. */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(REPOSITORY, 'wrangler.toml'));
  const bindings: Record<string, unknown> = { ...Object(workerOptions.bindings), ...options.vars };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: ({ message }: { message: string }) => options.onLine(message),
      r2Persist: join(options.dataDir, 'r2'),
      workers: [
        {
          ...workerOptions,
          name: 'countersign',
          bindings,
          modulesRoot: options.bundle,
          modules: await modulesOf(options.bundle),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: options.port }],
        },
      ],
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL('countersign');
  return {
    url: url.origin,
    tick: async () => {
      const worker = await miniflare.getWorker('countersign');
      const { outcome } = await worker.scheduled({ cron: '* * * * *' });
      if (outcome !== 'ok') throw new Error(`the tick ended with ${outcome}`);
    },
    stop: () => miniflare.dispose(),
  };
}
