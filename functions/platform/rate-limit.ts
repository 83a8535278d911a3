/**
 * Allowances per minute, shared across isolates through Upstash and never in the way of an answer. Each isolate
 * counts by itself and settles its count with Redis after answering, by the library's sliding window, at most once in
 * `settleEveryMs` for a key; what Redis says is believed until the next settlement. So a limit may be overshot by what
 * the isolates accept between two settlements (at most one window's limit per further isolate, in practice a few
 * requests). Redis gone means
 * allowed: dedup and safety never rest on it.
 */
import { Ratelimit } from '@upstash/ratelimit';
import type { Clock } from './clock.ts';
import { createRedis, REDIS_TIMEOUT_MS } from './redis.ts';

export type Allowance = { allowed: boolean; limit: number; remaining: number; resetSeconds: number };
export type RateLimiter = {
  /** Takes `count` (1 unless told), all or none, from the key's allowance of `limit` a minute. Never waits for Redis. */
  take(key: string, limit: number, count?: number): Allowance;
};

const WINDOW_MS = 60_000;
/** Keys an isolate remembers at once; the oldest is forgotten first, which only ever allows more. */
const MAX_KEYS = 10_000;
/** After this a settlement that was put off is taken for ended with its request. */
const ABANDONED_MS = 1_000;

type Count = {
  used: number;
  unsettled: number;
  resetMs: number;
  limit: number;
  settling: boolean;
  dueMs: number;
};
type Behind = { after: (work: () => Promise<unknown>) => void; lingers: boolean };

/**
 * The limiter of an isolate over the given Upstash address. What it returns makes the limiter of one request, whose
 * `after` runs work once the answer is out. `lingers`: it may wait without holding anything up; where not, what is not due
 * yet is the next one's.
 */
export function createRateLimiter(options: {
  url: string;
  token: string;
  scale: number;
  clock: Clock;
  settleEveryMs: number;
}): (after: (work: () => Promise<unknown>) => void, lingers: boolean) => RateLimiter {
  const redis = createRedis(options);
  const windows = new Map<number, Ratelimit>();
  const counts = new Map<string, Count>();
  const { clock } = options;

  const windowOf = (limit: number): Ratelimit => {
    const known = windows.get(limit);
    if (known) return known;
    const made = new Ratelimit({
      redis,
      limiter: Ratelimit.slidingWindow(limit, '60 s'),
      prefix: `rl:${limit}`,
      timeout: REDIS_TIMEOUT_MS,
      ephemeralCache: false,
    });
    windows.set(limit, made);
    return made;
  };

  const settle = async (key: string, count: Count): Promise<void> => {
    const rate = count.unsettled;
    if (count.settling || rate === 0) return;
    count.settling = true;
    count.unsettled = 0;
    try {
      const said = await windowOf(count.limit).limit(key, { rate });
      const sense = said.limit === count.limit && Number.isSafeInteger(said.remaining);
      if (said.reason === 'timeout' || !sense) return;
      // What was taken while Redis was asked is not in its answer.
      count.used = said.success ? count.limit - said.remaining + count.unsettled : count.limit;
      count.resetMs = said.reset;
    } catch {
      // Redis refused, hung or answered garbage: the isolate's own count goes on alone.
    } finally {
      count.settling = false;
    }
  };

  /** One settlement is on its way at a time; one that its runtime ended is planned anew when it is well overdue. */
  const plan = (key: string, count: Count, nowMs: number, { after, lingers }: Behind) => {
    if (count.settling || nowMs < count.dueMs) return;
    const waitMs = lingers ? options.settleEveryMs : 0;
    count.dueMs = nowMs + waitMs + ABANDONED_MS;
    after(async () => {
      if (waitMs > 0) await clock.sleep(waitMs);
      await settle(key, count);
      count.dueMs = lingers ? Number.NEGATIVE_INFINITY : nowMs + options.settleEveryMs;
    });
  };

  return (after, lingers) => ({
    take(key, perMinute, taken = 1) {
      const limit = perMinute * options.scale;
      const now = clock.nowMs();
      let count = counts.get(key);
      if (count === undefined || count.resetMs <= now || count.limit !== limit) {
        if (counts.size >= MAX_KEYS) counts.delete(counts.keys().next().value ?? key);
        count = {
          used: 0,
          unsettled: 0,
          resetMs: now + WINDOW_MS,
          limit,
          settling: false,
          dueMs: Number.NEGATIVE_INFINITY,
        };
        counts.set(key, count);
      }
      const resetSeconds = Math.max(1, Math.ceil((count.resetMs - now) / 1000));
      if (count.used + taken > limit) return { allowed: false, limit, remaining: 0, resetSeconds };
      count.used += taken;
      count.unsettled += taken;
      plan(key, count, now, { after, lingers });
      return { allowed: true, limit, remaining: limit - count.used, resetSeconds };
    },
  });
}
