// order_check of the simulated trade server: every reason a request can be turned down, before anything moves.
// Invariant: nothing here writes; null means the request may go through.
import {
  accountFigures,
  closingPrice,
  floatingProfit,
  marginOfPositions,
  specOf,
} from './account-figures.ts';
import type {
  AccountRecord,
  OrderRecord,
  PositionRecord,
  QuoteRecord,
  Side,
  SymbolRecord,
} from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { costsOf } from './deal-booking.ts';
import { type Decimal, dec, isMultiple, plain, sum } from './decimal.ts';
import { executionOf } from './filling.ts';
import { RETCODE } from './retcodes.ts';
import type { DealRequest, PendingRequest } from './trade-request.ts';
import { isSessionOpen } from './trading-session.ts';

/** One point of a symbol's price. */
export function pointOf(spec: SymbolRecord): Decimal {
  return dec(10).pow(-spec.digits);
}

/** Side a filled order of this type trades. */
export function sideOf(type: string): Side {
  return type.startsWith('buy') ? 'buy' : 'sell';
}

/** 10018 or 10017 where a symbol cannot be traded at all right now. */
export function checkMarket(state: BrokerState, spec: SymbolRecord): number | null {
  if (spec.trade_mode === 'disabled') return RETCODE.tradeDisabled;
  if (spec.market === 'closed') return RETCODE.marketClosed;
  if (spec.market === 'sessions' && !isSessionOpen(spec.session, state.nowMs())) return RETCODE.marketClosed;
  return null;
}

function checkDirection(spec: SymbolRecord, side: Side): number | null {
  if (spec.trade_mode === 'close_only') return RETCODE.closeOnly;
  if (spec.trade_mode === 'long_only' && side === 'sell') return RETCODE.longOnly;
  if (spec.trade_mode === 'short_only' && side === 'buy') return RETCODE.shortOnly;
  return null;
}

function checkVolume(spec: SymbolRecord, volume: Decimal): number | null {
  const fits = volume.gte(spec.volume_min) && volume.lte(spec.volume_max);
  return fits && isMultiple(volume, dec(spec.volume_step)) ? null : RETCODE.invalidVolume;
}

function checkVolumeLimit(
  state: BrokerState,
  asked: { login: string; spec: SymbolRecord; side: Side; volume: Decimal },
): number | null {
  if (dec(asked.spec.volume_limit).eq(0)) return null;
  const open = state
    .positionsOf(asked.login)
    .filter((row) => row.symbol === asked.spec.symbol && row.type === asked.side)
    .map((row) => row.volume);
  const pending = state
    .ordersOf(asked.login)
    .filter((row) => row.symbol === asked.spec.symbol && sideOf(row.type) === asked.side)
    .map((row) => row.volume_current);
  const total = sum([...open, ...pending]).plus(asked.volume);
  return total.gt(asked.spec.volume_limit) ? RETCODE.limitVolume : null;
}

/** 10016 where a stop stands on the wrong side of `reference` or nearer than the stops level, 10015 off the tick. */
export function checkStops(
  spec: SymbolRecord,
  stops: { side: Side; reference: Decimal; sl: string | null; tp: string | null },
): number | null {
  const distance = pointOf(spec).times(spec.stops_level);
  const sign = stops.side === 'buy' ? 1 : -1;
  for (const [level, direction] of [
    [stops.sl, -1],
    [stops.tp, 1],
  ] as const) {
    if (level === null) continue;
    if (!isMultiple(dec(level), dec(spec.tick_size))) return RETCODE.invalidPrice;
    const gap = dec(level)
      .minus(stops.reference)
      .times(sign * direction);
    if (gap.lte(0) || gap.lt(distance)) return RETCODE.invalidStops;
  }
  return null;
}

/** Whether the account can carry its positions with `next` in place of `before`, the deal's commission paid. */
export function checkMoney(
  state: BrokerState,
  account: AccountRecord,
  change: { before: PositionRecord | null; next: PositionRecord; traded: Decimal },
): number | null {
  const others = state.positionsOf(account.login).filter((row) => row.ticket !== change.before?.ticket);
  const now = accountFigures(state, account);
  const { commission, fee } = costsOf(state, account, { ...change.next, entry: 'in', volume: change.traded });
  const after = marginOfPositions(state, account, [...others, change.next]);
  const spreadCost = change.before ? dec(0) : floatingProfit(state, account, change.next);
  // A trade that does not raise the margin always passes: it cannot make the account less able to carry it.
  if (after.lte(now.margin)) return null;
  return now.equity.plus(commission).plus(fee).plus(spreadCost).lt(after) ? RETCODE.noMoney : null;
}

/**
 * All checks of an opening market order except money. On a netting account a deal that only reduces the symbol's
 * position (`target`) opens nothing, so direction and volume limit do not bind it.
 */
export function checkOpening(
  state: BrokerState,
  account: AccountRecord,
  request: DealRequest,
  at: { quote: QuoteRecord; target: PositionRecord | null },
): number | null {
  const spec = specOf(state, request.symbol);
  const volume = dec(request.volume);
  const { quote, target } = at;
  const reference = dec(request.side === 'buy' ? quote.bid : quote.ask);
  const reduces = target !== null && target.type !== request.side && volume.lte(target.volume);
  const grows = (check: () => number | null) => (reduces ? null : check());
  return (
    checkMarket(state, spec) ??
    grows(() => checkDirection(spec, request.side)) ??
    grows(() => checkHedge(state, account, request)) ??
    checkVolume(spec, volume) ??
    checkDeviation(account, spec, request, quote) ??
    checkStops(spec, { side: request.side, reference, sl: request.sl, tp: request.tp }) ??
    grows(() => checkVolumeLimit(state, { login: request.login, spec, side: request.side, volume }))
  );
}

/** 10046 where first-in-first-out rules forbid an opposite position. */
function checkHedge(state: BrokerState, account: AccountRecord, request: DealRequest): number | null {
  if (!account.fifo_close || account.margin_mode !== 'hedging') return null;
  const isOpposite = (row: PositionRecord) => row.symbol === request.symbol && row.type !== request.side;
  return state.positionsOf(account.login).some(isOpposite) ? RETCODE.hedgeProhibited : null;
}

/**
 * 10004 where the price ran away by more than the deviation; a better price is always taken. Only instant execution
 * promises a price; market and exchange execution take whatever there is.
 */
export function checkDeviation(
  account: AccountRecord,
  spec: SymbolRecord,
  request: DealRequest,
  quote: QuoteRecord,
): number | null {
  if (executionOf(account, spec) !== 'instant') return null;
  if (request.price === null || request.deviation_points === null) return null;
  const worse =
    request.side === 'buy' ? dec(quote.ask).minus(request.price) : dec(request.price).minus(quote.bid);
  return worse.gt(pointOf(spec).times(request.deviation_points)) ? RETCODE.requote : null;
}

type Placed = Pick<OrderRecord, 'type' | 'price_open' | 'price_stoplimit'>;

/** 10015 where a pending price is off the tick, not on its own side of the market or nearer than the stops level. */
export function checkPendingPrice(spec: SymbolRecord, order: Placed, quote: QuoteRecord): number | null {
  const price = dec(order.price_open);
  const isBuy = sideOf(order.type) === 'buy';
  const market = dec(isBuy ? quote.ask : quote.bid);
  const below = order.type === 'buy_limit' || order.type === 'sell_stop' || order.type === 'sell_stop_limit';
  const gap = below ? market.minus(price) : price.minus(market);
  const misplaced = gap.lte(0) || gap.lt(pointOf(spec).times(spec.stops_level));
  if (price.lte(0) || !isMultiple(price, dec(spec.tick_size)) || misplaced) return RETCODE.invalidPrice;
  if (order.type.endsWith('_stop_limit') !== (order.price_stoplimit !== null)) return RETCODE.invalidPrice;
  if (order.price_stoplimit === null) return null;
  // The limit of a stop-limit lies on the better side of its trigger.
  const limit = dec(order.price_stoplimit);
  const better = isBuy ? price.minus(limit) : limit.minus(price);
  return better.lt(0) || !isMultiple(limit, dec(spec.tick_size)) ? RETCODE.invalidPrice : null;
}

/** All checks of a pending order but its lifetime and filling. */
export function checkPending(state: BrokerState, request: PendingRequest, quote: QuoteRecord): number | null {
  const spec = specOf(state, request.symbol);
  const side = sideOf(request.type);
  const limit = request.price_stoplimit ?? null;
  const { login, type, price } = request;
  const volume = dec(request.volume);
  return (
    checkMarket(state, spec) ??
    checkDirection(spec, side) ??
    checkVolume(spec, volume) ??
    checkPendingPrice(spec, { type, price_open: price, price_stoplimit: limit }, quote) ??
    checkStops(spec, { side, reference: dec(limit ?? price), sl: request.sl, tp: request.tp }) ??
    checkVolumeLimit(state, { login, spec, side, volume })
  );
}

/**
 * Closing checks: 10036 gone, 10013 wrong symbol or direction, 10014 off the step or more than one order may be, 10038 more
 * than there is, 10045 not the oldest of its symbol on a FIFO account, 10029 a stop about to be hit.
 */
export function checkClosing(
  state: BrokerState,
  account: AccountRecord,
  request: DealRequest,
  position: PositionRecord | undefined,
): number | null {
  if (position?.login !== account.login) return RETCODE.positionClosed;
  if (position.symbol !== request.symbol || position.type === request.side) return RETCODE.invalid;
  const spec = specOf(state, position.symbol);
  const volume = dec(request.volume);
  const market = checkMarket(state, spec);
  if (market !== null) return market;
  const fits = volume.gt(0) && volume.lte(spec.volume_max) && isMultiple(volume, dec(spec.volume_step));
  if (!fits) return RETCODE.invalidVolume;
  if (volume.gt(position.volume)) return RETCODE.invalidCloseVolume;
  if (account.fifo_close && oldestOf(state, position).ticket !== position.ticket) return RETCODE.fifoClose;
  const reference = closingPrice(state, position.symbol, position.type);
  return checkFreeze(spec, reference, [position.sl, position.tp]);
}

function oldestOf(state: BrokerState, position: PositionRecord): PositionRecord {
  const [oldest = position] = state
    .positionsOf(position.login)
    .filter((row) => row.symbol === position.symbol)
    .sort((a, b) => a.time - b.time || Number(a.identifier) - Number(b.identifier));
  return oldest;
}

/** 10029 where a working price lies within the freeze level of the market. */
export function checkFreeze(spec: SymbolRecord, market: Decimal, levels: (string | null)[]): number | null {
  if (spec.freeze_level === 0) return null;
  const distance = pointOf(spec).times(spec.freeze_level);
  const near = levels.some((level) => level !== null && market.minus(level).abs().lte(distance));
  return near ? RETCODE.frozen : null;
}

/** The position as it would stand after a deal, for the margin check. */
export function projected(
  before: PositionRecord | null,
  fill: { login: string; symbol: string; side: Side; volume: Decimal; price: Decimal },
): PositionRecord {
  const blank: PositionRecord = {
    login: fill.login,
    ticket: '',
    identifier: '',
    time: 0,
    type: fill.side,
    magic: '0',
    reason: 'client',
    volume: plain(fill.volume),
    price_open: plain(fill.price),
    sl: null,
    tp: null,
    swap: '0',
    symbol: fill.symbol,
    comment: '',
  };
  if (!before) return blank;
  const signed = before.type === fill.side ? fill.volume : fill.volume.times(-1);
  const volume = dec(before.volume).plus(signed);
  const side = volume.lt(0) ? fill.side : before.type;
  return { ...blank, type: side, volume: plain(volume.abs()) };
}
