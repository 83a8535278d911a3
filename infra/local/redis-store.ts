// The keys of the Redis stand-in and when they expire.
//
// Invariants:
// - An expired key is never seen: every read goes through `#live`.
// - A collection that has become empty is gone, as in Redis.
// - Within a script or transaction the clock stands still (`atOneInstant`).
import { RedisError } from './redis-reply.ts';

/** A stored value; strings are text (UTF-8 on the wire), a sorted set maps members to scores. */
export type RedisValue =
  | { kind: 'string'; text: string }
  | { kind: 'hash'; fields: Map<string, string> }
  | { kind: 'list'; items: string[] }
  | { kind: 'set'; members: Set<string> }
  | { kind: 'zset'; scores: Map<string, number> };

type ValueOf<K extends RedisValue['kind']> = Extract<RedisValue, { kind: K }>;

interface Entry {
  /** Grows with every new key: SCAN's cursor is the last id seen, so keys that stay are never missed. */
  id: number;
  value: RedisValue;
  expiresAtMs: number | undefined;
}

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const SWEEP_EVERY = 1_024;

/** All keys of one database. `now` gives epoch milliseconds. */
export class RedisStore {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  #instant: number | undefined;
  #nextId = 1;
  #expiriesUntilSweep = SWEEP_EVERY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#instant ?? this.#now();
  }

  /** Runs `work` with the clock standing still. */
  atOneInstant<T>(work: () => T): T {
    if (this.#instant !== undefined) return work();
    this.#instant = this.#now();
    try {
      return work();
    } finally {
      this.#instant = undefined;
    }
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAtMs === undefined || entry.expiresAtMs > this.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  has(key: string): boolean {
    return this.#live(key) !== undefined;
  }

  /** The key's value of any type. */
  peek(key: string): RedisValue | undefined {
    return this.#live(key)?.value;
  }

  /** The value of this type or undefined; throws WRONGTYPE for another type. */
  read<K extends RedisValue['kind']>(key: string, kind: K): ValueOf<K> | undefined {
    const value = this.#live(key)?.value;
    if (value === undefined) return undefined;
    if (value.kind !== kind) throw new RedisError(WRONG_TYPE);
    return value as ValueOf<K>;
  }

  /** The collection of this type, made empty when the key is missing; throws WRONGTYPE for another type. */
  open<K extends 'hash' | 'list' | 'set' | 'zset'>(key: string, kind: K): ValueOf<K> {
    const known = this.read(key, kind);
    if (known !== undefined) return known;
    const made = emptyCollection(kind);
    this.#put(key, made, undefined);
    return made as ValueOf<K>;
  }

  /** Stores a string, replacing whatever was there; `expiresAtMs` undefined means never. */
  writeString(key: string, text: string, expiresAtMs: number | undefined): void {
    this.#put(key, { kind: 'string', text }, expiresAtMs);
  }

  /** Removes the key if its collection has become empty. */
  dropIfEmpty(key: string): void {
    const value = this.#live(key)?.value;
    if (value !== undefined && sizeOf(value) === 0) this.#entries.delete(key);
  }

  delete(key: string): boolean {
    return this.#live(key) !== undefined && this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Epoch milliseconds, `null` for a key without expiry, undefined for no key. */
  expiryOf(key: string): number | null | undefined {
    const entry = this.#live(key);
    return entry === undefined ? undefined : (entry.expiresAtMs ?? null);
  }

  /** Sets or removes the expiry of an existing key; a moment that is past deletes it. */
  expire(key: string, expiresAtMs: number | undefined): void {
    const entry = this.#live(key);
    if (entry === undefined) return;
    entry.expiresAtMs = expiresAtMs;
    if (expiresAtMs !== undefined) this.#countExpiry();
  }

  /** Live keys with an id above `afterId`, oldest first, with their ids. */
  *keysAfter(afterId: number): Generator<{ key: string; id: number; value: RedisValue }> {
    for (const [key, entry] of this.#entries) {
      if (entry.id > afterId && this.#live(key) !== undefined)
        yield { key, id: entry.id, value: entry.value };
    }
  }

  #put(key: string, value: RedisValue, expiresAtMs: number | undefined): void {
    const known = this.#live(key);
    if (known === undefined) {
      this.#entries.set(key, { id: this.#nextId, value, expiresAtMs });
      this.#nextId += 1;
    } else {
      known.value = value;
      known.expiresAtMs = expiresAtMs;
    }
    if (expiresAtMs !== undefined) this.#countExpiry();
  }

  // Rate limits make a key for each caller and window that nobody ever reads again.
  #countExpiry(): void {
    this.#expiriesUntilSweep -= 1;
    if (this.#expiriesUntilSweep > 0) return;
    for (const key of this.#entries.keys()) this.#live(key);
    this.#expiriesUntilSweep = Math.max(SWEEP_EVERY, this.#entries.size);
  }
}

function emptyCollection(kind: 'hash' | 'list' | 'set' | 'zset'): RedisValue {
  switch (kind) {
    case 'hash':
      return { kind, fields: new Map() };
    case 'list':
      return { kind, items: [] };
    case 'set':
      return { kind, members: new Set() };
    case 'zset':
      return { kind, scores: new Map() };
  }
}

function sizeOf(value: RedisValue): number {
  switch (value.kind) {
    case 'string':
      return 1;
    case 'hash':
      return value.fields.size;
    case 'list':
      return value.items.length;
    case 'set':
      return value.members.size;
    case 'zset':
      return value.scores.size;
  }
}
