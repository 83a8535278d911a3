// The data folder of the embedded database: made once, never half, never by two at a time.
//
// Invariants:
// - initdb works in `<dir>.partial`, which is renamed when it is complete: a first start that is cut off
//   leaves nothing that a second start could mistake for data.
// - A folder that holds anything but a database of this major version is never written to.
// - A postmaster left over from a killed stack is ended (fast shutdown) before a second one starts.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  findBarrier,
  postgresProgram,
  type RunMode,
  runsAsNobody,
  spawnPostgresProgram,
  UNPRIVILEGED_ID,
} from './postgres-command.ts';
import { PostgresStartError } from './postgres-start-error.ts';

const MAJOR_VERSION = '18';
const LEFTOVER_WAIT_MS = 10_000;
/** One above the largest number that Linux gives a process. */
const NO_PROCESS = 4_194_305;

function isEmpty(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).length === 0;
}

function assertUsable(dataDir: string): void {
  const versionFile = join(dataDir, 'PG_VERSION');
  if (!existsSync(versionFile)) {
    throw new PostgresStartError(
      'damaged-data',
      `${dataDir} is not empty and holds no database (PG_VERSION is missing): restore it, or remove it to begin anew`,
    );
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== MAJOR_VERSION) {
    throw new PostgresStartError(
      'wrong-version',
      `${dataDir} was made by PostgreSQL ${version || '(unreadable)'}, this is ${MAJOR_VERSION}: remove it to begin anew`,
    );
  }
}

function assertReachable(path: string): void {
  const barrier = findBarrier(path);
  if (barrier === undefined) return;
  throw new PostgresStartError(
    'folder-barred',
    `PostgreSQL cannot run as root, and as nobody it may not enter ${barrier} on the way to ${path}. ` +
      `Run 'chmod o+x ${barrier}', choose a folder elsewhere, install setpriv (util-linux), or start as another user.`,
  );
}

async function runInitdb(mode: RunMode, folder: string, passwordFile: string): Promise<void> {
  const args = ['-D', folder, '-U', 'postgres', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  args.push('--auth=scram-sha-256', `--pwfile=${passwordFile}`);
  const child = spawnPostgresProgram(mode, postgresProgram('initdb'), args, {});
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });
  if (code !== 0) throw new PostgresStartError('failed', `initdb ended with code ${code}:\n${output.trim()}`);
}

async function initialise(mode: RunMode, dataDir: string, superuserPassword: string): Promise<void> {
  const partial = `${dataDir}.partial`;
  // Beside the folder, not in the temporary one: what a killed first start leaves, the next one clears away.
  const passwordFile = `${partial}-password`;
  for (const path of [partial, passwordFile]) rmSync(path, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, superuserPassword, { mode: 0o600, flag: 'wx' });
    if (runsAsNobody(mode)) {
      for (const path of [partial, passwordFile]) chownSync(path, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
    }
    await runInitdb(mode, partial, passwordFile);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  if (existsSync(dataDir)) rmdirSync(dataDir);
  renameSync(partial, dataDir);
}

/**
 * Leaves `dataDir` as a complete database folder that PostgreSQL accepts in this mode: made by initdb
 * (UTF-8, locale C, scram-sha-256) when it is missing or empty, checked and chowned otherwise.
 * Throws PostgresStartError with reason `damaged-data`, `wrong-version`, `folder-barred` or `failed`.
 */
export async function prepareDataFolder(
  mode: RunMode,
  dataDir: string,
  superuserPassword: string,
): Promise<void> {
  mkdirSync(dirname(dataDir), { recursive: true });
  if (mode === 'bare-root') {
    assertReachable(dataDir);
    assertReachable(postgresProgram('postgres'));
  }
  if (isEmpty(dataDir)) {
    await initialise(mode, dataDir, superuserPassword);
    return;
  }
  assertUsable(dataDir);
  if (runsAsNobody(mode) && statSync(dataDir).uid !== UNPRIVILEGED_ID) giveToNobody(dataDir);
  chmodSync(dataDir, 0o700);
}

function giveToNobody(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    chownSync(join(folder, entry), UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  }
  chownSync(folder, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
}

function commandLineOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  const command = commandLineOf(pid);
  return command !== undefined && command.trim() !== '';
}

/**
 * A killed postmaster whose parent has not taken note of it still counts as alive for PostgreSQL, for ever where
 * nobody ever does. The number in its file is replaced by one that no process has; the rest of the file stays, because
 * by it PostgreSQL finds out whether children of the dead one still hold the shared memory.
 */
function disownPidFile(pidFile: string): void {
  const [, ...rest] = readFileSync(pidFile, 'utf8').split('\n');
  writeFileSync(pidFile, [NO_PROCESS, ...rest].join('\n'));
}

/**
 * Ends a postmaster that still runs on `dataDir` and waits for it; answers true when there was one.
 * A pid file whose number now belongs to some other program is removed: PostgreSQL would take that program
 * for a rival and refuse to start. A dead pid is PostgreSQL's own affair.
 */
export async function endLeftoverPostmaster(dataDir: string): Promise<boolean> {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return false;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  if (!isAlive(pid)) {
    disownPidFile(pidFile);
    return false;
  }
  const command = commandLineOf(pid) ?? '';
  const ours =
    command.includes('postgres') && [dataDir, realpathSync(dataDir)].some((dir) => command.includes(dir));
  if (!ours) {
    rmSync(pidFile, { force: true });
    return false;
  }
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + LEFTOVER_WAIT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      throw new PostgresStartError('failed', `an earlier PostgreSQL (pid ${pid}) on ${dataDir} does not end`);
    }
    await sleep(50);
  }
  return true;
}
