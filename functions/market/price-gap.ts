/**
 * Gaps between bars of an hour (domain 3.4): a bar that opens far from the close before it. Pure; prices are bids, shares
 * and multiples are floats, since they are compared and never booked.
 *
 * Where bars are missing that the market was open for, nothing is judged: what moved a price over hours that nobody has
 * is no gap.
 */
import { Big } from '../platform/decimal.ts';
import type { Candle } from './candle.ts';
import { indicator } from './indicator.ts';
import { storedMs } from './timeframe.ts';
import { openMsBetween, type TradingCalendar } from './trading-calendar.ts';

export const GAP_TIMEFRAME = 'H1';
const BAR_MS = storedMs(GAP_TIMEFRAME);
const RANGE_BARS = 14;
/** How many bars to read, so that the average true range has forgotten where it began. */
export const GAP_BARS = 100;

export type GapThresholds = { gap_bps: number; gap_ranges: number };
export type PriceGap = {
  /** Opening of the bar that gapped. */
  barMs: number;
  from: string;
  to: string;
  bps: number;
  /** In average true ranges of the bars before it; null where there are too few, or none of them moved. */
  ranges: number | null;
  /** `session`: over a close of the market, a weekend, a break or a holiday. */
  kind: 'session' | 'intra-session';
};

/**
 * The gaps among closed bars, which come oldest first; of the bars from `sinceMs` on. Without a calendar that can be
 * followed only bars that touch are compared.
 */
export function priceGaps(
  bars: readonly Candle[],
  calendar: TradingCalendar | null,
  thresholds: GapThresholds,
  sinceMs: number,
): PriceGap[] {
  const ranges = indicator({ name: 'atr', period: RANGE_BARS });
  const found: PriceGap[] = [];
  let before: Candle | null = null;
  let range: number | null = null;
  for (const bar of bars) {
    const gap =
      before === null || bar.timeMs < sinceMs
        ? null
        : gapTo({ barMs: bar.timeMs, price: bar.open }, { before, range, calendar }, thresholds);
    if (gap !== null) found.push(gap);
    range = ranges.next({ high: Number(bar.high), low: Number(bar.low), close: Number(bar.close) });
    before = bar;
  }
  return found;
}

/**
 * The gap that keeps entries out at `nowMs`; null: none. The hour that still runs has no stated open, so the quote is
 * taken for it: that is where an entry would be filled.
 */
export function gapInForce(
  bars: readonly Candle[],
  calendar: TradingCalendar | null,
  settings: GapThresholds & { gap_block_bars: number },
  quote: { bid: string; nowMs: number },
): PriceGap | null {
  const running = Math.floor(quote.nowMs / BAR_MS) * BAR_MS;
  const closed = bars.filter((b) => b.timeMs < running);
  const flat = { open: quote.bid, high: quote.bid, low: quote.bid, close: quote.bid, volume: '0' };
  const sinceMs = quote.nowMs - settings.gap_block_bars * BAR_MS;
  return priceGaps([...closed, { timeMs: running, ...flat }], calendar, settings, sinceMs + 1).at(-1) ?? null;
}

type Before = { before: Candle; range: number | null; calendar: TradingCalendar | null };

function gapTo(
  { barMs, price }: { barMs: number; price: string },
  { before, range, calendar }: Before,
  thresholds: GapThresholds,
): PriceGap | null {
  const kind = kindOf(before.timeMs + BAR_MS, barMs, calendar);
  if (kind === null || !new Big(before.close).gt(0)) return null;
  const distance = new Big(price).minus(before.close).abs();
  const bps = Number(distance.div(before.close).times(10_000));
  const ranges = range === null || range <= 0 ? null : Number(distance) / range;
  if (bps < thresholds.gap_bps && (ranges === null || ranges <= thresholds.gap_ranges)) return null;
  return { barMs, from: before.close, to: price, bps, ranges, kind };
}

/** Null where more than a bar's worth of trading lies between: a broker that closes early leaves less than that out. */
function kindOf(endMs: number, barMs: number, calendar: TradingCalendar | null): PriceGap['kind'] | null {
  if (barMs === endMs) return 'intra-session';
  const tradedMs = calendar === null ? null : tradedBetween(calendar, endMs, barMs);
  if (tradedMs === null || tradedMs > BAR_MS) return null;
  return tradedMs < barMs - endMs ? 'session' : 'intra-session';
}

/** Null where the calendar cannot be followed. */
function tradedBetween(calendar: TradingCalendar, fromMs: number, toMs: number): number | null {
  try {
    return openMsBetween(calendar, fromMs, toMs);
  } catch {
    return null;
  }
}
