import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import type { Ids } from './ids.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ObjectStore } from './object-store.ts';
import type { Outbound } from './outbound.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { UpstreamCalls } from './upstream-calls.ts';
import type { SendSoon, WorkQueue } from './work-queue.ts';

/** What a duty may reach outside its own process. Wired in `functions/deps.ts` and nowhere else. */
export type Deps = {
  config: Config;
  clock: Clock;
  ids: Ids;
  db: Database;
  queue: WorkQueue;
  /** Puts messages on the queue behind the answer, together with those of other requests. */
  sendSoon: SendSoon;
  media: ObjectStore;
  limiter: RateLimiter;
  outbound: Outbound;
  /** The circuits of outside systems. */
  breaker: CircuitBreaker;
  log: Log;
  metrics: Metrics;
  /** Calls that this one request or job has made so far. */
  calls: Readonly<UpstreamCalls>;
  /** Whether Redis answers within 250 ms; true for a duty that has none. */
  redisAnswers: () => Promise<boolean>;
  /** Bytes or module of the SVG rasteriser; Workers may only run modules that were there at upload. */
  loadRasterizerWasm: () => Promise<WebAssembly.Module | Uint8Array>;
  /** The same of what lays out headers of charts. */
  loadLayoutWasm: () => Promise<WebAssembly.Module | Uint8Array>;
  /** Work that need not hold up the answer: `waitUntil` on Workers, awaited on Lambda. Its failure is logged. */
  after(work: () => Promise<unknown>): void;
};
