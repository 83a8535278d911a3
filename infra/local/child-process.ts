import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type LocalChild = {
  pid: number;
  /** Resolves when the process is gone, however that came. */
  exited: Promise<string>;
  /** Ends the process: SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
};

const START_TIMEOUT_MS = 20_000;

/**
 * Starts a part of the stack as its own process and waits for its line `ready`. Its standard input is a pipe that
 * closes with this process, and it ends by itself when that happens, even after a kill -9 of this one.
 */
export async function startChild(
  name: string,
  script: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<LocalChild> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`${name} ended (${signal ?? `exit code ${code}`})`));
    child.once('error', (e) => resolve(`${name} could not be started: ${e.message}`));
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    onLine(`${name}: ${line}`);
  });
  await Promise.race([
    ready(child),
    exited.then((why) => {
      throw new Error(`${why}${errors.length > 0 ? `: ${errors.slice(-5).join(' | ')}` : ''}`);
    }),
    new Promise((_, reject) =>
      setTimeout(
        () => reject(new Error(`${name} is not ready after ${START_TIMEOUT_MS / 1000} s`)),
        START_TIMEOUT_MS,
      ).unref(),
    ),
  ]);
  return { pid: child.pid ?? 0, exited, stop: (graceMs = 3000) => stopChild(child, exited, graceMs) };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready')) resolve();
    });
  });
}

async function stopChild(child: ChildProcess, exited: Promise<string>, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}
