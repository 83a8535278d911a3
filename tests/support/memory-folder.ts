/**
 * Where tests keep what they throw away. In memory, where there is room: a clone of a database costs a quarter there, and
 * nobody waits for a disk. One folder for a run, named by its process; it goes with the run, or with the next one where
 * that was killed.
 */
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** `f_type` of Linux's file system in memory. */
const TMPFS = 0x01021994;
/** A whole run leaves three. */
const ENOUGH_BYTES = 6 * 2 ** 30;
const PREFIX = 'countersign-run-';

/** Whether files in the folder are kept in memory alone. */
export function isInMemory(folder: string): boolean {
  try {
    return statfsSync(folder).type === TMPFS;
  } catch {
    return false;
  }
}

function hasRoom(): boolean {
  if (!isInMemory(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ENOUGH_BYTES && process.availableMemory() >= ENOUGH_BYTES;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeLeftovers(): void {
  for (const name of readdirSync(MEMORY)) {
    if (!name.startsWith(PREFIX) || isAlive(Number(name.slice(PREFIX.length)))) continue;
    try {
      rmSync(join(MEMORY, name), { recursive: true, force: true });
    } catch {
      // Another user's.
    }
  }
}

/**
 * Makes the temporary folder of this process, and of all that it starts from now on, one in memory; changes nothing where
 * there is too little of it. `giveBack` removes the folder and undoes that.
 */
export function takeMemoryFolder(): { giveBack: () => void } {
  const before = process.env['TMPDIR'];
  if (!hasRoom()) return { giveBack: () => undefined };
  removeLeftovers();
  const folder = join(MEMORY, `${PREFIX}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.env['TMPDIR'] = folder;
  return {
    giveBack: () => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
