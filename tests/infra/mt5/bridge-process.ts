// The Python bridge as its own process, beside a fake terminal whose broker outlives it. A bridge that dies is started
// again, as whoever runs it on Windows has it done.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '../../..');
const ENVIRONMENT = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' };

/** Why the bridge cannot run here; null where it can. */
export function whyNoPython(): string | null {
  try {
    const code = 'import sys; print(sys.version_info >= (3, 10))';
    const out = execFileSync('python3', ['-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return out.trim() === 'True' ? null : 'python3 is older than 3.10';
  } catch {
    return 'there is no python3';
  }
}

/** Runs Python's own tests of the bridge; what they print, and whether all passed. */
export async function unitTests(): Promise<{ ok: boolean; out: string }> {
  const args = ['-W', 'error', '-m', 'unittest', 'discover', '-s', 'tests/infra/mt5'];
  const child = spawn('python3', args, { cwd: ROOT, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(String(part)));
  const [code] = await once(child, 'close');
  return { ok: code === 0, out: parts.join('') };
}

type Changes = Record<string, unknown>;
/** As much of the fake broker's book as tests look at. */
export type Book = { executed: (number | null)[]; sent: object[]; positions: object[]; on_send: unknown };

export class BridgeProcess {
  readonly #folder: string;
  #child: ChildProcess | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopping = false;
  #lives = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts one in a folder of its own; `settings` are those of its file beside the usual ones. */
  static async start(folder: string, settings: Changes): Promise<BridgeProcess> {
    const config = { server_tz: '+03:00', history_settle_seconds: 0, ...settings };
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'bridge.json'), JSON.stringify(config));
    await chmod(join(folder, 'bridge.json'), 0o600);
    const bridge = new BridgeProcess(folder);
    bridge.#running = bridge.#spawn();
    await bridge.#running;
    return bridge;
  }

  /** How often it was started. */
  get lives(): number {
    return this.#lives;
  }

  /** Resolves when it is up for more than so many times. */
  async upAgain(lives: number): Promise<void> {
    while (this.#lives <= lives) await new Promise((resolve) => setTimeout(resolve, 10));
    await this.#running;
  }

  /** Changes the broker's book, from its next call on. */
  async change(changes: Changes): Promise<void> {
    const file = join(this.#folder, 'changes.json');
    const earlier = await readFile(file, 'utf8').catch(() => '{}');
    await writeFile(`${file}.new`, JSON.stringify({ ...JSON.parse(earlier), ...changes }));
    await rename(`${file}.new`, file);
  }

  async book(): Promise<Book> {
    return JSON.parse(await readFile(join(this.#folder, 'state.json'), 'utf8')) as Book;
  }

  async journal(): Promise<{ kind: string }[]> {
    const text = await readFile(join(this.#folder, 'data', 'journal.jsonl'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  async stop(): Promise<number | null> {
    this.#isStopping = true;
    const child = this.#child;
    child?.kill('SIGTERM');
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async #spawn(): Promise<void> {
    const child = spawn('python3', ['-m', 'countersign_mt5', '--config', join(this.#folder, 'bridge.json')], {
      cwd: join(ROOT, 'infra/mt5'),
      env: {
        ...ENVIRONMENT,
        PYTHONPATH: join(ROOT, 'tests/infra/mt5/terminal'),
        FAKE_TERMINAL: this.#folder,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    this.#child = child;
    this.#lives += 1;
    const errors: string[] = [];
    child.stderr.on('data', (part) => errors.push(String(part)));
    child.once('exit', (code) => {
      if (!this.#isStopping && code !== 1) this.#running = this.#spawn();
    });
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('ready')) return;
    await closed;
    throw new Error(`the bridge ended before it was ready: ${errors.join('')}`);
  }
}
