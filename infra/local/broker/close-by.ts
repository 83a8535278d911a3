// Close-by: two opposite positions of a hedging account close each other, without the market.
// Invariant: one CLOSE_BY order and two OUT_BY deals of one volume; the first position closes at the other's opening
// price, the other one at its own, so that the money between the two prices is booked exactly once.
import { specOf } from './account-figures.ts';
import type { AccountRecord, OrderRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { bookCloseBy } from './deal-booking.ts';
import { dec, plain } from './decimal.ts';
import { checkMarket } from './order-check.ts';
import { RETCODE } from './retcodes.ts';
import { type CloseByRequest, refusal, type TradeAnswer } from './trade-request.ts';

/** Closes the smaller volume of both; 10036 where one is gone, 10013 where they are no opposite pair. */
export function closeBy(state: BrokerState, account: AccountRecord, request: CloseByRequest): TradeAnswer {
  const position = state.tables.position.get(request.position);
  const other = state.tables.position.get(request.position_by);
  if (position?.login !== account.login || other?.login !== account.login) {
    return refusal(RETCODE.positionClosed);
  }
  const isPair = position.symbol === other.symbol && position.type !== other.type;
  if (!isPair || account.margin_mode !== 'hedging') return refusal(RETCODE.invalid);
  const refused = checkMarket(state, specOf(state, position.symbol));
  if (refused !== null) return refusal(refused);
  const volume = dec(position.volume).lt(other.volume) ? position.volume : other.volume;
  const order = writeOrder(state, account, request, { position, other, volume });
  const book = (row: PositionRecord) =>
    bookCloseBy(state, {
      ...order,
      account,
      order: order.ticket,
      side: row.type === 'buy' ? 'sell' : 'buy',
      volume: dec(volume),
      price: dec(other.price_open),
      position: row,
    });
  const deal = book(position);
  book(other);
  return { retcode: RETCODE.done, order: order.ticket, deal: deal.ticket, price: other.price_open, volume };
}

function writeOrder(
  state: BrokerState,
  account: AccountRecord,
  request: CloseByRequest,
  pair: { position: PositionRecord; other: PositionRecord; volume: string },
): OrderRecord {
  const { position, other, volume } = pair;
  const time = state.serverNowMs(account);
  const order: OrderRecord = {
    login: account.login,
    ticket: state.nextTicket('order'),
    time_setup: time,
    time_done: time,
    time_expiration: null,
    type: 'close_by',
    state: 'filled',
    magic: request.magic,
    position_id: position.identifier,
    position_by_id: other.identifier,
    reason: request.reason,
    volume_initial: plain(dec(volume)),
    volume_current: '0',
    price_open: other.price_open,
    price_stoplimit: null,
    sl: null,
    tp: null,
    type_time: 'gtc',
    type_filling: 'fok',
    symbol: position.symbol,
    comment: request.comment,
  };
  state.put('history', order.ticket, order);
  return order;
}
