// Candles of the simulated market, per symbol and timeframe.
// Invariants: bars ascend in time and are aligned to UTC; only bars that have ended are ever read out; prices are bids.
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
  bars: Bar[];
  loaded: boolean;
}

export class CandleBook {
  #series = new Map<string, Series>();

  /** Replaces one series. Bars read from a file drive out the generated ones of that symbol, which contradict them. */
  setSeries(symbol: string, timeframe: Timeframe, bars: Bar[], loaded: boolean): void {
    if (loaded) {
      for (const known of this.timeframesOf(symbol)) {
        if (!this.#series.get(`${symbol}|${known}`)?.loaded) this.#series.delete(`${symbol}|${known}`);
      }
    }
    this.#series.set(`${symbol}|${timeframe}`, { bars, loaded });
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
    return this.#series.get(`${symbol}|${timeframe}`)?.bars.length ?? 0;
  }

  /** The bar that a tick at `utcMs` belongs to, with the tick in it; null where the series is already past it. */
  barWithTick(symbol: string, timeframe: Timeframe, utcMs: number, points: number): Bar | null {
    const time = alignDown(utcMs, timeframe);
    const last = this.#series.get(`${symbol}|${timeframe}`)?.bars.at(-1);
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
    const { bars } = series;
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
    const all = this.#series.get(`${symbol}|${timeframe}`)?.bars ?? this.#aggregated(symbol, timeframe);
    const end = Math.min(range.to, range.nowMs - size + 1);
    const bars = all.filter((bar) => bar.time >= range.from && bar.time < end);
    return range.keep === 'first' ? bars.slice(0, range.limit) : bars.slice(-range.limit);
  }

  #aggregated(symbol: string, timeframe: Timeframe): Bar[] {
    const source = this.timeframesOf(symbol)
      .filter((known) => TIMEFRAME_MS[known] < TIMEFRAME_MS[timeframe])
      .at(-1);
    if (!source) return [];
    return mergeBars(this.#series.get(`${symbol}|${source}`)?.bars ?? [], timeframe);
  }
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
