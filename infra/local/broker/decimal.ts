// Exact decimal arithmetic for the simulator. Invariant: nothing here ever yields an exponent or a negative zero.
import Big from 'big.js';

export type Decimal = Big;

/** Parses decimal text or an integer; throws on anything else. Unit: whatever the text carries. */
export function dec(value: string | number | Big): Big {
  return new Big(value);
}

/** Plain decimal text without exponent, without trailing zeros, never `-0`. */
export function plain(value: Big): string {
  return value.eq(0) ? '0' : value.toFixed();
}

/** Rounds half away from zero to `digits` places, as MT5 does when it books money. */
export function roundHalfUp(value: Big, digits: number): Big {
  return value.round(digits, Big.roundHalfUp);
}

/** Rounds towards zero onto a whole multiple of `step` (used for volumes). */
export function floorToStep(value: Big, step: Big): Big {
  return value.div(step).round(0, Big.roundDown).times(step);
}

/** Rounds up (towards plus infinity, for positive values) onto a whole multiple of `step` (used for asks). */
export function ceilToStep(value: Big, step: Big): Big {
  return value.div(step).round(0, Big.roundUp).times(step);
}

/** True where `value` is a whole multiple of `step`. */
export function isMultiple(value: Big, step: Big): boolean {
  return value.mod(step).eq(0);
}

/** Sum of decimal texts or numbers. */
export function sum(values: Iterable<string | Big>): Big {
  let total = new Big(0);
  for (const value of values) total = total.plus(value);
  return total;
}
