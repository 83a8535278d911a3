import type { Interval } from './candle.ts';
import { openBetween, type TradingCalendar } from './trading-calendar.ts';

/**
 * When an instrument trades within a window, ascending and cut at its edges; null where it has no calendar or one that
 * cannot be followed.
 */
export const openHours = (
  calendar: TradingCalendar | 'unreadable' | null,
  { fromMs, toMs }: Interval,
): Interval[] | null =>
  calendar === null || calendar === 'unreadable'
    ? null
    : openBetween(calendar, fromMs, toMs).map((i) => ({ fromMs: i.openMs, toMs: i.closeMs }));
