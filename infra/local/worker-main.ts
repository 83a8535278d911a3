/**
 * Runs workerd with the production bundle: started by `local-worker.ts`, spoken to in lines of JSON. A process of its
 * own, because Miniflare answers signals by ending the process it lives in at once, and brings a dead workerd back
 * without a word; here it may do the former, and the latter ends us, so that the stack ends as a whole.
 */
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Miniflare } from 'miniflare';
import type { LocalWorkerOptions, WorkerAnswer, WorkerRequest } from './local-worker.ts';
import { processIdentity } from './process-identity.ts';
import { writePrivateFile } from './stack-secrets.ts';
import { readWorkerOptions } from './worker-bundle.ts';

// It is CommonJS, and so large that `import` takes a third longer to find out what it exports.
const miniflarePackage: typeof import('miniflare') = createRequire(import.meta.url)('miniflare');

const NAME = 'countersign';

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

async function startMiniflare(options: LocalWorkerOptions): Promise<Miniflare> {
  const workerOptions = await readWorkerOptions();
  const { convertV4MiniflareOptions, Log, LogLevel } = miniflarePackage;
  const bindings: Record<string, unknown> = { ...Object(workerOptions.bindings), ...options.vars };
  const miniflare = new miniflarePackage.Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: ({ message }: { message: string }) => console.error(message),
      r2Persist: join(options.dataDir, 'r2'),
      workers: [
        {
          ...workerOptions,
          name: NAME,
          bindings,
          modulesRoot: options.bundle,
          modules: await modulesOf(options.bundle),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: options.port }],
        },
      ],
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  await miniflare.ready;
  return miniflare;
}

/** Catches the process that Miniflare starts, which it tells nobody of. */
function watchForWorkerd(): () => ChildProcess | undefined {
  let found: ChildProcess | undefined;
  subscribe('child_process', (message) => {
    const { process: child } = message as { process: ChildProcess };
    // The path is not known before the spawn, which follows at once.
    queueMicrotask(() => {
      if (found === undefined && basename(child.spawnfile ?? '').startsWith('workerd')) found = child;
    });
  });
  return () => found;
}

async function serve(options: LocalWorkerOptions): Promise<Miniflare> {
  const workerd = watchForWorkerd();
  const miniflare = await startMiniflare(options);
  const child = workerd();
  if (child?.pid === undefined) throw new Error('workerd is not to be found');
  child.once('exit', (code, signal) => {
    console.error(`workerd ended (${signal ?? `exit code ${code}`})`);
    process.exit(1);
  });
  const identity = await processIdentity(child.pid);
  if (identity !== null) await writePrivateFile(join(options.dataDir, 'workerd.pid'), identity);
  const { origin } = await miniflare.unsafeGetDirectURL(NAME);
  console.log(`ready ${JSON.stringify({ url: origin, pid: child.pid })}`);
  return miniflare;
}

async function tick(miniflare: Miniflare): Promise<string | null> {
  try {
    const worker = await miniflare.getWorker(NAME);
    const { outcome } = await worker.scheduled({ cron: '* * * * *' });
    return outcome === 'ok' ? null : `the tick ended with ${outcome}`;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

let running: Promise<Miniflare> | undefined;
const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const asked = JSON.parse(line) as WorkerRequest;
  if ('start' in asked) {
    running = serve(asked.start);
    running.catch((e) => {
      console.error(e instanceof Error ? e.message.split('\n')[0] : e);
      process.exit(1);
    });
    return;
  }
  if (running === undefined) return;
  const answer: WorkerAnswer = { tick: asked.tick, error: await tick(await running) };
  console.log(JSON.stringify(answer));
});
// The parent is gone, or wants the end: Miniflare's own listener at the exit takes workerd along.
lines.on('close', () => process.exit(0));
