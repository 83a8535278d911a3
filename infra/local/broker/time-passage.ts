// What passing time sets off: expiry of pending orders and swaps at rollover.
// Invariants: everything due is booked once, in order of its own instant and stamped with it, however late it is
// noticed; a position pays no swap for a rollover before it was opened.
import { specOf } from './account-figures.ts';
import type { AccountRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec, plain, roundHalfUp } from './decimal.ts';
import { finishOrder } from './order-send.ts';
import { stopOut } from './price-triggers.ts';
import { toServerMs, toUtcMs } from './server-clock.ts';
import { nightsCharged, type Rollover, rolloversBetween } from './trading-session.ts';

/** Books all expiries and rollovers between the last call and `toMs` (UTC). Returns whether anything was due. */
export function passTime(state: BrokerState, toMs: number): boolean {
  const { processed } = state.clock();
  const rollovers = rolloversBetween(processed, toMs);
  let wasDue = rollovers.length > 0;
  for (const rollover of rollovers) {
    expireOrders(state, rollover.at);
    state.atInstant(rollover.at, () => chargeSwaps(state, rollover));
  }
  wasDue = expireOrders(state, toMs) || wasDue;
  if (wasDue) state.put('clock', 'clock', { ...state.clock(), processed: toMs });
  return wasDue;
}

function expireOrders(state: BrokerState, toMs: number): boolean {
  let expired = false;
  for (const order of [...state.tables.order.values()]) {
    const account = state.tables.account.get(order.login);
    if (!account || order.time_expiration === null) continue;
    const dueMs = toUtcMs(account.server_tz, order.time_expiration);
    if (dueMs > toMs) continue;
    state.atInstant(dueMs, () => finishOrder(state, account, order, 'expired'));
    expired = true;
  }
  return expired;
}

function chargeSwaps(state: BrokerState, rollover: Rollover): void {
  for (const account of [...state.tables.account.values()]) {
    for (const position of state.positionsOf(account.login)) {
      chargeSwap(state, account, position, rollover);
    }
    stopOut(state, account.login);
  }
}

function chargeSwap(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  rollover: Rollover,
): void {
  const spec = specOf(state, position.symbol);
  const nights = nightsCharged(spec.session, rollover.weekday);
  if (nights === 0 || position.time >= toServerMs(account.server_tz, rollover.at)) return;
  const perLot = position.type === 'buy' ? spec.swap_long : spec.swap_short;
  const charge = roundHalfUp(dec(perLot).times(position.volume).times(nights), account.currency_digits);
  state.put('position', position.ticket, { ...position, swap: plain(dec(position.swap).plus(charge)) });
}
