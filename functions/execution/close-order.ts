/**
 * What a `close` signal closes: the account's positions that this producer's signals opened in this instrument, on the
 * side that the close takes out. Each by its own ticket and with no more than its volume, so that on a netting account
 * too nothing is ever opened the other way (domain 1.2). Pure.
 */
import { Big, plain } from '../platform/decimal.ts';
import type { Account, Binding } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import type { EntryOrder } from './entry-order.ts';
import type { OwnPosition } from './sized-entry.ts';

/** Positions that an order of `side` takes out, oldest first. */
export const closablePositions = (
  facts: { ownPositions: readonly OwnPosition[] },
  side: 'buy' | 'sell',
): OwnPosition[] => facts.ownPositions.filter((p) => p.side !== side);

/** One order a position, within the approved volume; none where there is nothing to close. */
export function closeOrders(
  facts: { account: Account; ownPositions: readonly OwnPosition[] },
  binding: Binding,
  terms: ApprovedTerms,
): EntryOrder[] {
  const orders: EntryOrder[] = [];
  let left = new Big(terms.max_volume);
  for (const position of closablePositions(facts, terms.side)) {
    const volume = left.lt(position.volume) ? left : new Big(position.volume);
    if (volume.lte(0)) break;
    left = left.minus(volume);
    orders.push({
      kind: 'close',
      pre: {
        login: binding.login,
        server: binding.server,
        symbol: position.symbol,
        position_id: position.identifier,
        volume_at_most: plain(volume),
        price_low: terms.band.low,
        price_high: terms.band.high,
      },
      order: {
        symbol: position.symbol,
        type: terms.side,
        volume: plain(volume),
        position_ticket: position.ticket,
      },
    });
  }
  return orders;
}
