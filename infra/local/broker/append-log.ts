// An append-only file of JSON lines, or for tests an array in its place.
// Invariants: a line is either wholly there or not there at all; a line cut off by a crash was never acknowledged
// and is removed at opening; a broken line anywhere else means the file was tampered with, and opening throws.
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export class AppendLog {
  readonly #sink: number | unknown[];

  private constructor(sink: number | unknown[]) {
    this.#sink = sink;
  }

  /**
   * Opens or creates the log and hands every complete line to `replay`, oldest first. An array stands for a file that
   * costs nothing: its entries outlive the log as a file's lines would, and must never be edited.
   */
  static open(file: string | unknown[], replay: (entry: unknown) => void): AppendLog {
    if (typeof file === 'string') return AppendLog.#openFile(file, replay);
    for (const entry of file) replay(entry);
    return new AppendLog(file);
  }

  static #openFile(file: string, replay: (entry: unknown) => void): AppendLog {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const fresh = !existsSync(file);
    const text = fresh ? '' : readFileSync(file, 'utf8');
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    complete.split('\n').forEach((line, index) => {
      if (line === '') return;
      let entry: unknown;
      try {
        entry = JSON.parse(line);
      } catch (cause) {
        throw new Error(`${file}: line ${index + 1} is not JSON`, { cause });
      }
      replay(entry);
    });
    const fd = openSync(file, 'a', 0o600);
    if (complete.length !== text.length) ftruncateSync(fd, Buffer.byteLength(complete));
    if (fresh) syncDirectory(dirname(file));
    return new AppendLog(fd);
  }

  /** Appends one entry and returns after fsync: from here on a crash cannot lose it. */
  append(entry: unknown): void {
    this.appendUnsynced(entry);
    if (typeof this.#sink === 'number') fsyncSync(this.#sink);
  }

  /** Appends one entry that outlives the process but perhaps not the machine. */
  appendUnsynced(entry: unknown): void {
    if (typeof this.#sink !== 'number') {
      this.#sink.push(entry);
      return;
    }
    const bytes = Buffer.from(`${JSON.stringify(entry)}\n`);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#sink, bytes, done);
  }

  close(): void {
    if (typeof this.#sink === 'number') closeSync(this.#sink);
  }
}

function syncDirectory(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
