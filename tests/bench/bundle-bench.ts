// Size and start of both bundles: how many bytes go to the cloud, and what a cold start costs beside an empty one.
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleLambda } from '../../infra/aws/bundle-lambda.ts';
import { functionsEnvironment } from '../../infra/local/stack-environment.ts';
import { freePorts, readStackSecrets } from '../../infra/local/stack-secrets.ts';
import { buildWorkerBundle, REPOSITORY } from '../../infra/local/worker-bundle.ts';
import { quantile, rounds } from './figures.ts';

/** The package comes without types: it exports the path of its program. */
const { default: workerd } = createRequire(import.meta.url)('workerd') as { default: string };
const MAX_GZIP_BYTES = 3 * 1024 * 1024;
const MAX_START_MS = 400;
const ROUNDS = 9;
const EMPTY_WORKER = "export default { fetch: () => new Response('ok') };";

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
const verdict = (good: boolean): string => (good ? 'pass' : 'FAIL');

/** A configuration of workerd alone: the modules of the folder, the variables as text, one socket. */
async function workerdConfig(folder: string, port: number, vars: Record<string, string>): Promise<string> {
  const toml = await readFile(join(REPOSITORY, 'wrangler.toml'), 'utf8');
  const date = /compatibility_date = "([\d-]+)"/.exec(toml)?.[1];
  const names = (await readdir(folder)).filter((n) => /\.(js|wasm)$/.test(n));
  const main = 'worker.js';
  const modules = [main, ...names.filter((n) => n !== main)].map(
    (n) => `(name = "${n}", ${n.endsWith('.js') ? 'esModule' : 'wasm'} = embed "${n}")`,
  );
  const bindings = Object.entries(vars).map(([k, v]) => `(name = "${k}", text = ${JSON.stringify(v)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);
const worker :Workerd.Worker = (
  modules = [${modules.join(', ')}], bindings = [${bindings.join(', ')}],
  compatibilityDate = "${date}", compatibilityFlags = ["nodejs_compat"]);
`;
}

/** Time in ms from the start of a workerd process to its first answer. */
async function coldStart(folder: string, vars: Record<string, string>): Promise<number> {
  const [port = 0] = await freePorts(1);
  const config = join(folder, 'config.capnp');
  await writeFile(config, await workerdConfig(folder, port, vars));
  const startedMs = performance.now();
  const child = spawn(workerd, ['serve', config], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (child.exitCode === null) {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
      if (answer?.status === 200) return performance.now() - startedMs;
      if (answer) throw new Error(`/healthz answered ${answer.status}: ${await answer.text()}`);
      await sleep(1);
    }
    throw new Error('workerd did not start');
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Time in ms of a fresh Node process that runs the code. */
async function nodeTime(code: string, vars: Record<string, string>): Promise<number> {
  const startedMs = performance.now();
  const env = { ...process.env, ...vars };
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { env });
  return performance.now() - startedMs;
}

function printStart(what: string, ours: number[], reference: number[]): void {
  const addedMs = quantile(ours, 0.5) - quantile(reference, 0.5);
  console.log(`${what} start: ${rounds(ours)}; empty, in turn with it: ${rounds(reference)}`);
  console.log(
    `  ours takes ${addedMs.toFixed(0)} ms more; limit ${MAX_START_MS} ms: ${verdict(addedMs <= MAX_START_MS)}`,
  );
}

function printSize(what: string, bytes: number, gzipBytes: number): boolean {
  const good = gzipBytes <= MAX_GZIP_BYTES;
  console.log(
    `${what}: ${kib(bytes)} raw, ${kib(gzipBytes)} gzip; limit ${kib(MAX_GZIP_BYTES)} gzip: ${verdict(good)}`,
  );
  return good;
}

async function workerBundle(folder: string): Promise<boolean> {
  const built = await buildWorkerBundle();
  const [ours, empty] = [join(folder, 'worker'), join(folder, 'empty')];
  const uploaded = (path: string) => !path.endsWith('.map') && !path.endsWith('.md');
  await cp(built, ours, { recursive: true, filter: uploaded });
  await cp(built, empty, { recursive: true, filter: (path) => path === built });
  await writeFile(join(empty, 'worker.js'), EMPTY_WORKER);
  const files = await Promise.all((await readdir(ours)).map((n) => readFile(join(ours, n))));
  const total = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
  const good = printSize(
    'Worker bundle',
    total(files.map((f) => f.length)),
    total(files.map((f) => gzipSync(f).length)),
  );
  const vars = functionsEnvironment(await readStackSecrets(folder), 'http://127.0.0.1:1');
  const times = { ours: [] as number[], empty: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.empty.push(await coldStart(empty, {}));
    times.ours.push(await coldStart(ours, vars));
  }
  printStart('Worker (workerd from its process to the first /healthz)', times.ours, times.empty);
  return good;
}

async function lambdaBundle(folder: string): Promise<boolean> {
  const { bytes, gzipBytes } = await bundleLambda(folder);
  const good = printSize('Lambda bundle', bytes, gzipBytes);
  const file = pathToFileURL(join(folder, 'lambda.mjs')).href;
  const vars = {
    ...functionsEnvironment(await readStackSecrets(folder), 'http://127.0.0.1:1'),
    COUNTERSIGN_FUNCTION: 'all',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench-secret',
    QUEUE_URL: 'http://127.0.0.1:1/queue',
    RECONCILE_QUEUE_URL: 'http://127.0.0.1:1/reconcile',
    SLOW_QUEUE_URL: 'http://127.0.0.1:1/slow',
    PICTURES_QUEUE_URL: 'http://127.0.0.1:1/pictures',
    MEDIA_BUCKET: 'media',
  };
  const times = { ours: [] as number[], empty: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.empty.push(await nodeTime('0', vars));
    times.ours.push(await nodeTime(`await import(${JSON.stringify(file)})`, vars));
  }
  printStart('Lambda (a Node process that imports it and ends)', times.ours, times.empty);
  return good;
}

/** Prints sizes and starts; false where a bundle is too large. */
export async function run(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bundle-bench-'));
  try {
    const worker = await workerBundle(folder);
    const lambda = await lambdaBundle(folder);
    return worker && lambda;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
