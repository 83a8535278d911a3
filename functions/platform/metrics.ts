/**
 * What an isolate counts itself because no row tells it: differences, added up in memory and put into one Redis hash
 * after an answer, at most once a second, as one pipeline. Invariants:
 *  1. nothing here is waited for by an answer, and nothing here throws into one;
 *  2. what was sent leaves memory only when Redis is known to have it: after a call without an answer the marker at
 *     the pipeline's end is asked for before anything is sent again, so that a slow Redis does not count twice;
 *  3. memory is bounded: labels are closed, and numbers only grow.
 * What an isolate has not flushed when it ends is lost: counts of this kind are a lower bound, and say so in HELP.
 */
import type { Redis } from '@upstash/redis';
import type { Clock } from './clock.ts';
import type { Ids } from './ids.ts';
import {
  bucketOf,
  type CounterFamily,
  type HistogramFamily,
  isHistogramKey,
  labelKey,
  labelsOf,
  type Measured,
  type MetricFamily,
  SUM,
} from './metric-family.ts';

export type Metrics = {
  /** Counts one; label values in the order of the family's labels. */
  count(family: CounterFamily, values?: readonly string[]): void;
  observe(family: HistogramFamily, seconds: number): void;
  /** Puts what was counted behind the answer, if the last time is a second ago. Call it at the end of a request or job. */
  flush(): void;
  /** What all isolates have flushed, family by family; null where Redis does not answer. */
  read(): Promise<Measured[] | null>;
};

const HASH = 'metrics:v1';
const FLUSH_EVERY_MS = 1_000;
/** A flush whose request was ended by the runtime never comes back: after this its outcome is asked for. */
const ABANDONED_MS = 5_000;
const MARKER_SECONDS = 3_600;
const MAX_FIELDS = 5_000;

type Flight = { id: string; entries: [field: string, by: number][]; sinceMs: number; doubtful: boolean };

/** For a duty without Redis: counts nothing, and knows nothing. */
export const idleMetrics: Metrics = {
  count: () => {},
  observe: () => {},
  flush: () => {},
  read: async () => null,
};

/**
 * The metrics of an isolate. What it returns binds one request's or job's `after`; where that `lingers` (nobody waits for
 * what was put off), what is not due yet is flushed a second later, else with the next request or job.
 */
export function createMetrics(options: {
  redis: Redis;
  clock: Clock;
  ids: Ids;
  families: readonly MetricFamily[];
}): (after: (work: () => Promise<unknown>) => void, lingers: boolean) => Metrics {
  const { redis, clock, families } = options;
  const tally = createTally(options);
  const bounds = new Map(families.map((f) => [f.name, f.kind === 'histogram' ? f.bounds : []]));
  let lastMs = Number.NEGATIVE_INFINITY;
  let plannedMs = Number.NEGATIVE_INFINITY;

  return (after, lingers) => ({
    count: (family, values = []) => tally.add(`${family.name}|${labelKey(family, values)}`, 1),
    observe: (family, seconds) => {
      const took = Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
      tally.add(`${family.name}|${bucketOf(bounds.get(family.name) ?? family.bounds, took)}`, 1);
      tally.add(`${family.name}|${SUM}`, took);
    },
    flush: () => {
      const nowMs = clock.nowMs();
      const waitMs = lastMs + FLUSH_EVERY_MS - nowMs;
      if (waitMs <= 0) {
        lastMs = nowMs;
        after(() => tally.send());
      } else if (lingers && plannedMs <= nowMs) {
        plannedMs = nowMs + waitMs;
        after(async () => {
          await clock.sleep(waitMs);
          lastMs = clock.nowMs();
          await tally.send();
        });
      }
    },
    read: async () => {
      try {
        const fields = (await redis.hgetall<Record<string, unknown>>(HASH)) ?? {};
        const told = Object.values(fields);
        // Garbage is no answer: taken for zeros it would look as if all had begun anew.
        if (told.length > 0 && !told.some((value) => typeof value === 'number')) return null;
        return families.map((family) => ({ family, values: valuesOf(family, fields) }));
      } catch {
        return null;
      }
    },
  });
}

function valuesOf(family: MetricFamily, fields: Record<string, unknown>): Map<string, number> {
  const values = new Map<string, number>();
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith(`${family.name}|`) || typeof value !== 'number' || !(value >= 0)) continue;
    const key = field.slice(family.name.length + 1);
    const known = family.kind === 'histogram' ? isHistogramKey(key) : labelsOf(family, key) !== null;
    if (known) values.set(key, value);
  }
  return values;
}

function createTally({ redis, clock, ids }: { redis: Redis; clock: Clock; ids: Ids }) {
  const waiting = new Map<string, number>();
  let flight: Flight | null = null;
  const marker = (id: string): string => `metrics:flushed:${id}`;

  const add = (field: string, by: number): void => {
    const before = waiting.get(field);
    if (before === undefined && waiting.size >= MAX_FIELDS) return;
    waiting.set(field, (before ?? 0) + by);
  };

  /** Learns what became of the flight before; true where the way is free. */
  const cleared = async (): Promise<boolean> => {
    const mine = flight;
    if (mine === null) return true;
    const nowMs = clock.nowMs();
    if (!mine.doubtful && nowMs - mine.sinceMs < ABANDONED_MS) return false;
    Object.assign(mine, { doubtful: false, sinceMs: nowMs });
    try {
      const found: unknown = await redis.exists(marker(mine.id));
      if (flight !== mine || (found !== 0 && found !== 1)) throw new Error('no sensible answer');
      flight = null;
      if (found === 0) for (const [field, by] of mine.entries) add(field, by);
      return true;
    } catch {
      mine.doubtful = true;
      return false;
    }
  };

  const send = async (): Promise<void> => {
    if (!(await cleared()) || flight !== null || waiting.size === 0) return;
    const mine: Flight = {
      id: ids.next(),
      entries: [...waiting],
      sinceMs: clock.nowMs(),
      doubtful: false,
    };
    waiting.clear();
    flight = mine;
    try {
      const pipeline = redis.pipeline();
      for (const [field, by] of mine.entries)
        if (field.endsWith(`|${SUM}`)) pipeline.hincrbyfloat(HASH, field, Number(by.toFixed(6)));
        else pipeline.hincrby(HASH, field, by);
      pipeline.set(marker(mine.id), 1, { ex: MARKER_SECONDS });
      const results = await pipeline.exec<unknown[]>({ keepErrors: true });
      if (flight !== mine || results.length !== mine.entries.length + 1)
        throw new Error('no sensible answer');
      flight = null;
      mine.entries.forEach(([field, by], i) => {
        if (results[i]?.error !== undefined) add(field, by);
      });
    } catch {
      mine.doubtful = true;
    }
  };
  return { add, send };
}
