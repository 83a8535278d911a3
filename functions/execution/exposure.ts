/**
 * What an account has in the market, in its own currency: lots at the price of the moment, both sides of a hedge and orders
 * that may still fill included, because each can be lost alone. Pure. A tick's money on one lot, times the ticks in the
 * price, is what one lot is worth (domain 1.1): it needs no contract size and no rate of exchange.
 */
import { Big, plain } from '../platform/decimal.ts';
import { type SymbolSpecification, symbolSpecification } from './symbol-specification.ts';

/** Lots of a symbol that stand, work or are on their way. */
export type Exposed = { symbol: string; volume: string };

/** What one lot is worth; null where the broker has not said what a tick is. */
export function lotWorth({
  ask,
  tickSize,
  tickValueLoss,
}: Pick<SymbolSpecification, 'ask' | 'tickSize' | 'tickValueLoss'>): Big | null {
  if (tickSize === null || tickValueLoss === null) return null;
  const [size, value] = [new Big(tickSize), new Big(tickValueLoss)];
  return size.lte(0) || value.lte(0) || new Big(ask).lte(0) ? null : new Big(ask).div(size).times(value);
}

/** What all of it is worth; null where a symbol's worth is not known. `specifications`: stored rows by symbol. */
export function exposureOf(
  exposed: readonly Exposed[],
  specifications: Readonly<Record<string, unknown>>,
): string | null {
  let total = new Big(0);
  for (const { symbol, volume } of exposed) {
    if (new Big(volume).eq(0)) continue;
    const specification = symbolSpecification(specifications[symbol]);
    const worth = specification === null ? null : lotWorth(specification);
    if (worth === null) return null;
    total = total.plus(worth.times(volume));
  }
  return plain(total);
}
