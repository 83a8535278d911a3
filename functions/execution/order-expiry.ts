/**
 * When a pending order ends at the broker. An expiry that falls where the market is closed could still be alive for
 * the first tick after it (domain 1.3): it is put at the last close before. Pure.
 */

import { isOpen, lastCloseBefore, type TradingCalendar } from '../market/trading-calendar.ts';

/** An instrument's sessions, as far as expiries need them. */
export type SessionHours = {
  isOpen(atMs: number): boolean;
  /** The last instant not after `atMs` at which a session ended; null where none is known. */
  lastCloseBefore(atMs: number): number | null;
};

/** The sessions of a calendar; null where there is none, or it cannot be followed from `nowMs` on. */
export function sessionHours(
  calendar: TradingCalendar | 'unreadable' | null,
  nowMs: number,
): SessionHours | null {
  if (calendar === null || calendar === 'unreadable') return null;
  try {
    isOpen(calendar, nowMs);
  } catch {
    return null;
  }
  return {
    isOpen: (atMs) => isOpen(calendar, atMs),
    lastCloseBefore: (atMs) => lastCloseBefore(calendar, atMs),
  };
}

/** The expiry to send; null where the market will not have been open by then. `hours` null: they are not known. */
export function orderExpiry(wantedMs: number, hours: SessionHours | null, nowMs: number): number | null {
  const at = hours === null || hours.isOpen(wantedMs) ? wantedMs : hours.lastCloseBefore(wantedMs);
  return at === null || at <= nowMs ? null : at;
}
