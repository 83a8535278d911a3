// Execution of orders: what a fill leaves behind, whoever asked for it.
// Invariant: every execution leaves an order with its magic behind, so that what happened can be found again by magic.
import { specOf } from './account-figures.ts';
import type { AccountRecord, Filling, OrderRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { bookFill } from './deal-booking.ts';
import { type Decimal, dec, floorToStep, plain } from './decimal.ts';
import { takeFault } from './fault-book.ts';
import type { DealRequest } from './trade-request.ts';

/**
 * How much of `volume` gets filled: all of it, or half (rounded down to the step) where a `partial_fill` fault is
 * armed and both halves can be traded.
 */
export function fillableVolume(state: BrokerState, login: string, symbol: string, volume: Decimal): Decimal {
  const spec = specOf(state, symbol);
  const half = floorToStep(volume.div(2), dec(spec.volume_step));
  if (half.lt(spec.volume_min) || half.gte(volume)) return volume;
  return takeFault(state, { kinds: ['partial_fill'], login }) ? half : volume;
}

/** The position an opening deal would touch: on netting accounts the symbol's one position. */
export function nettedPosition(
  state: BrokerState,
  account: AccountRecord,
  symbol: string,
): PositionRecord | null {
  if (account.margin_mode === 'hedging') return null;
  return state.positionsOf(account.login).find((row) => row.symbol === symbol) ?? null;
}

type MarketExecution = Pick<DealRequest, 'symbol' | 'side' | 'magic' | 'comment' | 'reason' | 'sl' | 'tp'> & {
  filling: Filling;
  target: PositionRecord | null;
  asked: Decimal;
  filled: Decimal;
  price: Decimal;
};

/**
 * Writes the market order and books its fill; no checks. Used by requests, stops and stop-outs alike. With RETURN the
 * rest of a partial fill keeps working; otherwise the order has ended.
 */
export function executeAtMarket(
  state: BrokerState,
  account: AccountRecord,
  execution: MarketExecution,
): { order: string; deal: string } {
  const { symbol, side, magic, comment, reason, sl, tp, target, asked, filled, price } = execution;
  const isWorking = execution.filling === 'return' && filled.lt(asked);
  const ticket = state.nextTicket('order');
  const time = state.serverNowMs(account);
  const order: OrderRecord = {
    login: account.login,
    ticket,
    time_setup: time,
    time_done: isWorking ? null : time,
    time_expiration: null,
    type: side,
    state: filled.lt(asked) ? 'partial' : 'filled',
    magic,
    position_id: target?.identifier ?? ticket,
    reason,
    volume_initial: plain(asked),
    volume_current: plain(asked.minus(filled)),
    price_open: plain(price),
    price_stoplimit: null,
    type_time: 'gtc',
    type_filling: execution.filling,
    position_by_id: '0',
    sl,
    tp,
    symbol,
    comment,
  };
  state.put(isWorking ? 'order' : 'history', ticket, order);
  const deal = bookFill(state, {
    account,
    order: ticket,
    symbol,
    side,
    volume: filled,
    price,
    magic,
    reason,
    comment,
    sl,
    tp,
    position: target,
  });
  return { order: ticket, deal: deal.ticket };
}

/** Moves a working order into history in its final state. */
export function finishOrder(
  state: BrokerState,
  account: AccountRecord,
  order: OrderRecord,
  final: OrderRecord['state'],
): void {
  state.put('order', order.ticket, null);
  state.put('history', order.ticket, { ...order, state: final, time_done: state.serverNowMs(account) });
}
