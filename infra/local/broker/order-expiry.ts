// How long a pending order lives, in the server's time (domain.md 1.3).
import { specOf } from './account-figures.ts';
import type { AccountRecord, OrderRecord, TimeType } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { toUtcMs } from './server-clock.ts';
import type { PendingRequest } from './trade-request.ts';
import { nextSessionOpen } from './trading-session.ts';

const DAY_MS = 86_400_000;
/** A session's first tick may still meet an order that fell due while the market was closed. */
const FIRST_TICK_MS = 60_000;

export interface Lifetime {
  type_time: TimeType;
  /** Raw server wall clock, milliseconds; null lives till it is cancelled. */
  time_expiration: number | null;
}

/** The lifetime asked for; null where the symbol does not offer it or it is over already (10022). */
export function lifetimeOf(
  state: BrokerState,
  account: AccountRecord,
  request: Pick<PendingRequest, 'symbol' | 'type_time' | 'expiration'>,
): Lifetime | null {
  const nowMs = state.serverNowMs(account);
  const type = request.type_time ?? (request.expiration === null ? 'gtc' : 'specified');
  if (!specOf(state, request.symbol).expiration_modes.includes(type)) return null;
  if (type === 'gtc') return { type_time: type, time_expiration: null };
  if (type === 'day') return { type_time: type, time_expiration: lastSecondOf(nowMs) };
  if (request.expiration === null) return null;
  const end = type === 'specified_day' ? lastSecondOf(request.expiration) : request.expiration;
  return end > nowMs ? { type_time: type, time_expiration: end } : null;
}

/** 23:59:59 of the day that a wall-clock instant belongs to. */
function lastSecondOf(serverMs: number): number {
  return Math.floor(serverMs / DAY_MS) * DAY_MS + DAY_MS - 1000;
}

/**
 * When a working order ends (UTC ms): at its expiration while its symbol trades, otherwise with the first tick of the
 * next session and at the latest a minute into it; null lives on.
 */
export function expiresAtMs(state: BrokerState, account: AccountRecord, order: OrderRecord): number | null {
  if (order.time_expiration === null) return null;
  const nominal = toUtcMs(account.server_tz, order.time_expiration);
  const spec = specOf(state, order.symbol);
  if (spec.market !== 'sessions') return nominal;
  const opens = nextSessionOpen(spec.session, nominal);
  if (opens === nominal) return nominal;
  const lastTick = state.tables.quote.get(order.symbol)?.time ?? 0;
  return Math.min(lastTick >= opens ? lastTick : Number.POSITIVE_INFINITY, opens + FIRST_TICK_MS);
}
