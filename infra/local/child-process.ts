import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type LocalChild = {
  pid: number;
  /** Resolves with what stands behind the line `ready`. Rejects where the process ends before it or takes too long. */
  ready: Promise<string>;
  /** Resolves when the process is gone, however that came, with how it ended and its last words. */
  exited: Promise<string>;
  /** Sends one line to its standard input. */
  say(line: string): void;
  /** Ends the process: SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
};

export type ChildOptions = {
  onLine: (line: string) => void;
  /** Receives the lines of standard output after `ready`. */
  onOutput?: (line: string) => void;
  env?: NodeJS.ProcessEnv;
};

/** Where Node keeps what it has compiled of our parts: every start but the first is spared half of its work. */
export const COMPILED = join(
  import.meta.dirname,
  '..',
  '..',
  'node_modules',
  '.cache',
  'countersign',
  'compiled',
);
const START_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 3_000;
const LAST_WORDS = 5;

/**
 * Starts a part of the stack as its own process. Its standard input is a pipe that closes with this process, and it
 * ends by itself when that happens, even after a kill -9 of this one.
 */
export function spawnChild(
  name: string,
  script: string,
  args: readonly string[],
  options: ChildOptions,
): LocalChild {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { NODE_COMPILE_CACHE: COMPILED, ...process.env, ...options.env },
  });
  // Writing to a process that has just ended is no fault of ours: `exited` tells.
  child.stdin.on('error', () => {});
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    if (errors.length > LAST_WORDS) errors.shift();
    options.onLine(`${name}: ${line}`);
  });
  const exited = new Promise<string>((resolve) => {
    const lastWords = () => (errors.length > 0 ? `: ${errors.map((e) => e.trim()).join(' | ')}` : '');
    child.once('close', (code, signal) =>
      resolve(`${name} ended (${signal ?? `exit code ${code}`})${lastWords()}`),
    );
    child.once('error', (e) => resolve(`${name} could not be started: ${e.message}`));
  });
  const ready = whenReady(name, child, exited, options.onOutput ?? (() => {}));
  // Whoever does not wait for it learns of the end through `exited`.
  ready.catch(() => {});
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    say: (line) => void child.stdin.write(`${line}\n`),
    stop: (graceMs = STOP_GRACE_MS) => stopChild(child, exited, graceMs),
  };
}

/** Starts a part of the stack as its own process and waits until it is ready. */
export async function startChild(
  name: string,
  script: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<LocalChild> {
  const child = spawnChild(name, script, args, { onLine });
  await child.ready;
  return child;
}

function whenReady(
  name: string,
  child: ChildProcess,
  exited: Promise<string>,
  onOutput: (line: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} is not ready after ${START_TIMEOUT_MS / 1000} s`)),
      START_TIMEOUT_MS,
    ).unref();
    void exited.then((why) => {
      clearTimeout(timer);
      reject(new Error(why));
    });
    if (child.stdout === null) return;
    let isReady = false;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (isReady) return onOutput(line);
      if (!line.startsWith('ready')) return;
      isReady = true;
      clearTimeout(timer);
      resolve(line.slice('ready'.length).trim());
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
