// Cancellation of a deal by the broker (domain.md 1.2; MQL5 DEAL_TYPE_BUY_CANCELED).
// Invariants: the deal keeps its ticket, becomes BUY_CANCELED or SELL_CANCELED and shows no money any more; a
// correcting deal takes back what it had booked, so the balance is what it would be without the deal; the volumes of
// the deals that still count equal what is open. As on a real server, the sum over the deals as they now read is
// therefore off by the cancelled amount: only who kept the first version can add the account up.
import type { AccountRecord, DealRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { bookCash } from './deal-booking.ts';
import { dec, plain, sum } from './decimal.ts';

/** Cancels an IN or OUT deal; the message says why where it cannot be cancelled. */
export function cancelDeal(
  state: BrokerState,
  account: AccountRecord,
  ticket: string,
): { deal: DealRecord; correction: DealRecord } | string {
  const deal = state.tables.deal.get(ticket);
  if (deal?.login !== account.login || (deal.type !== 'buy' && deal.type !== 'sell')) {
    return `no deal ${ticket} that could be cancelled`;
  }
  const refused = undoVolume(state, deal);
  if (refused !== null) return refused;
  const money = sum([deal.profit, deal.swap, deal.commission, deal.fee]);
  const cancelled: DealRecord = {
    ...deal,
    type: deal.type === 'buy' ? 'buy_canceled' : 'sell_canceled',
    profit: '0',
    swap: '0',
    commission: '0',
    fee: '0',
  };
  state.put('deal', ticket, cancelled);
  const comment = `cancel deal #${ticket}`;
  const correction = bookCash(state, account, { type: 'correction', amount: money.times(-1), comment });
  return { deal: cancelled, correction };
}

/** Takes the deal's volume out of its position again, or puts it back; says why where that cannot be done. */
function undoVolume(state: BrokerState, deal: DealRecord): string | null {
  const position = state.positionsOf(deal.login).find((row) => row.identifier === deal.position_id);
  if (deal.entry === 'in') {
    const isHeld = position?.type === deal.type && dec(position.volume).gte(deal.volume);
    if (!position || !isHeld) return 'cancel the closing deals first';
    const rest = dec(position.volume).minus(deal.volume);
    state.put('position', position.ticket, rest.eq(0) ? null : { ...position, volume: plain(rest) });
    return null;
  }
  if (deal.entry !== 'out') return `a deal of entry ${deal.entry} cannot be cancelled`;
  const restored = position ?? reopened(state, deal);
  if (!restored || restored.type === deal.type) return `position ${deal.position_id} was reversed since`;
  state.put('position', restored.ticket, {
    ...restored,
    volume: plain(dec(position?.volume ?? '0').plus(deal.volume)),
    swap: plain(dec(restored.swap).plus(deal.swap)),
  });
  return null;
}

/** The position that a cancelled close brings back, without stops: they went with it. */
function reopened(state: BrokerState, closing: DealRecord): PositionRecord | null {
  const type = closing.type === 'buy' ? 'sell' : 'buy';
  const opens = (row: DealRecord) =>
    row.position_id === closing.position_id && row.entry === 'in' && row.type === type;
  const opening = state.dealsOf(closing.login).find(opens);
  if (!opening) return null;
  return {
    login: opening.login,
    ticket: opening.position_id,
    identifier: opening.position_id,
    time: opening.time,
    type,
    magic: opening.magic,
    reason: opening.reason,
    volume: '0',
    price_open: opening.price,
    sl: null,
    tp: null,
    swap: '0',
    symbol: opening.symbol,
    comment: opening.comment,
  };
}
