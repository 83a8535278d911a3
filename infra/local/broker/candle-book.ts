// Candles of the simulated market, per symbol and timeframe.
// Invariants: bars ascend in time and are aligned to UTC; only bars that have ended are ever read out; prices are bids;
// an invented history is made when somebody first reads it, so that a broker starts at once.
import type { Bar } from './broker-records.ts';

export const TIMEFRAME_MS = {
  M1: 60_000,
  M5: 300_000,
  M15: 900_000,
  M30: 1_800_000,
  H1: 3_600_000,
  H4: 14_400_000,
  D1: 86_400_000,
} as const;

export type Timeframe = keyof typeof TIMEFRAME_MS;
export const TIMEFRAMES = Object.keys(TIMEFRAME_MS) as [Timeframe, ...Timeframe[]];

interface Series {
  /** Made on first use; every one of its bars begins before `endMs`. */
  past: () => Bar[];
  endMs: number;
  /** Bars built from ticks since. */
  tail: Bar[];
  /** How many bars `past` has, known without making them. */
  pastCount: number;
  loaded: boolean;
  /** Candles of a file that lie after the past: prices still to come. */
  future: Bar[];
}

export class CandleBook {
  #series = new Map<string, Series>();

  /**
   * Gives a symbol the M1 and H1 history of `hours` hours that `invent` makes once somebody reads it; all its bars must
   * begin before the hour of `endMs`.
   */
  setInvented(
    symbol: string,
    source: { endMs: number; hours: number; invent: () => { m1: Bar[]; h1: Bar[] } },
  ): void {
    let made: { m1: Bar[]; h1: Bar[] } | null = null;
    const once = () => {
      made ??= source.invent();
      return made;
    };
    const common = { endMs: alignDown(source.endMs, 'H1'), loaded: false, future: [] };
    const m1 = { ...common, past: () => once().m1, pastCount: source.hours * 60, tail: [] };
    this.#series.set(`${symbol}|M1`, m1);
    this.#series.set(`${symbol}|H1`, { ...common, past: () => once().h1, pastCount: source.hours, tail: [] });
  }

  /**
   * Replaces one series with the bars of a file that begin before `until` and keeps the others as the symbol's future
   * prices; they drive out the invented series of that symbol, which contradict them. Returns the last bar of the past.
   */
  setLoaded(symbol: string, timeframe: Timeframe, bars: Bar[], until: number): Bar {
    for (const known of this.timeframesOf(symbol)) {
      if (!this.#series.get(`${symbol}|${known}`)?.loaded) this.#series.delete(`${symbol}|${known}`);
    }
    const split = bars.findIndex((bar) => bar.time >= until);
    const past = split < 0 ? bars : bars.slice(0, split);
    const last = past.at(-1);
    if (!last) throw new Error(`no candle before ${new Date(until).toISOString()}`);
    const endMs = last.time + TIMEFRAME_MS[timeframe];
    this.#series.set(`${symbol}|${timeframe}`, {
      past: () => past,
      pastCount: past.length,
      endMs,
      tail: [],
      loaded: true,
      future: split < 0 ? [] : bars.slice(split),
    });
    return last;
  }

  /** The next candle of a symbol's loaded future that begins at or after `nowMs`, with its length; null at its end. */
  nextFuture(symbol: string, nowMs: number): { bar: Bar; lengthMs: number } | null {
    for (const timeframe of this.timeframesOf(symbol)) {
      const bars = this.#series.get(`${symbol}|${timeframe}`)?.future ?? [];
      const bar = bars[firstFrom(bars, nowMs)];
      if (bar) return { bar, lengthMs: TIMEFRAME_MS[timeframe] };
    }
    return null;
  }

  /** A shallow copy of the table of series, for undoing a replacement. */
  copySeries(): Map<string, Series> {
    return new Map(this.#series);
  }

  restoreSeries(copy: Map<string, Series>): void {
    this.#series = copy;
  }

  timeframesOf(symbol: string): Timeframe[] {
    return TIMEFRAMES.filter((timeframe) => this.#series.has(`${symbol}|${timeframe}`));
  }

  hasLoaded(symbol: string): boolean {
    return this.timeframesOf(symbol).some((timeframe) => this.#series.get(`${symbol}|${timeframe}`)?.loaded);
  }

  count(symbol: string, timeframe: Timeframe): number {
    const series = this.#series.get(`${symbol}|${timeframe}`);
    return series ? series.pastCount + series.tail.length : 0;
  }

  /** The bar that a tick at `utcMs` belongs to, with the tick in it; null where the series is already past it. */
  barWithTick(symbol: string, timeframe: Timeframe, utcMs: number, points: number): Bar | null {
    const time = alignDown(utcMs, timeframe);
    const series = this.#series.get(`${symbol}|${timeframe}`);
    if (!series || time < series.endMs) return null;
    const last = series.tail.at(-1);
    if (last && last.time > time) return null;
    if (last?.time !== time)
      return { time, open: points, high: points, low: points, close: points, volume: 1 };
    return {
      time,
      open: last.open,
      high: Math.max(last.high, points),
      low: Math.min(last.low, points),
      close: points,
      volume: last.volume + 1,
    };
  }

  /** Writes a bar at the end of its series; returns how to take it back. */
  putBar(symbol: string, timeframe: Timeframe, bar: Bar): () => void {
    const series = this.#series.get(`${symbol}|${timeframe}`);
    if (!series) return () => {};
    const bars = series.tail;
    const last = bars.at(-1);
    if (last?.time === bar.time) {
      bars[bars.length - 1] = bar;
      return () => {
        bars[bars.length - 1] = last;
      };
    }
    bars.push(bar);
    return () => {
      bars.pop();
    };
  }

  /**
   * Bars with from <= time < to that have ended by `nowMs` (all UTC ms), oldest first; of more than `limit` either
   * the `first` (so that a caller can page onwards) or the `last` are kept.
   * A timeframe that is not kept is put together from the coarsest kept one that divides it.
   */
  closedBars(
    symbol: string,
    timeframe: Timeframe,
    range: { from: number; to: number; nowMs: number; limit: number; keep: 'first' | 'last' },
  ): Bar[] {
    const size = TIMEFRAME_MS[timeframe];
    const all = this.#bars(symbol, timeframe) ?? this.#aggregated(symbol, timeframe);
    const end = Math.min(range.to, range.nowMs - size + 1);
    const bars = all.filter((bar) => bar.time >= range.from && bar.time < end);
    return range.keep === 'first' ? bars.slice(0, range.limit) : bars.slice(-range.limit);
  }

  #aggregated(symbol: string, timeframe: Timeframe): Bar[] {
    const source = this.timeframesOf(symbol)
      .filter((known) => TIMEFRAME_MS[known] < TIMEFRAME_MS[timeframe])
      .at(-1);
    if (!source) return [];
    return mergeBars(this.#bars(symbol, source) ?? [], timeframe);
  }

  #bars(symbol: string, timeframe: Timeframe): Bar[] | null {
    const series = this.#series.get(`${symbol}|${timeframe}`);
    return series ? [...series.past(), ...series.tail] : null;
  }
}

/** Index of the first of ascending bars that begins at or after an instant (UTC ms). */
function firstFrom(bars: readonly Bar[], utcMs: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bars[middle]?.time ?? 0) < utcMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Start of the bar an instant (UTC ms) belongs to. */
export function alignDown(utcMs: number, timeframe: Timeframe): number {
  const size = TIMEFRAME_MS[timeframe];
  return Math.floor(utcMs / size) * size;
}

/** Merges ascending bars into a coarser timeframe. */
export function mergeBars(bars: readonly Bar[], timeframe: Timeframe): Bar[] {
  const merged: Bar[] = [];
  for (const bar of bars) {
    const time = alignDown(bar.time, timeframe);
    const last = merged.at(-1);
    if (last?.time !== time) {
      merged.push({ ...bar, time });
      continue;
    }
    last.high = Math.max(last.high, bar.high);
    last.low = Math.min(last.low, bar.low);
    last.close = bar.close;
    last.volume += bar.volume;
  }
  return merged;
}

/**
 * A candle as four ticks: its open, then low and high (a rising candle falls first, a falling one rises first), and its
 * close one second before its end.
 */
export function ticksOf(bar: Bar, lengthMs: number): { atMs: number; points: number }[] {
  const [first, second] = bar.close >= bar.open ? [bar.low, bar.high] : [bar.high, bar.low];
  return [
    { atMs: bar.time, points: bar.open },
    { atMs: bar.time + Math.floor(lengthMs / 3), points: first },
    { atMs: bar.time + Math.floor((lengthMs * 2) / 3), points: second },
    { atMs: bar.time + lengthMs - 1000, points: bar.close },
  ];
}
