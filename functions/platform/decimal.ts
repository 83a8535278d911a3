/**
 * Money, prices and volumes: decimal strings at the edges, Big in arithmetic. Nothing here rounds silently.
 */
import { Big } from 'big.js';

const PLAIN = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Exact sum of decimal strings, without trailing zeros. */
export const sum = (amounts: readonly string[]): string =>
  plain(amounts.reduce((total, a) => total.plus(a), new Big(0)));

/** What PostgreSQL prints of a numeric: plain already, but for zeros at its end. */
const PRINTED = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** A decimal without exponent and without trailing zeros; `-0` is `0`. */
export function plain(value: Big | string): string {
  const text = typeof value === 'string' && PRINTED.test(value) ? stripped(value) : new Big(value).toFixed();
  return text === '-0' ? '0' : text;
}

const stripped = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** The same for a nullable column. */
export const plainOrNull = (value: string | null): string | null => (value === null ? null : plain(value));

/** Whether the text is an unsigned plain decimal: digits, at most one point, no exponent, no leading zeros. */
export const isPlainDecimal = (text: string): boolean => PLAIN.test(text);

/** Digits after the point, trailing zeros not counted. */
export const decimalPlaces = (text: string): number => {
  const [, fraction = ''] = text.split('.');
  return fraction.replace(/0+$/, '').length;
};

/** Volume-weighted average price; null where no volume came. Rounded half up to `places` digits. */
export function weightedAverage(
  legs: readonly { price: string; volume: string }[],
  places: number,
): string | null {
  const volume = legs.reduce((total, l) => total.plus(l.volume), new Big(0));
  if (volume.eq(0)) return null;
  const value = legs.reduce((total, l) => total.plus(new Big(l.price).times(l.volume)), new Big(0));
  return plain(value.div(volume).round(places, Big.roundHalfUp));
}

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export const compare = (a: string, b: string): number => new Big(a).cmp(b);

export { Big };
