/** One bar. `timeMs` is its opening in UTC; prices are bids and volume counts ticks, as an MT5 terminal keeps them. */
export type Candle = {
  timeMs: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
};

/** From `fromMs` up to, not including, `toMs`. */
export type Interval = { fromMs: number; toMs: number };
