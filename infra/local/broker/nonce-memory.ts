// Remembers the nonces of proven requests for 15 minutes, also across a crash.
// Invariant: `claim` says true at most once per bridge and nonce within the window.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppendLog } from './append-log.ts';

const KEEP_MS = 15 * 60_000;

export class NonceMemory {
  readonly #seen = new Map<string, number>();
  readonly #log: AppendLog;
  readonly #realNowMs: () => number;

  /** `dir` is the folder of `nonces.jsonl`, or an array in place of the file. */
  constructor(dir: string | unknown[], realNowMs: () => number) {
    this.#realNowMs = realNowMs;
    const file = typeof dir === 'string' ? join(dir, 'nonces.jsonl') : dir;
    if (typeof file === 'string') dropOld(file, realNowMs() - KEEP_MS);
    this.#log = AppendLog.open(file, (entry) => {
      const [key, at] = entry as [string, number];
      this.#seen.set(key, at);
    });
  }

  /** True where the nonce was not used in the last 15 minutes; it is then used. */
  claim(bridgeId: string, nonce: string): boolean {
    const nowMs = this.#realNowMs();
    // Insertion order is time order, so the old ones are at the front.
    for (const [key, at] of this.#seen) {
      if (at >= nowMs - KEEP_MS) break;
      this.#seen.delete(key);
    }
    const key = `${bridgeId}/${nonce}`;
    if (this.#seen.has(key)) return false;
    this.#seen.set(key, nowMs);
    // Surviving kill -9 is enough here: after a power cut the timestamp window has mostly passed.
    this.#log.appendUnsynced([key, nowMs]);
    return true;
  }

  close(): void {
    this.#log.close();
  }
}

function dropOld(file: string, beforeMs: number): void {
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const kept = lines.filter((line) => (JSON.parse(line) as [string, number])[1] >= beforeMs);
  if (kept.length === lines.length) return;
  // Written aside and renamed, so that a crash leaves either the old file or the new one.
  writeFileSync(`${file}.new`, kept.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
