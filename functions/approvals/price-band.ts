import { Big, plain } from '../platform/decimal.ts';

/** Without `max_slippage_points` an approval holds this far around the signal's price: half a percent. */
const DEFAULT_BAND = new Big('0.005');

/** Wider than any price: a band that stops nothing. */
export const ANY_PRICE = { low: '0', high: '1000000000' } as const;

/**
 * The prices at which an approved signal may execute, both inclusive: `points` of the instrument's last digit around
 * the price, or half a percent. Rounded inward to the instrument's digits, so that rounding never widens it.
 */
export function priceBand(
  price: string,
  digits: number,
  points: number | null,
): { low: string; high: string } {
  const at = new Big(price);
  const width = points === null ? at.times(DEFAULT_BAND) : new Big(10).pow(-digits).times(points);
  const low = at.minus(width).round(digits, Big.roundUp);
  return {
    low: plain(low.lt(0) ? new Big(0) : low),
    high: plain(at.plus(width).round(digits, Big.roundDown)),
  };
}
