// The broker's rows as the bridge reports them: snake_case, decimal text, UTC with milliseconds.
// Invariant: server wall time becomes UTC here and nowhere else.
import { closingPrice, floatingProfit, marginOf, tickValues } from './account-figures.ts';
import type {
  AccountRecord,
  Bar,
  DealRecord,
  OrderRecord,
  PositionRecord,
  SymbolRecord,
} from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec, plain } from './decimal.ts';
import { checkMarket, pointOf } from './order-check.ts';
import { toUtcMs } from './server-clock.ts';

/** ISO 8601 in UTC with milliseconds. */
export function isoUtc(utcMs: number): string {
  return new Date(utcMs).toISOString();
}

/** Raw server wall clock in the same form but without `Z`, because it is not UTC. */
export function isoServer(serverMs: number): string {
  return new Date(serverMs).toISOString().slice(0, -1);
}

function utcOf(account: AccountRecord, serverMs: number): string {
  return isoUtc(toUtcMs(account.server_tz, serverMs));
}

/** An open position with its current price and floating profit (without swap). */
export function positionRow(state: BrokerState, account: AccountRecord, row: PositionRecord) {
  return {
    ticket: row.ticket,
    identifier: row.identifier,
    time: utcOf(account, row.time),
    type: row.type,
    magic: row.magic,
    reason: row.reason,
    volume: row.volume,
    price_open: row.price_open,
    sl: row.sl,
    tp: row.tp,
    price_current: plain(closingPrice(state, row.symbol, row.type)),
    swap: row.swap,
    profit: plain(floatingProfit(state, account, row)),
    symbol: row.symbol,
    comment: row.comment,
  };
}

/** A working order. */
export function orderRow(account: AccountRecord, row: OrderRecord) {
  return {
    ticket: row.ticket,
    time_setup: utcOf(account, row.time_setup),
    time_expiration: row.time_expiration === null ? null : utcOf(account, row.time_expiration),
    type: row.type,
    state: row.state,
    type_time: row.type_time,
    type_filling: row.type_filling,
    magic: row.magic,
    position_id: row.position_id,
    position_by_id: row.position_by_id,
    volume_initial: row.volume_initial,
    volume_current: row.volume_current,
    price_open: row.price_open,
    price_stoplimit: row.price_stoplimit,
    sl: row.sl,
    tp: row.tp,
    symbol: row.symbol,
    comment: row.comment,
    reason: row.reason,
  };
}

/** An order that has ended. */
export function historyOrderRow(account: AccountRecord, row: OrderRecord) {
  return { ...orderRow(account, row), time_done: utcOf(account, row.time_done ?? row.time_setup) };
}

/** A deal; `entry` is null on deals that are no trade, where MT5's IN means nothing. */
export function dealRow(account: AccountRecord, row: DealRecord) {
  const { login: _login, time, entry, ...rest } = row;
  return {
    ...rest,
    time: utcOf(account, time),
    time_server: isoServer(time),
    entry: /^(buy|sell)(_canceled)?$/.test(row.type) ? entry : null,
    external_id: '',
  };
}

/**
 * A symbol with its quote, valued in the account's currency. While the market trades, `time` is now: a price that
 * stands still in the simulator is a quiet market, not a dead feed.
 */
export function symbolRow(state: BrokerState, account: AccountRecord, spec: SymbolRecord) {
  const quote = state.tables.quote.get(spec.symbol);
  if (!quote) throw new Error(`no quote for ${spec.symbol}`);
  const point = pointOf(spec);
  const ticks = tickValues(state, account, spec);
  return {
    symbol: spec.symbol,
    digits: spec.digits,
    point: plain(point),
    tick_size: spec.tick_size,
    tick_value: ticks.gain,
    tick_value_loss: ticks.loss,
    contract_size: spec.contract_size,
    volume_min: spec.volume_min,
    volume_max: spec.volume_max,
    volume_step: spec.volume_step,
    volume_limit: spec.volume_limit,
    stops_level: spec.stops_level,
    freeze_level: spec.freeze_level,
    spread: Math.round(dec(quote.ask).minus(quote.bid).div(point).toNumber()),
    trade_mode: spec.trade_mode,
    execution: spec.execution,
    filling_modes: spec.filling_modes,
    expiration_modes: spec.expiration_modes,
    // Of one lot bought at the current ask, in the deposit currency.
    margin_per_lot: plain(
      marginOf(state, account, { symbol: spec.symbol, volume: dec(1), price: dec(quote.ask) }),
    ),
    swap_long: spec.swap_long,
    swap_short: spec.swap_short,
    swap_triple_day: spec.swap_triple_day,
    currency_base: spec.base,
    currency_profit: spec.quote,
    bid: quote.bid,
    ask: quote.ask,
    time: isoUtc(checkMarket(state, spec) === null ? state.nowMs() : quote.time),
  };
}

/** A candle with prices at the symbol's digits; `volume` counts ticks. */
export function candleRow(spec: SymbolRecord, bar: Bar) {
  const price = (points: number) => plain(pointOf(spec).times(points));
  return {
    time: isoUtc(bar.time),
    open: price(bar.open),
    high: price(bar.high),
    low: price(bar.low),
    close: price(bar.close),
    volume: String(bar.volume),
  };
}
