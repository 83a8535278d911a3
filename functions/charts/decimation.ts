// Fewer bars where there is less than a device pixel for each. Invariants: no extreme is lost (highest high, lowest
// low), volume is conserved, open and close are the group's first and last; groups are powers of two aligned to the
// absolute index, so a chart one bar later shows the same groups.
import type { Candle } from './candle-series.ts';

/** A drawn bar: one candle or several merged, with the indexes of the first and last candle in it. */
export type DrawnBar = Candle & { first: number; last: number };

export const MAX_GROUP = 512;

/** Candles per drawn bar: the smallest power of two that gives every drawn bar at least one device pixel. */
export function groupSize(count: number, widthPx: number): number {
  let size = 1;
  while (size < MAX_GROUP && Math.ceil(count / size) + 1 > widthPx) size *= 2;
  return size;
}

function merged(candles: readonly Candle[], first: number, last: number): DrawnBar | undefined {
  const [opening, closing] = [candles[first], candles[last]];
  if (opening === undefined || closing === undefined) return undefined;
  let { high, low, volume } = opening;
  for (let index = first + 1; index <= last; index += 1) {
    const candle = candles[index] ?? closing;
    high = Math.max(high, candle.high);
    low = Math.min(low, candle.low);
    if (candle.volume !== undefined) volume = (volume ?? 0) + candle.volume;
  }
  const { timeMs, open } = opening;
  const { close } = closing;
  return volume === undefined
    ? { timeMs, open, high, low, close, first, last }
    : { timeMs, open, high, low, close, volume, first, last };
}

/** The bars to draw from `from` on, in groups of `size` aligned to index 0. */
export function drawnBars(candles: readonly Candle[], from: number, size: number): DrawnBar[] {
  const bars: DrawnBar[] = [];
  for (let first = from; first < candles.length; ) {
    const end = Math.min(candles.length, (Math.floor(first / size) + 1) * size);
    const bar = merged(candles, first, end - 1);
    if (bar !== undefined) bars.push(bar);
    first = end;
  }
  return bars;
}
