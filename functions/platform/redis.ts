/**
 * Upstash Redis over REST. It may only save work, so a call is short and is never tried again: whoever calls goes on
 * without it. Commands are not pipelined behind one's back, since two requests of an isolate may not share a call.
 */
import { Redis } from '@upstash/redis';

/** One call to Redis; beyond it nobody waits. */
export const REDIS_TIMEOUT_MS = 250;

/** The client of an isolate. */
export const createRedis = (options: { url: string; token: string }): Redis =>
  new Redis({
    url: options.url,
    token: options.token,
    enableTelemetry: false,
    enableAutoPipelining: false,
    // Not `false`: the library then still tries a second time.
    retry: { retries: 0, backoff: () => 0 },
    // The library's own timeout stops waiting; this one ends the call.
    signal: () => AbortSignal.timeout(REDIS_TIMEOUT_MS),
  });

/** Whether Redis answers within 250 ms; never throws. */
export async function redisAnswers(redis: Pick<Redis, 'ping'>): Promise<boolean> {
  try {
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  }
}
