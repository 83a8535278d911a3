// A spec with its data beside it: all that a picture depends on, and nothing else. The digest covers it and the
// scene is a function of it, so equal resolved charts have equal pixels.
import { type Candle, candleNumber, candleTimeMs, dataDigits, readCandles } from './candle-series.ts';
import { type ChartLook, lookOf } from './chart-look.ts';
import type { ChartReference } from './chart-source.ts';
import type { CandleSpec, ChartSpec, EquitySpec, HistogramSpec } from './chart-spec.ts';

export type Side = 'buy' | 'sell';
/** Something that happened at a time: an entry is a triangle at the bar, an exit a cross at its price. */
export type ChartMarker = {
  timeMs: number;
  side: Side;
  kind: 'entry' | 'exit';
  price?: number;
  /** Why a trade ended, in the words of the ledger (`sl`, `tp`, `so`, ...). */
  reason?: string;
};
/** Prices of an order drawn over the candles. A stop may lie beyond the entry (trailed): it says nothing of side. */
export type ChartAnnotations = {
  entry?: number;
  stop_loss?: number;
  take_profit?: number;
  markers?: readonly ChartMarker[];
};

/** Bars and what to draw on them. `visibleFrom`: index of the first bar drawn; those before it feed the indicators. */
export type CandleData = {
  instrument: string;
  timeframe: string;
  digits: number;
  candles: readonly Candle[];
  visibleFrom?: number;
  annotations?: ChartAnnotations;
};
/** Equity in the account's money at a moment, and the flows (deposits positive) since the moment before. */
export type EquityPoint = { timeMs: number; equity: number; flow: number };
/** `name` is what the account is called; `digits` the decimals of its money. Points are oldest first. */
export type EquityData = {
  name?: string;
  currency?: string;
  digits: number;
  points: readonly EquityPoint[];
};
/** One value per trade: money, R or seconds, as the column says. */
export type HistogramData = { name?: string; currency?: string; digits: number; values: readonly number[] };
/** What a chart by reference gets from the stores. */
export type ChartData = CandleData | EquityData | HistogramData;

type Common = ChartLook & { reference?: ChartReference };
export type Brick = { size: number } | { atr: number };
export type CandleChart = Common &
  CandleData & {
    indicators: readonly { kind: 'sma' | 'ema' | 'rsi'; period: number }[];
    volume: boolean;
    scale: 'linear' | 'log';
    visibleFrom: number;
  } & (
    | { kind: 'candlestick' | 'heikin_ashi' }
    | { kind: 'renko'; brick: Brick; brickSource: 'close' | 'high_low' }
    | { kind: 'volume_profile'; bins: number }
  );
export type EquityChart = Common & EquityData & { kind: 'equity' };
export type HistogramChart = Common &
  HistogramData & { kind: 'histogram'; column: HistogramSpec['column']; bins?: number };
export type ResolvedChart = CandleChart | EquityChart | HistogramChart;

/** Private charts show something of an account, signal or trade; market charts show candles and indicators only. */
export function isPrivateChart(chart: ResolvedChart): boolean {
  if (chart.kind === 'equity' || chart.kind === 'histogram') return true;
  return chart.reference !== undefined || chart.annotations !== undefined;
}

const number = (value: string | number): number => candleNumber(value) ?? Number.NaN;

function inlineCandles({ source }: CandleSpec): CandleData | undefined {
  if (!('candles' in source)) return undefined;
  const digits = source.digits ?? dataDigits(source.candles);
  const { instrument, timeframe } = source;
  return { instrument, timeframe, digits, candles: readCandles(source.candles, digits) };
}

const MONEY_DIGITS = 2;

function inlinePoints({ source }: EquitySpec): EquityData | undefined {
  if (!('points' in source)) return undefined;
  const points = source.points.map(({ time, equity, flow = 0 }) => ({
    ...{ timeMs: candleTimeMs(time) ?? Number.NaN, equity: number(equity), flow: number(flow) },
  }));
  return { ...currencyOf(source), digits: MONEY_DIGITS, points };
}

function inlineValues({ source }: HistogramSpec): HistogramData | undefined {
  if (!('values' in source)) return undefined;
  return { ...currencyOf(source), digits: MONEY_DIGITS, values: source.values.map(number) };
}

const currencyOf = ({ currency }: { currency?: string | undefined }) =>
  currency === undefined ? {} : { currency };

const missing = (): never => {
  throw new Error('a chart by reference needs its data');
};

function candleChart(spec: CandleSpec, data: CandleData): CandleChart {
  if (data.candles.length === 0) return missing();
  const { indicators, volume, scale, source } = spec;
  const base = {
    ...lookOf(spec),
    ...('candles' in source ? {} : { reference: source }),
    ...{ indicators, volume, scale },
    ...data,
    visibleFrom: Math.min(Math.max(0, data.visibleFrom ?? 0), data.candles.length - 1),
  };
  switch (spec.kind) {
    case 'renko': {
      const { brick } = spec;
      const drawn = 'size' in brick ? { size: number(brick.size) } : brick;
      return { ...base, kind: spec.kind, brick: drawn, brickSource: spec.brick_source };
    }
    case 'volume_profile':
      return { ...base, kind: spec.kind, bins: spec.bins };
    default:
      return { ...base, kind: spec.kind };
  }
}

/**
 * Joins a checked spec and its data. Inline data comes from the spec itself; a spec by reference needs `data` of its
 * kind (candles as checked by `candleFaults`), and throws without it, which is a bug of the caller.
 */
export function resolveChart(spec: ChartSpec, data?: ChartData): ResolvedChart {
  const { source } = spec;
  switch (spec.kind) {
    case 'equity': {
      const found = inlinePoints(spec) ?? (data !== undefined && 'points' in data ? data : missing());
      const reference = 'account_id' in source ? { reference: source } : {};
      return { ...lookOf(spec), ...reference, ...found, kind: 'equity' };
    }
    case 'histogram': {
      const found = inlineValues(spec) ?? (data !== undefined && 'values' in data ? data : missing());
      const reference = 'values' in spec.source ? {} : { reference: spec.source };
      const bins = spec.bins === undefined ? {} : { bins: spec.bins };
      return { ...lookOf(spec), ...reference, ...found, kind: 'histogram', column: spec.column, ...bins };
    }
    default:
      return candleChart(
        spec,
        inlineCandles(spec) ?? (data !== undefined && 'candles' in data ? data : missing()),
      );
  }
}
