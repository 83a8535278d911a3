// Changes to what stands already: stops of a position, price, stops and lifetime of a working order, its removal.
// Invariant: a level that does not move is not judged anew, because it may by now lie nearer than the stops level.
import { closingPrice, specOf } from './account-figures.ts';
import type { AccountRecord, OrderRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec, plain } from './decimal.ts';
import { checkFreeze, checkMarket, checkPendingPrice, checkStops, sideOf } from './order-check.ts';
import { finishOrder } from './order-execution.ts';
import { lifetimeOf } from './order-expiry.ts';
import { RETCODE } from './retcodes.ts';

import {
  type ModifyRequest,
  type RemoveRequest,
  refusal,
  type StopsRequest,
  type TradeAnswer,
} from './trade-request.ts';

/** Sets or removes the stops of a position; 10036, 10025, 10029, 10016 as the server says. */
export function modifyStops(state: BrokerState, account: AccountRecord, request: StopsRequest): TradeAnswer {
  const position = state.tables.position.get(request.position);
  if (position?.login !== account.login) return refusal(RETCODE.positionClosed);
  const sl = request.sl === undefined ? position.sl : request.sl;
  const tp = request.tp === undefined ? position.tp : request.tp;
  if (sl === position.sl && tp === position.tp) return refusal(RETCODE.noChanges);
  const spec = specOf(state, position.symbol);
  const reference = closingPrice(state, position.symbol, position.type);
  const moved = { sl: sl === position.sl ? null : sl, tp: tp === position.tp ? null : tp };
  const refused =
    checkMarket(state, spec) ??
    checkFreeze(spec, reference, [position.sl, position.tp]) ??
    checkStops(spec, { side: position.type, reference, ...moved });
  if (refused !== null) return refusal(refused);
  state.put('position', position.ticket, { ...position, sl, tp });
  return refusal(RETCODE.done);
}

/** Moves a working order; what the request leaves out stays. */
export function modifyOrder(state: BrokerState, account: AccountRecord, request: ModifyRequest): TradeAnswer {
  const order = workingOrder(state, account, request.order);
  if (typeof order === 'number') return refusal(order);
  const next = moved(state, account, order, request);
  if (!next) return refusal(RETCODE.invalidExpiration);
  const keys = ['price_open', 'sl', 'tp', 'time_expiration'] as const;
  if (keys.every((key) => next[key] === order[key])) return refusal(RETCODE.noChanges);
  const spec = specOf(state, order.symbol);
  const quote = state.tables.quote.get(order.symbol);
  const reference = dec(next.price_stoplimit ?? next.price_open);
  const refused =
    (quote && next.price_open !== order.price_open ? checkPendingPrice(spec, next, quote) : null) ??
    checkStops(spec, { side: sideOf(order.type), reference, sl: next.sl, tp: next.tp });
  if (refused !== null) return refusal(refused);
  state.put('order', order.ticket, next);
  return { ...refusal(RETCODE.done), order: order.ticket };
}

function moved(
  state: BrokerState,
  account: AccountRecord,
  order: OrderRecord,
  request: ModifyRequest,
): OrderRecord | null {
  const { symbol } = order;
  const lifetime =
    request.expiration === undefined
      ? order
      : lifetimeOf(state, account, { symbol, expiration: request.expiration });
  if (!lifetime) return null;
  return {
    ...order,
    price_open: request.price === undefined ? order.price_open : plain(dec(request.price)),
    sl: request.sl === undefined ? order.sl : request.sl,
    tp: request.tp === undefined ? order.tp : request.tp,
    type_time: lifetime.type_time,
    time_expiration: lifetime.time_expiration,
  };
}

/** Cancels a working order; 10035 where there is none, 10029 near its price. */
export function removeOrder(state: BrokerState, account: AccountRecord, request: RemoveRequest): TradeAnswer {
  const order = workingOrder(state, account, request.order);
  if (typeof order === 'number') return refusal(order);
  finishOrder(state, account, order, 'canceled');
  return { ...refusal(RETCODE.done), order: order.ticket };
}

/** The account's working order where it may be touched now, else the return code that says why not. */
function workingOrder(state: BrokerState, account: AccountRecord, ticket: string): OrderRecord | number {
  const order = state.tables.order.get(ticket);
  if (order?.login !== account.login) return RETCODE.invalidOrder;
  const spec = specOf(state, order.symbol);
  const market = closingPrice(state, order.symbol, sideOf(order.type) === 'buy' ? 'sell' : 'buy');
  return checkMarket(state, spec) ?? checkFreeze(spec, market, [order.price_open]) ?? order;
}
