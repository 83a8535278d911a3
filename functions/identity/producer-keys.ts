/**
 * Producers' verification keys, cached per isolate. The cache may be stale: the statement that stores a signal checks
 * again that the producer and this secret version are live, so a revocation takes effect at once.
 */
import type { Clock } from '../platform/clock.ts';
import type { RingKey } from '../platform/config.ts';
import type { Database } from '../platform/database.ts';
import { hmacKey } from '../platform/digest.ts';
import { open } from '../platform/secret-box.ts';
import { readProducerSecrets } from './producer-store.ts';

export type ProducerKeys = { ratePerMinute: number; keys: { version: number; key: CryptoKey }[] };
/** `remembered`: not read just now, so a secret made since then may be missing. */
export type FoundKeys = ProducerKeys & { remembered: boolean };

const FRESH_MS = 60_000;
const MAX_PRODUCERS = 5_000;
const cache = new Map<string, { atMs: number; keys: ProducerKeys }>();

/** Forgets a producer whose cached secret the database no longer takes. */
export const forgetProducerKeys = (id: string): void => {
  cache.delete(id);
};

/** The live keys of a producer, newest first; null where it is unknown, revoked, or its rows do not open. */
export async function producerKeys(
  deps: { db: Database; clock: Clock },
  ring: readonly RingKey[],
  id: string,
): Promise<FoundKeys | null> {
  const nowMs = deps.clock.nowMs();
  const known = cache.get(id);
  if (known && nowMs - known.atMs < FRESH_MS) return { ...known.keys, remembered: true };
  const found = await readProducerSecrets(deps.db, id, nowMs);
  if (found === null) return null;
  const opened = await Promise.all(
    found.secrets.map(async (s) => {
      const bytes = await open(ring, { table: 'producer_secrets', row: id, version: s.version }, s);
      return bytes === null ? null : { version: s.version, key: await hmacKey(bytes) };
    }),
  );
  const keys = { ratePerMinute: found.producer.ratePerMinute, keys: opened.filter((k) => k !== null) };
  if (keys.keys.length === 0) return null;
  if (cache.size >= MAX_PRODUCERS) cache.clear();
  cache.set(id, { atMs: nowMs, keys });
  return { ...keys, remembered: false };
}
