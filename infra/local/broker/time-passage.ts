// What passing time sets off: expiry of pending orders and swaps at rollover, which is each server's own midnight.
// Invariants: everything due is booked once, in order of its own instant and stamped with it, however late it is
// noticed; a position pays no swap for a rollover before it was opened.
import { specOf } from './account-figures.ts';
import type { AccountRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec, plain, roundHalfUp } from './decimal.ts';
import { finishOrder } from './order-execution.ts';
import { expiresAtMs } from './order-expiry.ts';
import { toServerMs } from './server-clock.ts';
import { stopOut } from './stop-out.ts';
import { nightsCharged, type Rollover, rolloversBetween } from './trading-session.ts';

const DAY_MS = 86_400_000;

interface ServerRollover extends Rollover {
  server_tz: string;
}

/** Books all expiries and rollovers between the last call and `toMs` (UTC). Returns whether anything was due. */
export function passTime(state: BrokerState, toMs: number): boolean {
  const { processed } = state.clock();
  const rollovers = rolloversDue(state, processed, toMs);
  for (const rollover of rollovers) {
    expireOrders(state, rollover.at);
    state.atInstant(rollover.at, () => chargeSwaps(state, rollover));
  }
  const wasDue = expireOrders(state, toMs) || rollovers.length > 0;
  if (wasDue || toMs - processed > DAY_MS) state.put('clock', 'clock', { ...state.clock(), processed: toMs });
  return wasDue;
}

/** Midnights of the servers on which something is open, oldest first. */
function rolloversDue(state: BrokerState, fromMs: number, toMs: number): ServerRollover[] {
  const zones = new Set<string>();
  for (const login of state.busyLogins()) {
    const zone = state.tables.account.get(login)?.server_tz;
    if (zone !== undefined) zones.add(zone);
  }
  return [...zones]
    .flatMap((zone) => rolloversBetween(zone, fromMs, toMs).map((row) => ({ ...row, server_tz: zone })))
    .sort((a, b) => a.at - b.at);
}

/** Ends the orders whose time is up at `toMs` (UTC). Returns whether there were any. */
export function expireOrders(state: BrokerState, toMs: number): boolean {
  let expired = false;
  for (const order of [...state.tables.order.values()]) {
    if (order.time_expiration === null) continue;
    const account = state.tables.account.get(order.login);
    const dueMs = account && expiresAtMs(state, account, order);
    if (!account || dueMs == null || dueMs > toMs) continue;
    state.atInstant(dueMs, () => finishOrder(state, account, order, 'expired'));
    expired = true;
  }
  return expired;
}

function chargeSwaps(state: BrokerState, rollover: ServerRollover): void {
  for (const login of state.busyLogins()) {
    const account = state.tables.account.get(login);
    if (account?.server_tz !== rollover.server_tz) continue;
    for (const position of state.positionsOf(login)) chargeSwap(state, account, position, rollover);
    stopOut(state, login);
  }
}

function chargeSwap(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  rollover: Rollover,
): void {
  const spec = specOf(state, position.symbol);
  const nights = nightsCharged(spec, rollover.weekday);
  if (nights === 0 || position.time >= toServerMs(account.server_tz, rollover.at)) return;
  const perLot = position.type === 'buy' ? spec.swap_long : spec.swap_short;
  const charge = roundHalfUp(dec(perLot).times(position.volume).times(nights), account.currency_digits);
  state.put('position', position.ticket, { ...position, swap: plain(dec(position.swap).plus(charge)) });
}
