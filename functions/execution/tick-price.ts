/** Prices as whole ticks: no price of an order is ever anything else. */
import { Big, plain } from '../platform/decimal.ts';

export type Rounding = 'nearest' | 'down' | 'up';
const MODES = { nearest: Big.roundHalfUp, down: Big.roundDown, up: Big.roundUp } as const;

/** The price in ticks; exact ties of `nearest` go up. */
export const toTicks = (price: string, tickSize: string, rounding: Rounding): bigint =>
  BigInt(quotient(new Big(price), new Big(tickSize), MODES[rounding]));

/** The price of so many ticks, without trailing zeros. */
export const priceOf = (ticks: bigint, tickSize: string): string =>
  plain(new Big(String(ticks)).times(tickSize));

/** `a / b` for positive numbers, rounded to a whole number without the rounding of an intermediate quotient. */
function quotient(a: Big, b: Big, mode: (typeof MODES)[keyof typeof MODES]): string {
  let whole = a.div(b).round(0, Big.roundDown);
  // The quotient was rounded to 20 places: what multiplies back to more than there is was one too high.
  if (whole.times(b).gt(a)) whole = whole.minus(1);
  if (whole.plus(1).times(b).lte(a)) whole = whole.plus(1);
  const rest = a.minus(whole.times(b));
  const up = mode === Big.roundUp ? rest.gt(0) : mode === Big.roundHalfUp && rest.times(2).gte(b);
  return whole.plus(up ? 1 : 0).toFixed(0);
}

/** How many whole `step`s fit into a positive `amount`. */
export const stepsIn = (amount: Big, step: Big): Big => new Big(quotient(amount, step, Big.roundDown));
