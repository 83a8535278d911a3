/**
 * Whether a symbol's spread is far above what it usually is (domain 3.4): in three samples that follow each other over ten
 * seconds or more, so that no single bad tick keeps anybody out. The samples stand beside the symbol: those of the last
 * moments, and one a minute of the last hour that their median is taken from. Pure; spreads are compared, never booked.
 */
import { z } from 'zod';
import { Big, plain } from '../platform/decimal.ts';
import { zoneOffsets } from '../platform/time-zone.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How many of the newest are kept, and how far apart at least. */
export const RECENT = { count: 8, apartMs: 2_000 } as const;
/** The same of those that tell what is usual. */
export const USUAL = { count: 60, apartMs: MINUTE_MS } as const;

/** The daily rollover of New York, when every spread is wide and means nothing: wall time, half-open. */
const ROLLOVER = { fromMs: (16 * 60 + 55) * MINUTE_MS, toMs: (18 * 60 + 5) * MINUTE_MS };
const MAX_QUOTE_AGE_MS = MINUTE_MS;

const WIDE_SAMPLES = 3;
const WIDE_SPAN_MS = 10_000;
/** Fewer tell nothing of what is usual. */
const FEWEST_USUAL = 5;
/** What was wide so long ago says nothing of now. */
const MAX_AGE_MS = 3 * MINUTE_MS;

const sample = z.tuple([z.number().int(), z.string()]);
const kept = z.object({ recent: z.array(sample), usual: z.array(sample) });
/** Milliseconds and the spread in units of the price, oldest first. */
export type SpreadSample = z.output<typeof sample>;
export type Spreads = z.output<typeof kept>;

/** The samples of a stored column; none where it holds none. */
export function storedSpreads(stored: unknown): Spreads {
  const parsed = kept.safeParse(stored);
  return parsed.success ? parsed.data : { recent: [], usual: [] };
}

/** Whether an instant is in the daily rollover of New York. */
export const isRollover = (atMs: number): boolean => {
  const wall = atMs + zoneOffsets('America/New_York').offsetAt(atMs);
  const time = wall - Math.floor(wall / DAY_MS) * DAY_MS;
  return time >= ROLLOVER.fromMs && time < ROLLOVER.toMs;
};

/** What a quote adds; null in the rollover, of an old quote and of one that is none. */
export function spreadSample(
  quote: { bid: string; ask: string; quotedMs: number },
  atMs: number,
): SpreadSample | null {
  const spread = new Big(quote.ask).minus(quote.bid);
  if (spread.lt(0) || new Big(quote.bid).lte(0)) return null;
  if (atMs - quote.quotedMs > MAX_QUOTE_AGE_MS || isRollover(atMs)) return null;
  return [atMs, plain(spread)];
}

export type WideSpread = { spread: string; median: number; threshold: number };

/** The spread that keeps entries out at `nowMs`; null: none, or nobody can say. `spread_bps` is of the bid. */
export function wideSpread(
  { recent, usual }: Spreads,
  settings: { spread_bps: number; spread_ratio: number },
  { bid, nowMs }: { bid: string; nowMs: number },
): WideSpread | null {
  const newest = recent.at(-1);
  if (newest === undefined || usual.length < FEWEST_USUAL) return null;
  if (nowMs - newest[0] > MAX_AGE_MS || isRollover(nowMs)) return null;
  const median = medianOf(usual.map(([, spread]) => Number(spread)));
  const threshold = Math.max((Number(bid) * settings.spread_bps) / 10_000, median * settings.spread_ratio);
  const narrow = recent.findLastIndex(([, spread]) => Number(spread) <= threshold);
  const wide = recent.slice(narrow + 1);
  const first = wide[0];
  if (first === undefined || wide.length < WIDE_SAMPLES || newest[0] - first[0] < WIDE_SPAN_MS) return null;
  return { spread: newest[1], median, threshold };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
