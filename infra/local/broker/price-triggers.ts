// What a new quote sets off, in this order: pending orders, stop loss and take profit, stop-out.
// Invariants: a long opens at ask and closes at bid, so its stop is judged on the bid; stops and limits fill at the
// quote that set them off, gaps included; the reason says what closed a position, never the distance of the price.
import { specOf } from './account-figures.ts';
import type { AccountRecord, OrderRecord, PositionRecord, QuoteRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { bookFill } from './deal-booking.ts';
import { type Decimal, dec, plain } from './decimal.ts';
import { checkMarket, checkMoney, projected, sideOf } from './order-check.ts';
import { fillableVolume, finishOrder, nettedPosition } from './order-execution.ts';
import { closeByServer } from './server-close.ts';
import { stopOut } from './stop-out.ts';

/** Runs everything a symbol's current quote sets off, on all accounts. */
export function runTriggers(state: BrokerState, symbol: string): void {
  const quote = state.tables.quote.get(symbol);
  if (!quote || checkMarket(state, specOf(state, symbol)) !== null) return;
  for (const login of state.busyLogins()) {
    const account = state.tables.account.get(login);
    if (!account) continue;
    for (const order of state.ordersOf(login)) {
      if (order.symbol === symbol) triggerOrder(state, account, order, quote);
    }
    for (const position of state.positionsOf(login)) {
      if (position.symbol === symbol) closeOnStop(state, account, position, quote);
    }
    stopOut(state, login);
  }
}

function triggerOrder(
  state: BrokerState,
  account: AccountRecord,
  order: OrderRecord,
  quote: QuoteRecord,
): void {
  if (!isHit(order, quote)) return;
  if (order.price_stoplimit === null) {
    activate(state, account, order, quote);
    return;
  }
  // A stop-limit that is reached becomes a limit under the same ticket, which this very quote may fill.
  const limit: OrderRecord = {
    ...order,
    type: sideOf(order.type) === 'buy' ? 'buy_limit' : 'sell_limit',
    price_open: order.price_stoplimit,
    price_stoplimit: null,
  };
  state.put('order', order.ticket, limit);
  if (isHit(limit, quote)) activate(state, account, limit, quote);
}

function isHit(order: OrderRecord, quote: QuoteRecord): boolean {
  switch (order.type) {
    case 'buy_limit':
      return dec(quote.ask).lte(order.price_open);
    case 'sell_limit':
      return dec(quote.bid).gte(order.price_open);
    case 'buy_stop':
    case 'buy_stop_limit':
      return dec(quote.ask).gte(order.price_open);
    case 'sell_stop':
    case 'sell_stop_limit':
      return dec(quote.bid).lte(order.price_open);
    case 'close_by':
      return false;
    // The rest of a market order that RETURN left working takes whatever price comes next.
    case 'buy':
    case 'sell':
      return true;
  }
}

function activate(state: BrokerState, account: AccountRecord, order: OrderRecord, quote: QuoteRecord): void {
  const side = sideOf(order.type);
  const price = dec(side === 'buy' ? quote.ask : quote.bid);
  const rest = dec(order.volume_current);
  const target = targetOf(state, account, order);
  // The rest of a close has nothing left to do once its position is gone.
  const isRestOfClose = order.position_id !== '0' && order.position_id !== order.ticket;
  if (isRestOfClose && target === null) {
    finishOrder(state, account, order, 'canceled');
    return;
  }
  const next = projected(target, { login: order.login, symbol: order.symbol, side, volume: rest, price });
  if (checkMoney(state, account, { before: target, next, traded: rest }) !== null) {
    finishOrder(state, account, order, 'rejected');
    return;
  }
  const volume = fillableVolume(state, order.login, order.symbol, rest);
  const isShort = order.type_filling === 'fok' && volume.lt(rest);
  if (isShort) finishOrder(state, account, order, 'canceled');
  else fill(state, account, order, { volume, price, target });
}

function fill(
  state: BrokerState,
  account: AccountRecord,
  order: OrderRecord,
  met: { volume: Decimal; price: Decimal; target: PositionRecord | null },
): void {
  const deal = bookFill(state, {
    ...order,
    account,
    order: order.ticket,
    side: sideOf(order.type),
    volume: met.volume,
    price: met.price,
    position: met.target,
  });
  const left = dec(order.volume_current).minus(met.volume);
  const updated = { ...order, position_id: deal.position_id, volume_current: plain(left) };
  // A remainder keeps working beside its position and may open the same identifier again (domain.md 1.2).
  if (left.eq(0)) finishOrder(state, account, updated, 'filled');
  else if (order.type_filling === 'ioc') finishOrder(state, account, updated, 'canceled');
  else state.put('order', order.ticket, { ...updated, state: 'partial' });
}

function targetOf(state: BrokerState, account: AccountRecord, order: OrderRecord): PositionRecord | null {
  const own = state.positionsOf(account.login).find((row) => row.identifier === order.ticket);
  return nettedPosition(state, account, order.symbol) ?? own ?? null;
}

function closeOnStop(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  quote: QuoteRecord,
): void {
  const isLong = position.type === 'buy';
  const price = dec(isLong ? quote.bid : quote.ask);
  const digits = specOf(state, position.symbol).digits;
  const { sl, tp } = position;
  if (sl !== null && (isLong ? price.lte(sl) : price.gte(sl))) {
    closeByServer(state, account, position, {
      price,
      reason: 'sl',
      comment: `[sl ${dec(sl).toFixed(digits)}]`,
    });
  } else if (tp !== null && (isLong ? price.gte(tp) : price.lte(tp))) {
    closeByServer(state, account, position, {
      price,
      reason: 'tp',
      comment: `[tp ${dec(tp).toFixed(digits)}]`,
    });
  }
}
