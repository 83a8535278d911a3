import { nextTrading } from '../market/next-trading.ts';
import type { TradingCalendar } from '../market/trading-calendar.ts';

/** How long an approved close is tried (domain 7.3). */
export const CLOSE_TTL_MS = 24 * 3_600_000;
/** How much of the session that it waits for it has at least. */
const SESSION_MS = 3_600_000;

/**
 * When an approved close is given up on: a day after `nowMs`; where that falls into hours in which the market is closed, over
 * a weekend or a holiday, an hour after it has opened again.
 */
export function closeDeadline(calendar: TradingCalendar | 'unreadable' | null, nowMs: number): number {
  const endMs = nowMs + CLOSE_TTL_MS;
  const opensMs = nextTrading([calendar], endMs);
  return opensMs > endMs && Number.isFinite(opensMs) ? opensMs + SESSION_MS : endMs;
}
