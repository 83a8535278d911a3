import { isOpen, nextOpen, type TradingCalendar } from './trading-calendar.ts';

/**
 * When the first of some markets trades: `nowMs` where one does, or where the hours of one are not known; infinity where
 * none opens within a year.
 */
export function nextTrading(
  calendars: readonly (TradingCalendar | 'unreadable' | null)[],
  nowMs: number,
): number {
  const opensMs = calendars.map((calendar) => {
    if (calendar === null || calendar === 'unreadable') return nowMs;
    try {
      return isOpen(calendar, nowMs) ? nowMs : (nextOpen(calendar, nowMs) ?? Number.POSITIVE_INFINITY);
    } catch {
      return nowMs;
    }
  });
  return calendars.length === 0 ? nowMs : Math.min(...opensMs);
}
