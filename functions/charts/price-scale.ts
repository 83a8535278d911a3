// Prices to pixels. Invariants: everything the range was built from lies inside the plot; a flat series still has a
// range; an order level far away widens the range only up to a cap, beyond it the level is pinned to the edge.
// A logarithmic scale is a linear one of the prices' logarithms; all its prices are above zero.
import type { Rect } from './mark.ts';

export type PriceRange = { low: number; high: number };
export type ScaleKind = 'linear' | 'log';
/** `low` and `high` are the prices at the plot's bottom and top edge. */
export type PriceScale = PriceRange & { kind: ScaleKind; yOf(price: number): number };

/** A level may stretch the range by this share of the candles' own range, to either side. */
const LEVEL_REACH = 0.75;

function widened({ low, high }: PriceRange, digits: number): PriceRange {
  // An average of equal prices may miss them by the last bit of a float, which is no movement.
  if (high - low >= 0.5 * 10 ** -digits) return { low, high };
  const half = Math.max(5 * 10 ** -digits, Math.abs(high) * 0.0005);
  return { low: low - half, high: high + half };
}

/** The range of what is drawn, stretched to those order levels that lie within the cap. */
export function priceRange(values: Iterable<number>, levels: readonly number[], digits: number): PriceRange {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const range = widened({ low, high }, digits);
  const reach = (range.high - range.low) * LEVEL_REACH;
  const [floor, ceiling] = [range.low - reach, range.high + reach];
  for (const level of levels) {
    if (level >= floor) range.low = Math.min(range.low, level);
    if (level <= ceiling) range.high = Math.max(range.high, level);
  }
  return range;
}

/** A range that was widened to zero or below it, from a thousandth of its top: a logarithm begins above zero. */
function positive({ low, high }: PriceRange): PriceRange {
  return { low: low > 0 ? low : high * 1e-3, high };
}

/** A scale with `range` between the paddings of the plot; paddings are pixels, bounded to 70 % of the height. */
export function priceScale(
  range: PriceRange,
  plot: Rect,
  padding: { top: number; bottom: number },
  kind: ScaleKind = 'linear',
): PriceScale {
  const share = Math.min(1, (plot.height * 0.7) / Math.max(1, padding.top + padding.bottom));
  const [top, bottom] = [padding.top * share, padding.bottom * share];
  const room = plot.height - top - bottom;
  if (kind === 'linear') {
    const pixelPrice = (range.high - range.low) / room;
    const high = range.high + top * pixelPrice;
    return {
      kind,
      low: range.low - bottom * pixelPrice,
      high,
      yOf: (price) => plot.y + (high - price) / pixelPrice,
    };
  }
  const ends = positive(range);
  const pixelLog = Math.log(ends.high / ends.low) / room;
  const high = Math.log(ends.high) + top * pixelLog;
  const low = Math.exp(Math.log(ends.low) - bottom * pixelLog);
  // A level at zero or below it is as far down as a price can be.
  const logOf = (price: number): number => Math.log(Math.max(price, Number.MIN_VALUE));
  return { kind, low, high: Math.exp(high), yOf: (price) => plot.y + (high - logOf(price)) / pixelLog };
}
