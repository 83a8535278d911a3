/**
 * The production bundle of the Worker, as `wrangler deploy` would upload it. Built once per state of the sources and
 * kept under `node_modules/.cache`, so that a second start need not build again.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

export const REPOSITORY = join(import.meta.dirname, '..', '..');
const CACHE = join(REPOSITORY, 'node_modules', '.cache', 'countersign');
const SOURCES = ['functions', 'drizzle/schema', 'wrangler.toml', 'package-lock.json'];
const BUILD_TIMEOUT_MS = 120_000;

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => null);
  if (entries === null) return [path];
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

async function sourceDigest(): Promise<string> {
  const files = (await Promise.all(SOURCES.map((s) => filesBelow(join(REPOSITORY, s))))).flat().sort();
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(relative(REPOSITORY, file));
    hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 24);
}

/** Builds if the sources changed; the folder holds `worker.js` and its WebAssembly modules. */
export async function buildWorkerBundle(): Promise<string> {
  const folder = join(CACHE, await sourceDigest());
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
