// Heikin-ashi bars: averages of the market's bars that show a trend more calmly. Invariants: one bar per bar, with its
// time and volume; open and close lie between high and low; a bar depends on nothing after it.
import type { Candle } from './candle-series.ts';

/**
 * The bars again as heikin-ashi (D. Valcu, Stocks & Commodities 22:2, 2004): close = (open + high + low + close) / 4;
 * open = mean of the open and close of the heikin-ashi bar before, of the first one mean of its own open and close;
 * high and low reach to open and close where these lie outside the market's.
 */
export function heikinAshi(candles: readonly Candle[]): Candle[] {
  let before: { open: number; close: number } | undefined;
  return candles.map((candle) => {
    const from = before ?? candle;
    const open = (from.open + from.close) / 2;
    const close = (candle.open + candle.high + candle.low + candle.close) / 4;
    const high = Math.max(candle.high, open, close);
    const low = Math.min(candle.low, open, close);
    before = { open, close };
    return { ...candle, open, high, low, close };
  });
}
