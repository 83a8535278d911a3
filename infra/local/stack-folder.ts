/**
 * The data folder of an embedded stack: one stack at a time, nothing deleted but what a stack has made, and a damaged
 * file is named instead of guessed at.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { DemoOrganisation } from './demo-organisation.ts';
import { isRunning, processIdentity } from './process-identity.ts';

const LOCK = 'stack.pid';
const MAX_TURN_MS = 5000;
/** All that a stack makes in its folder, besides the lock. */
const OWN = [
  'postgres',
  'postgres.partial',
  'postgres.partial-password',
  'broker',
  'r2',
  'tmp',
  'workerd.pid',
  'dev.json',
  'secrets.json',
];

export type DevFile = DemoOrganisation & {
  base_url: string;
  producer: { id: string; secret: string; tradingview_url: string | null };
  broker: { url: string };
  database_url: string;
  redis: { url: string; token: string };
  /** Where alerts go that are sent to Telegram; a stack that is older writes it at its next start. */
  telegram?: { url: string } | undefined;
};

const party = z.object({ id: z.string(), secret: z.string() });
const devFile = z.object({
  base_url: z.string(),
  tokens: z.object({ owner: z.string(), admin: z.string(), user: z.string(), other: z.string() }),
  producer: party.extend({ tradingview_url: z.string().nullable() }),
  account: z.object({ id: z.string(), login: z.string() }),
  bridge: party.extend({ url: z.string() }),
  broker: z.object({ url: z.string() }),
  database_url: z.string(),
  redis: z.object({ url: z.string(), token: z.string() }),
  telegram: z.object({ url: z.string() }).optional(),
}) satisfies z.ZodType<DevFile>;

/**
 * Takes the folder for this process, making it where it is missing; with `fresh` everything a stack made in it goes.
 * Returns how to give it back. Throws where another stack holds it or nothing can be written there.
 */
export async function takeFolder(dataDir: string, fresh: boolean): Promise<() => Promise<void>> {
  let unlock: () => Promise<void>;
  try {
    await makeFolder(dataDir);
    unlock = await lockFolder(dataDir);
  } catch (e) {
    if (!(e instanceof Error && 'code' in e)) throw e;
    throw new Error(`nothing can be written in ${dataDir} (${e.code}): choose another folder with --data`);
  }
  // Only now: what stands there may be another stack's, and a folder given by mistake holds more than ours.
  if (fresh) for (const name of OWN) await rm(join(dataDir, name), { recursive: true, force: true });
  return unlock;
}

/** Node's own `recursive` never returns where the system refuses a folder with ENOENT, as it does below /proc. */
async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) await makeFolder(dirname(path));
  await mkdir(path).catch((e) => {
    // Another one that asked at the same time made it.
    if (e.code !== 'EEXIST') throw e;
  });
}

async function lockFolder(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, LOCK);
  const mine = (await processIdentity(process.pid)) ?? String(process.pid);
  // A name of this call's own: two that ask at once, even in one process, must not share it.
  const written = `${path}.${process.pid}.${randomUUID()}`;
  await writeFile(written, mine);
  try {
    // A link either makes the name with its content or fails: no moment in which the lock is there and empty.
    while (!(await linked(written, path))) await clearStaleLock(dataDir, path);
  } finally {
    await unlink(written).catch(() => {});
  }
  return () => unlink(path).catch(() => {});
}

const linked = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    (e) => {
      if (e.code === 'EEXIST') return false;
      throw e;
    },
  );

async function clearStaleLock(dataDir: string, path: string): Promise<void> {
  const owner = await readFile(path, 'utf8').catch(() => null);
  if (owner === null) return;
  if (await isRunning(owner))
    throw new Error(
      `${dataDir} is in use by another stack (process ${owner.split(' ')[0]}): stop it, or take another --data`,
    );
  // One clears at a time, and only while the lock is still the one found left over: it may have been taken meanwhile.
  const turn = `${path}.clearing`;
  const mine = await writeFile(turn, '', { flag: 'wx' }).then(
    () => true,
    () => false,
  );
  if (!mine) return waitForTurn(turn);
  if ((await readFile(path, 'utf8').catch(() => null)) === owner) await unlink(path).catch(() => {});
  await unlink(turn).catch(() => {});
}

/** Somebody clears: that takes a moment, unless he was killed at it, and then his turn is over. */
async function waitForTurn(turn: string): Promise<void> {
  const began = await stat(turn).catch(() => null);
  if (began !== null && Date.now() - began.mtimeMs > MAX_TURN_MS) await unlink(turn).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 10));
}

/**
 * The organisation of an earlier start; null before the first is whole. `began` is whether a first start was ever
 * finished here: from then on a missing part is a damage, which throws, and no longer an unfinished beginning.
 */
export async function readDevFile(dataDir: string, began: boolean): Promise<DevFile | null> {
  const path = join(dataDir, 'dev.json');
  const mend = 'put it back from a copy, or start with --fresh, which throws the data away';
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) {
    if (began) throw new Error(`${path} is missing: ${mend}`);
    return null;
  }
  const known = devFile.safeParse(parsedJson(text));
  if (!known.success) throw new Error(`${path} is damaged: ${mend}`);
  for (const part of ['postgres', 'broker'])
    if ((await readdir(join(dataDir, part)).catch(() => [])).length === 0)
      throw new Error(`${join(dataDir, part)} is missing or empty: ${mend}`);
  return known.data;
}

/** What a JSON text says; undefined where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
