/**
 * Money in whole units of 0.00000001, the last digit that the books keep (`numeric(20,8)`), so that a hundred thousand
 * amounts are added exactly and fast. Strings at the edges; a mean is the only thing here that is ever rounded.
 */
import { plain } from '../platform/decimal.ts';

const PLACES = 8;
const AMOUNT = /^(-?)(\d+)(?:\.(\d+))?$/;

/** The units of a plain decimal. Throws a RangeError where it is none, or has more digits than the books keep. */
export function unitsOf(amount: string): bigint {
  const [, sign = '', whole, fraction = ''] = AMOUNT.exec(amount) ?? [];
  const kept = fraction.length > PLACES ? fraction.replace(/0+$/, '') : fraction;
  if (whole === undefined || kept.length > PLACES) throw new RangeError('not an amount of money');
  return BigInt(`${sign}${whole}${kept.padEnd(PLACES, '0')}`);
}

/** The plain decimal of that many units. */
export function amountOf(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(PLACES + 1, '0');
  return plain(`${units < 0n ? '-' : ''}${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`);
}

/** The mean of `count` amounts that add up to `units`, rounded half away from zero to the last digit that is kept. */
export function meanOf(units: bigint, count: number): string {
  const n = BigInt(count);
  const half = units < 0n ? -n : n;
  return amountOf((units * 2n + half) / (n * 2n));
}
