// `npm start` as its own process, so that it and every part of it can be killed; and what is left afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, processIdentity } from '../../infra/local/process-identity.ts';
import type { DevFile } from '../../infra/local/stack.ts';

const START = join(import.meta.dirname, '../../infra/local/start.ts');
const GONE_MS = 20_000;

/** A process of the stack: its number, what it was started as, and its identity. */
export type Member = { pid: number; command: string; identity: string };

export class StackProcess {
  readonly child: ChildProcess;
  readonly dataDir: string;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #ownGroup: boolean;
  readonly #said = Promise.withResolvers<void>();

  /** With `ownGroup` it leads a process group, which `killAll` ends at one stroke. */
  constructor(
    dataDir: string,
    port: number,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    ownGroup = false,
  ) {
    this.dataDir = dataDir;
    this.#ownGroup = ownGroup;
    this.child = spawn(process.execPath, [START, '--port', String(port), '--data', dataDir, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      detached: ownGroup,
    });
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) throw new Error('the stack has no output');
    createInterface({ input: stdout }).on('line', (line) => {
      this.stdout.push(line);
      this.#said.resolve();
    });
    createInterface({ input: stderr }).on('line', (line) => void this.stderr.push(line));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve(code ?? signal));
    });
  }

  /** Waits for the line `ready` and reads dev.json. Throws with what was said where the stack ends before it. */
  async ready(): Promise<DevFile> {
    await Promise.race([
      this.#said.promise,
      this.ended.then((how) => {
        throw new Error(`the stack ended (${how}) before it was ready: ${this.stderr.join(' | ')}`);
      }),
    ]);
    return JSON.parse(await readFile(join(this.dataDir, 'dev.json'), 'utf8'));
  }

  /** Everything below this process, itself first. */
  async members(): Promise<Member[]> {
    const found = [this.child.pid ?? 0];
    const everybody = parentsNow();
    for (const pid of found) for (const [one, parent] of everybody) if (parent === pid) found.push(one);
    const members = await Promise.all(
      found.map(async (pid) => ({ pid, command: commandOf(pid), identity: await processIdentity(pid) })),
    );
    return members.filter((m): m is Member => m.identity !== null);
  }

  /** The member whose command line fits. */
  async member(pattern: RegExp): Promise<Member> {
    const found = (await this.members()).slice(1).find((m) => pattern.test(m.command));
    if (found === undefined) throw new Error(`no process of the stack is ${pattern}`);
    return found;
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** kill -9 of this process alone, and waits until nothing of the stack is left. */
  async kill(): Promise<void> {
    const members = await this.members();
    this.child.kill('SIGKILL');
    await this.ended;
    await allGone(members);
  }

  /** kill -9 of one member, which the rest must not outlive. Returns how the stack itself ended. */
  async killMember(pattern: RegExp): Promise<number | NodeJS.Signals | null> {
    const members = await this.members();
    process.kill((await this.member(pattern)).pid, 'SIGKILL');
    const how = await this.ended;
    await allGone(members);
    return how;
  }

  /** kill -9 of everything: of its process group at one stroke, then of the database, which has one of its own. */
  async killAll(): Promise<void> {
    if (!this.#ownGroup) throw new Error('its process group is that of the tests');
    const members = await this.members();
    process.kill(-(this.child.pid ?? 0), 'SIGKILL');
    for (const { pid } of members) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went with the group, or with one of those before it.
      }
    }
    await this.ended;
    await allGone(members);
  }
}

/** Waits until none of them runs; throws, naming those that stay. */
export async function allGone(members: readonly Member[]): Promise<void> {
  const deadline = Date.now() + GONE_MS;
  for (;;) {
    const states = await Promise.all(members.map((m) => isRunning(m.identity)));
    const left = members.filter((_, i) => states[i]);
    if (left.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`still running: ${left.map((m) => `${m.pid} ${m.command}`).join('; ')}`);
    await sleep(25);
  }
}

/**
 * The parent of each process, looked up once: tests that wait ask every few milliseconds, and reading all of `/proc` each
 * time costs more than the stack they wait for. Who has lost his parent is still known as that one's child.
 */
const parents = new Map<number, number>();

function parentsNow(): ReadonlyMap<number, number> {
  const there = new Set(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
  for (const pid of parents.keys()) if (!there.has(pid)) parents.delete(pid);
  for (const pid of there) if (!parents.has(pid)) parents.set(pid, parentOf(pid));
  return parents;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Local addresses (as /proc/net writes them: hexadecimal, low byte first) that these processes listen on. */
export function listeningAddresses(members: readonly Member[]): string[] {
  const inodes = new Set(members.flatMap((m) => socketsOf(m.pid)));
  const LISTEN = '0A';
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((row) => row.trim().split(/\s+/))
      .filter((row) => row[3] === LISTEN && inodes.has(row[9] ?? ''))
      .map((row) => row[1]?.split(':')[0] ?? ''),
  );
}

function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
