// Where a chart's data comes from: named by reference, which makes the chart private, or sent along with the request.
import { z } from 'zod';
import { TIMEFRAMES } from '../market/timeframe.ts';
import { candleNumber, candleTimeMs, MAX_CANDLES, MAX_DIGITS } from './candle-series.ts';

/** Trades of one chart; a longer history is named by its account. */
export const MAX_TRADES = 500;
export const MAX_POINTS = 20_000;

/** In small letters, as they are stored. */
const uuid = z.uuid().toLowerCase();
const numeric = z
  .union([z.string(), z.number()], { error: 'expected a decimal string or a number' })
  .refine(
    (value) => candleNumber(value) !== undefined,
    'expected a plain decimal of at most 8 decimal places',
  );
const time = z
  .union([z.string(), z.number()], { error: 'expected a time' })
  .refine((at) => candleTimeMs(at) !== undefined, 'expected ISO 8601 with a zone, or whole Unix seconds');
const candle = z.strictObject({
  time,
  open: numeric,
  high: numeric,
  low: numeric,
  close: numeric,
  volume: numeric.optional(),
});

const inlineCandles = z.strictObject({
  candles: z.array(candle).min(1).max(MAX_CANDLES),
  instrument: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'expected 2 to 20 of A-Z, 0-9, _ and .'),
  timeframe: z.enum(TIMEFRAMES),
  digits: z.int().min(0).max(MAX_DIGITS).optional(),
});
const trades = z.strictObject({ trade_ids: z.array(uuid).min(1).max(MAX_TRADES) });
const currency = z.string().regex(/^[A-Z]{3}$/, 'expected three letters');
/** An account's history, whole or closed from `from` on and before `to`. */
const account = z.strictObject({
  account_id: uuid,
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});

/** Of a chart of candles. */
export const candleSource = z.union([
  inlineCandles,
  z.strictObject({ signal_id: uuid }),
  z.strictObject({ trade_id: uuid }),
  trades,
]);
/** Of an equity curve: an account, or points with the money that came in (positive) or went out since the one before. */
export const equitySource = z.union([
  account,
  z.strictObject({
    points: z
      .array(z.strictObject({ time, equity: numeric, flow: numeric.optional() }))
      .min(1)
      .max(MAX_POINTS),
    currency: currency.optional(),
  }),
]);
/** Of a histogram: an account's trades, certain trades, or values. Durations are seconds. */
export const histogramSource = z.union([
  account,
  trades,
  z.strictObject({ values: z.array(numeric).min(1).max(MAX_POINTS), currency: currency.optional() }),
]);

export type InlineCandles = z.output<typeof inlineCandles>;
export type CandleSource = z.output<typeof candleSource>;
export type EquitySource = z.output<typeof equitySource>;
export type HistogramSource = z.output<typeof histogramSource>;
/** What a chart by reference names. */
export type ChartReference = Exclude<
  CandleSource | EquitySource | HistogramSource,
  { candles: unknown } | { points: unknown } | { values: unknown }
>;
