// order_send of the simulated trade server.
// Invariants: a request is wholly refused or wholly acted on; every accepted deal or pending leaves an order with the
// request's magic behind, so that what happened can always be found again by magic.
import { closingPrice, specOf } from './account-figures.ts';
import type { AccountRecord, OrderRecord, PositionRecord, QuoteRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { bookFill } from './deal-booking.ts';
import { type Decimal, dec, floorToStep, plain } from './decimal.ts';
import { takeFault } from './fault-book.ts';
import {
  checkClosing,
  checkDeviation,
  checkFreeze,
  checkMarket,
  checkMoney,
  checkOpening,
  checkPending,
  checkStops,
  projected,
  sideOf,
} from './order-check.ts';
import { RETCODE } from './retcodes.ts';
import {
  type DealRequest,
  type PendingRequest,
  type RemoveRequest,
  refusal,
  type StopsRequest,
  type TradeAnswer,
  type TradeRequest,
} from './trade-request.ts';

/** Carries out one request and says what the server says; the caller commits or rolls back. */
export function orderSend(state: BrokerState, request: TradeRequest): TradeAnswer {
  const account = state.tables.account.get(request.login);
  if (!account) return refusal(RETCODE.invalid);
  if (!account.trade_allowed && request.reason === 'expert')
    return refusal(RETCODE.clientDisablesAutoTrading);
  if (request.action === 'sltp') return modifyStops(state, account, request);
  if (request.action === 'remove') return removeOrder(state, account, request);
  const quote = state.tables.quote.get(request.symbol);
  if (!quote) return refusal(RETCODE.invalid);
  if (request.action === 'pending') return placePending(state, account, request, quote);
  return sendDeal(state, account, request, quote);
}

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

function sendDeal(
  state: BrokerState,
  account: AccountRecord,
  request: DealRequest,
  quote: QuoteRecord,
): TradeAnswer {
  const price = dec(request.side === 'buy' ? quote.ask : quote.bid);
  const closing = request.position === null ? undefined : state.tables.position.get(request.position);
  const target = closing ?? nettedPosition(state, account, request.symbol);
  const spec = specOf(state, request.symbol);
  const refused =
    request.position === null
      ? (checkOpening(state, request, quote) ?? checkOpeningMoney(state, account, request, target, price))
      : (checkClosing(state, request, closing) ?? checkDeviation(spec, request, quote));
  if (refused !== null) return refusal(refused);
  const asked = dec(request.volume);
  const filled = fillableVolume(state, request.login, request.symbol, asked);
  const { order, deal } = executeAtMarket(state, account, { ...request, target, asked, filled, price });
  return {
    retcode: filled.lt(asked) ? RETCODE.donePartial : RETCODE.done,
    order,
    deal,
    price: plain(price),
    volume: plain(filled),
  };
}

function checkOpeningMoney(
  state: BrokerState,
  account: AccountRecord,
  request: DealRequest,
  before: PositionRecord | null,
  price: Decimal,
): number | null {
  const { login, symbol, side } = request;
  const volume = dec(request.volume);
  const next = projected(before, { login, symbol, side, volume, price });
  return checkMoney(state, account, { before, next, traded: volume });
}

type MarketExecution = Pick<DealRequest, 'symbol' | 'side' | 'magic' | 'comment' | 'reason' | 'sl' | 'tp'> & {
  target: PositionRecord | null;
  asked: Decimal;
  filled: Decimal;
  price: Decimal;
};

/** Writes the market order into history and books its fill; no checks. Used by requests, stops and stop-outs alike. */
export function executeAtMarket(
  state: BrokerState,
  account: AccountRecord,
  execution: MarketExecution,
): { order: string; deal: string } {
  const { symbol, side, magic, comment, reason, sl, tp, target, asked, filled, price } = execution;
  const ticket = state.nextTicket('order');
  const time = state.serverNowMs(account);
  const order: OrderRecord = {
    login: account.login,
    ticket,
    time_setup: time,
    time_done: time,
    time_expiration: null,
    type: side,
    state: filled.lt(asked) ? 'partial' : 'filled',
    magic,
    position_id: target?.identifier ?? ticket,
    reason,
    volume_initial: plain(asked),
    volume_current: plain(asked.minus(filled)),
    price_open: plain(price),
    sl,
    tp,
    symbol,
    comment,
  };
  state.put('history', ticket, order);
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

function placePending(
  state: BrokerState,
  account: AccountRecord,
  request: PendingRequest,
  quote: QuoteRecord,
): TradeAnswer {
  const refused = checkPending(state, account, request, quote);
  if (refused !== null) return refusal(refused);
  const ticket = state.nextTicket('order');
  const volume = plain(dec(request.volume));
  state.put('order', ticket, {
    login: account.login,
    ticket,
    time_setup: state.serverNowMs(account),
    time_done: null,
    time_expiration: request.expiration,
    type: request.type,
    state: 'placed',
    magic: request.magic,
    position_id: '0',
    reason: request.reason,
    volume_initial: volume,
    volume_current: volume,
    price_open: plain(dec(request.price)),
    sl: request.sl,
    tp: request.tp,
    symbol: request.symbol,
    comment: request.comment,
  });
  return { retcode: RETCODE.placed, order: ticket, deal: null, price: plain(dec(request.price)), volume };
}

function modifyStops(state: BrokerState, account: AccountRecord, request: StopsRequest): TradeAnswer {
  const position = state.tables.position.get(request.position);
  if (!position || position.login !== account.login) return refusal(RETCODE.positionClosed);
  const sl = request.sl === undefined ? position.sl : request.sl;
  const tp = request.tp === undefined ? position.tp : request.tp;
  if (sl === position.sl && tp === position.tp) return refusal(RETCODE.noChanges);
  const spec = specOf(state, position.symbol);
  const reference = closingPrice(state, position.symbol, position.type);
  // Only a level that moves is judged: an old one may meanwhile be nearer to the market than the stops level.
  const moved = { sl: sl === position.sl ? null : sl, tp: tp === position.tp ? null : tp };
  const refused =
    checkMarket(state, spec) ??
    checkFreeze(spec, reference, [position.sl, position.tp]) ??
    checkStops(spec, { side: position.type, reference, ...moved });
  if (refused !== null) return refusal(refused);
  state.put('position', position.ticket, { ...position, sl, tp });
  return refusal(RETCODE.done);
}

function removeOrder(state: BrokerState, account: AccountRecord, request: RemoveRequest): TradeAnswer {
  const order = state.tables.order.get(request.order);
  if (!order || order.login !== account.login) return refusal(RETCODE.invalidOrder);
  const spec = specOf(state, order.symbol);
  const opposite = sideOf(order.type) === 'buy' ? 'sell' : 'buy';
  const market = closingPrice(state, order.symbol, opposite);
  const refused = checkMarket(state, spec) ?? checkFreeze(spec, market, [order.price_open]);
  if (refused !== null) return refusal(refused);
  finishOrder(state, account, order, 'canceled');
  return { ...refusal(RETCODE.done), order: order.ticket };
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
