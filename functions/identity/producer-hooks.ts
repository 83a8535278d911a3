/**
 * Live hook tokens, cached per isolate by their hash. The cache may be stale: the statement that stores a signal checks
 * again that the producer and this token are live, so a rotation or revocation takes effect at once.
 */
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { findHook, type Hook } from './hook-store.ts';

const FRESH_MS = 60_000;
const MAX_HOOKS = 5_000;
const cache = new Map<string, { atMs: number; hook: Hook }>();

/** Forgets a token that the database no longer takes. */
export const forgetProducerHook = (tokenSha256: string): void => {
  cache.delete(tokenSha256);
};

/** The producer of a live token; null where it is unknown. What is unknown is asked for again every time. */
export async function producerHook(
  deps: { db: Database; clock: Clock },
  tokenSha256: string,
): Promise<Hook | null> {
  const nowMs = deps.clock.nowMs();
  const known = cache.get(tokenSha256);
  if (known && nowMs - known.atMs < FRESH_MS) return known.hook;
  const hook = await findHook(deps.db, tokenSha256, nowMs);
  if (hook === null) {
    cache.delete(tokenSha256);
    return null;
  }
  if (cache.size >= MAX_HOOKS) cache.clear();
  cache.set(tokenSha256, { atMs: nowMs, hook });
  return hook;
}
