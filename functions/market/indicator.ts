/**
 * Indicators over closed bars, in floats, as MetaTrader 5 draws them. Averages come from trading-signals where its
 * formula is the exact one; its own RSI answers 100 for a flat market, and its ATR counts a first bar that has no close
 * before it, so those two are put together here. One bar after the other or a whole series at once: the same code.
 */
import { EMA, ROC, SMA, WSMA } from 'trading-signals';

export const INDICATORS = ['sma', 'ema', 'rsi', 'atr', 'roc'] as const;
export type IndicatorName = (typeof INDICATORS)[number];
/** `period` in bars, from 1. */
export type IndicatorSpec = { name: IndicatorName; period: number };
export type IndicatorBar = { high: number; low: number; close: number };

export type Indicator = {
  /** The value at a bar, given after all bars before it; null until enough of them were seen. */
  next(bar: IndicatorBar): number | null;
};

/** An indicator that has seen no bar yet. */
export function indicator({ name, period }: IndicatorSpec): Indicator {
  switch (name) {
    case 'sma': {
      // The mean of the last `period` closes, summed anew at each bar: no drift.
      const sma = new SMA(period);
      return { next: ({ close }) => sma.add(close) };
    }
    case 'ema':
      return exponential(period);
    case 'rsi':
      return relativeStrength(period);
    case 'atr':
      return averageTrueRange(period);
    case 'roc': {
      // Percent: 100 * (close - close[period ago]) / close[period ago]; the first value at bar `period`.
      const roc = new ROC(period);
      return {
        next: ({ close }) => {
          const share = roc.add(close);
          return share === null ? null : 100 * share;
        },
      };
    }
  }
}

/** One value per bar, null before the warm-up is over. */
export function indicatorSeries(spec: IndicatorSpec, bars: readonly IndicatorBar[]): (number | null)[] {
  const one = indicator(spec);
  return bars.map((bar) => one.next(bar));
}

/**
 * The exponential moving average as the terminal's iMA has it: it begins as the first close and moves to each further
 * one by 2 / (period + 1) of the distance. Until `period` closes are in, that first one still weighs too much: null.
 */
function exponential(period: number): Indicator {
  const ema = new EMA(period);
  let seen = 0;
  return {
    next: ({ close }) => {
      seen += 1;
      const value = ema.add(close);
      return seen < period ? null : value;
    },
  };
}

/**
 * Wilder's RSI (New Concepts in Technical Trading Systems, 1978): 100 * gain / (gain + loss), each smoothed as
 * avg + (x - avg) / period from the mean of the first `period` changes on, so that the first value stands at bar
 * `period` (counted from 0). A market that has not moved is at 50, neither bought nor sold.
 */
function relativeStrength(period: number): Indicator {
  const gains = new WSMA(period);
  const losses = new WSMA(period);
  let before: number | null = null;
  return {
    next: ({ close }) => {
      const change = before === null ? null : close - before;
      before = close;
      if (change === null) return null;
      const gain = gains.add(Math.max(change, 0));
      const loss = losses.add(Math.max(-change, 0));
      if (gain === null || loss === null) return null;
      return gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
    },
  };
}

/**
 * Wilder's average of true ranges: the largest of high - low, |high - close before| and |low - close before|, smoothed
 * as the RSI's changes are. The first bar has no close before it and counts for nothing, so that the first value
 * stands at bar `period`, as the terminal and TA-Lib have it.
 */
function averageTrueRange(period: number): Indicator {
  const ranges = new WSMA(period);
  let before: number | null = null;
  return {
    next: ({ high, low, close }) => {
      const range = before === null ? null : Math.max(high, before) - Math.min(low, before);
      before = close;
      return range === null ? null : ranges.add(range);
    },
  };
}
