/**
 * The production bundle of the Worker, as `wrangler deploy` would upload it, and what `wrangler.toml` says of the runtime
 * around it. Both are made once per state of their sources and kept under `node_modules/.cache`: a further start need not
 * build again, nor load wrangler, which takes longer than everything else in it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Unstable_MiniflareWorkerOptions } from 'wrangler';

export const REPOSITORY = join(import.meta.dirname, '..', '..');
const CACHE = join(REPOSITORY, 'node_modules', '.cache', 'countersign');
const SETTINGS = ['wrangler.toml', 'package-lock.json'];
const SOURCES = ['functions', 'drizzle/schema', ...SETTINGS];
const BUILD_TIMEOUT_MS = 120_000;

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => null);
  if (entries === null) return [path];
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

async function digestOf(sources: readonly string[]): Promise<string> {
  const files = (await Promise.all(sources.map((s) => filesBelow(join(REPOSITORY, s))))).flat().sort();
  const texts = await Promise.all(files.map((file) => readFile(file)));
  const hash = createHash('sha256');
  for (const [i, text] of texts.entries()) hash.update(relative(REPOSITORY, files[i] ?? '')).update(text);
  return hash.digest('hex').slice(0, 24);
}

/** Builds if the sources changed; the folder holds `worker.js` and its WebAssembly modules. */
export async function buildWorkerBundle(): Promise<string> {
  const folder = join(CACHE, await digestOf(SOURCES));
  if (existsSync(join(folder, 'worker.js'))) return folder;
  const partial = `${folder}.${process.pid}`;
  await mkdir(CACHE, { recursive: true });
  const wrangler = join(REPOSITORY, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
  const args = [wrangler, 'deploy', '--dry-run', '--minify', '--outdir', partial];
  await promisify(execFile)(process.execPath, args, {
    cwd: REPOSITORY,
    timeout: BUILD_TIMEOUT_MS,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' },
  });
  // Renamed when whole: two builders at once both end with a good folder.
  await rename(partial, folder).catch(async (e) => {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(join(folder, 'worker.js'))) throw e;
  });
  return folder;
}

/** Miniflare's options of the Worker that `wrangler.toml` describes: plain data. */
export async function readWorkerOptions(): Promise<Unstable_MiniflareWorkerOptions['workerOptions']> {
  const path = join(CACHE, `${await digestOf(SETTINGS)}.json`);
  const known = await readFile(path, 'utf8').catch(() => null);
  // The folder may have been moved since.
  if (known !== null) return { ...JSON.parse(known), rootPath: REPOSITORY };
  const { unstable_getMiniflareWorkerOptions } = await import('wrangler');
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(REPOSITORY, 'wrangler.toml'));
  await mkdir(CACHE, { recursive: true });
  await writeFile(`${path}.${process.pid}`, JSON.stringify(workerOptions));
  await rename(`${path}.${process.pid}`, path);
  return workerOptions;
}

// `npm test` builds before its files start their stacks: many at once would each build.
if (import.meta.main) await Promise.all([buildWorkerBundle(), readWorkerOptions()]);
