// Objects on disk, one file for each, with their metadata in its first line.
//
// Invariants:
// - A file appears under its name only when it is complete and synced (temporary file, then rename), so neither a
//   reader nor a crash ever meets half an object, and metadata and bytes cannot part.
// - File names are hashes of keys: no key can name a path outside the folder.
// - The index in memory is what the folder holds; it is read once, at the start.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** `headers` are the stored response headers in lower case; `etag` is quoted; sizes in bytes. */
export interface ObjectMeta {
  key: string;
  etag: string;
  size: number;
  modifiedAtMs: number;
  headers: Record<string, string>;
}

const NEWLINE = 10;
const TEMPORARY = '.tmp-';

function fileName(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function readMeta(file: string): ObjectMeta {
  const bytes = readFileSync(file);
  return JSON.parse(bytes.toString('utf8', 0, bytes.indexOf(NEWLINE))) as ObjectMeta;
}

/** All buckets below one folder; a bucket is made by the first object put into it. */
export class ObjectFiles {
  readonly #folder: string;
  readonly #buckets = new Map<string, Map<string, ObjectMeta>>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const bucket of readdirSync(folder, { withFileTypes: true })) {
      if (bucket.isDirectory()) this.#buckets.set(bucket.name, this.#load(join(folder, bucket.name)));
    }
  }

  #load(folder: string): Map<string, ObjectMeta> {
    const index = new Map<string, ObjectMeta>();
    for (const name of readdirSync(folder)) {
      if (name.startsWith(TEMPORARY)) rmSync(join(folder, name));
      else {
        const meta = readMeta(join(folder, name));
        index.set(meta.key, meta);
      }
    }
    return index;
  }

  hasBucket(bucket: string): boolean {
    return this.#buckets.has(bucket);
  }

  meta(bucket: string, key: string): ObjectMeta | undefined {
    return this.#buckets.get(bucket)?.get(key);
  }

  /** Metadata of a bucket's objects in the byte order of their keys. */
  list(bucket: string): ObjectMeta[] {
    const all = [...(this.#buckets.get(bucket)?.values() ?? [])];
    return all.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  /** The bytes of an object, or undefined when it is not there (any more). */
  async read(bucket: string, key: string): Promise<{ meta: ObjectMeta; body: Buffer } | undefined> {
    if (this.meta(bucket, key) === undefined) return undefined;
    try {
      const bytes = await readFile(join(this.#folder, bucket, fileName(key)));
      const end = bytes.indexOf(NEWLINE);
      return {
        meta: JSON.parse(bytes.toString('utf8', 0, end)) as ObjectMeta,
        body: bytes.subarray(end + 1),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Makes an empty bucket. */
  createBucket(bucket: string): void {
    mkdirSync(join(this.#folder, bucket), { recursive: true });
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map());
  }

  /**
   * Stores an object and answers its metadata, or `exists` when `onlyIfAbsent` and the key is taken: of two
   * concurrent conditional writes exactly one succeeds.
   */
  async write(
    bucket: string,
    object: { key: string; body: Buffer; headers: Record<string, string>; modifiedAtMs: number },
    onlyIfAbsent: boolean,
  ): Promise<ObjectMeta | 'exists'> {
    this.createBucket(bucket);
    const { key, body, headers, modifiedAtMs } = object;
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const meta: ObjectMeta = { key, etag, size: body.length, modifiedAtMs, headers };
    const temporary = join(this.#folder, bucket, TEMPORARY + randomUUID());
    const handle = await open(temporary, 'wx');
    try {
      await handle.writev([Buffer.from(`${JSON.stringify(meta)}\n`), body]);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // No await from the check to the index: that is what makes the condition hold.
    if (onlyIfAbsent && this.meta(bucket, key) !== undefined) {
      await rm(temporary);
      return 'exists';
    }
    renameSync(temporary, join(this.#folder, bucket, fileName(key)));
    this.#buckets.get(bucket)?.set(key, meta);
    return meta;
  }

  delete(bucket: string, key: string): void {
    if (this.#buckets.get(bucket)?.delete(key))
      rmSync(join(this.#folder, bucket, fileName(key)), { force: true });
  }
}
