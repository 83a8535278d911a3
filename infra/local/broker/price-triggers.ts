// What a new quote sets off, in this order: pending orders, stop loss and take profit, stop-out.
// Invariants: a long opens at ask and closes at bid, so its stop is judged on the bid; stops and limits fill at the
// quote that set them off, gaps included; a position closed by the server carries magic 0 and the server's comment.
import { accountFigures, floatingProfit, specOf } from './account-figures.ts';
import type { AccountRecord, OrderRecord, PositionRecord, QuoteRecord, Reason } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { bookFill } from './deal-booking.ts';
import { type Decimal, dec, plain } from './decimal.ts';
import { checkMarket, checkMoney, projected, sideOf } from './order-check.ts';
import { executeAtMarket, fillableVolume, finishOrder, nettedPosition } from './order-send.ts';

const STOP_OUT_LEVEL_PERCENT = 50;

/** Runs everything a symbol's current quote sets off, on all accounts. */
export function runTriggers(state: BrokerState, symbol: string): void {
  const quote = state.tables.quote.get(symbol);
  if (!quote || checkMarket(state, specOf(state, symbol)) !== null) return;
  for (const account of [...state.tables.account.values()]) {
    for (const order of state.ordersOf(account.login)) {
      if (order.symbol === symbol && isPendingHit(order, quote)) activate(state, account, order, quote);
    }
    for (const position of state.positionsOf(account.login)) {
      if (position.symbol === symbol) closeOnStop(state, account, position, quote);
    }
    stopOut(state, account.login);
  }
}

function isPendingHit(order: OrderRecord, quote: QuoteRecord): boolean {
  switch (order.type) {
    case 'buy_limit':
      return dec(quote.ask).lte(order.price_open);
    case 'sell_limit':
      return dec(quote.bid).gte(order.price_open);
    case 'buy_stop':
      return dec(quote.ask).gte(order.price_open);
    case 'sell_stop':
      return dec(quote.bid).lte(order.price_open);
    default:
      return false;
  }
}

function activate(state: BrokerState, account: AccountRecord, order: OrderRecord, quote: QuoteRecord): void {
  const side = sideOf(order.type);
  const price = dec(side === 'buy' ? quote.ask : quote.bid);
  const rest = dec(order.volume_current);
  const target = targetOf(state, account, order);
  const next = projected(target, { login: order.login, symbol: order.symbol, side, volume: rest, price });
  if (checkMoney(state, account, { before: target, next, traded: rest }) !== null) {
    finishOrder(state, account, order, 'rejected');
    return;
  }
  const volume = fillableVolume(state, order.login, order.symbol, rest);
  const deal = bookFill(state, {
    ...order,
    account,
    order: order.ticket,
    side,
    volume,
    price,
    position: target,
  });
  const left = rest.minus(volume);
  const updated = { ...order, position_id: deal.position_id, volume_current: plain(left) };
  // A remainder keeps working beside its position and may open the same identifier again (domain.md 1.2).
  if (left.gt(0)) state.put('order', order.ticket, { ...updated, state: 'partial' });
  else finishOrder(state, account, updated, 'filled');
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

function closeByServer(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  cause: { price: Decimal; reason: Reason; comment: string },
): void {
  const volume = dec(position.volume);
  executeAtMarket(state, account, {
    symbol: position.symbol,
    side: position.type === 'buy' ? 'sell' : 'buy',
    magic: '0',
    sl: null,
    tp: null,
    target: position,
    asked: volume,
    filled: volume,
    ...cause,
  });
}

/** Closes the largest loss, again and again, while the margin level is at or below 50 %. */
export function stopOut(state: BrokerState, login: string): void {
  for (;;) {
    const account = state.tables.account.get(login);
    if (!account) return;
    const figures = accountFigures(state, account);
    if (figures.margin_level === null || figures.margin_level.gt(STOP_OUT_LEVEL_PERCENT)) return;
    const worst = largestLoss(state, account);
    const quote = worst && state.tables.quote.get(worst.symbol);
    if (!worst || !quote) return;
    const { equity, margin, margin_level } = figures;
    closeByServer(state, account, worst, {
      price: dec(worst.type === 'buy' ? quote.bid : quote.ask),
      reason: 'so',
      comment: `[so ${margin_level.toFixed(2)}%/${equity.toFixed(2)}/${margin.toFixed(2)}]`.slice(0, 31),
    });
  }
}

function largestLoss(state: BrokerState, account: AccountRecord): PositionRecord | undefined {
  const tradable = state
    .positionsOf(account.login)
    .filter((row) => checkMarket(state, specOf(state, row.symbol)) === null);
  const money = (row: PositionRecord) => floatingProfit(state, account, row).plus(row.swap);
  return tradable.sort((a, b) => money(a).cmp(money(b)))[0];
}
