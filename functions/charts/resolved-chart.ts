// A spec with its data beside it: all that a picture depends on, and nothing else. The digest covers it and the
// scene is a function of it, so equal resolved charts have equal pixels.
import { type Candle, dataDigits, readCandles } from './candle-series.ts';
import { type ChartSize, NAMED_SIZES } from './chart-size.ts';
import type { ChartSpec } from './chart-spec.ts';

export type Side = 'buy' | 'sell';
/** Something that happened at a time: an entry is a triangle at the bar, an exit a cross at its price. */
export type ChartMarker = { timeMs: number; side: Side; kind: 'entry' | 'exit'; price?: number };
/** Prices of an order drawn over the candles. A stop may lie beyond the entry (trailed): it says nothing of side. */
export type ChartAnnotations = {
  entry?: number;
  stop_loss?: number;
  take_profit?: number;
  markers?: readonly ChartMarker[];
};

/** What a chart by reference (signal, trade, account) gets from the stores. `visibleFrom` leaves bars for warm-up. */
export type ChartData = {
  instrument: string;
  timeframe: string;
  digits: number;
  candles: readonly Candle[];
  visibleFrom?: number;
  annotations?: ChartAnnotations;
};

export type ChartReference = { signal_id: string } | { trade_id: string } | { account_id: string };

export type ResolvedChart = {
  kind: 'candlestick';
  reference?: ChartReference;
  indicators: readonly { kind: 'sma'; period: number }[];
  volume: boolean;
  size: ChartSize;
  theme: 'light' | 'dark' | 'cvd';
  tz: string;
  title?: string;
  instrument: string;
  timeframe: string;
  digits: number;
  candles: readonly Candle[];
  /** Index of the first bar drawn; the bars before it only feed the indicators. */
  visibleFrom: number;
  annotations?: ChartAnnotations;
};

/** Private charts show something of an account, signal or trade; market charts show candles and indicators only. */
export function isPrivateChart(chart: ResolvedChart): boolean {
  return chart.reference !== undefined || chart.annotations !== undefined;
}

function inlineData(source: ChartSpec['source']): ChartData | undefined {
  if (!('candles' in source)) return undefined;
  const digits = source.digits ?? dataDigits(source.candles);
  const { instrument, timeframe } = source;
  return { instrument, timeframe, digits, candles: readCandles(source.candles, digits) };
}

/**
 * Joins a checked spec and its data. Inline candles come from the spec itself; a spec by reference needs `data`
 * (candles as checked by `candleFaults`), and throws without it, which is a bug of the caller.
 */
export function resolveChart(spec: ChartSpec, data?: ChartData): ResolvedChart {
  const found = inlineData(spec.source) ?? data;
  if (found === undefined || found.candles.length === 0)
    throw new Error('a chart by reference needs its candles');
  const { kind, indicators, volume, theme, tz, source } = spec;
  return {
    kind,
    ...('candles' in source ? {} : { reference: source }),
    indicators,
    volume,
    size: typeof spec.size === 'string' ? NAMED_SIZES[spec.size] : spec.size,
    theme,
    tz,
    ...(spec.title === undefined ? {} : { title: spec.title }),
    instrument: found.instrument,
    timeframe: found.timeframe,
    digits: found.digits,
    candles: found.candles,
    visibleFrom: Math.min(Math.max(0, found.visibleFrom ?? 0), found.candles.length - 1),
    ...(found.annotations === undefined ? {} : { annotations: found.annotations }),
  };
}
