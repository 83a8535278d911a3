// Service operations of the server that give a position another ticket (swap by re-opening; domain.md 1.2).
// Invariant: the identifier, the volume and the average price stay; only the ticket changes.
import type { AccountRecord, DealRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';

/**
 * Moves a position to a new ticket and returns it. With `deals` the server also books the pair of ROLLOVER deals that
 * such an operation leaves on some servers: an OUT and an IN at the position's own price, without money.
 */
export function changeTicket(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  withDeals: boolean,
): PositionRecord {
  const moved = { ...position, ticket: state.nextTicket('order') };
  state.put('position', position.ticket, null);
  state.put('position', moved.ticket, moved);
  if (withDeals) {
    writeTechnical(state, account, moved, 'out');
    writeTechnical(state, account, moved, 'in');
  }
  return moved;
}

function writeTechnical(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  entry: 'in' | 'out',
): void {
  const opposite = position.type === 'buy' ? 'sell' : 'buy';
  const deal: DealRecord = {
    login: account.login,
    ticket: state.nextTicket('deal'),
    order: position.ticket,
    position_id: position.identifier,
    time: state.serverNowMs(account),
    type: entry === 'in' ? position.type : opposite,
    entry,
    magic: '0',
    reason: 'rollover',
    volume: position.volume,
    price: position.price_open,
    commission: '0',
    swap: '0',
    profit: '0',
    fee: '0',
    symbol: position.symbol,
    comment: 'rollover',
  };
  state.put('deal', deal.ticket, deal);
}
