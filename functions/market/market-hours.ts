import type { Interval } from './interval-set.ts';
import {
  type EntryWindow,
  entryWindow,
  type MarketMode,
  mode,
  nextClose,
  nextOpen,
  openBetween,
  type TradingCalendar,
} from './trading-calendar.ts';

export type MarketHours = {
  mode: MarketMode;
  entry: EntryWindow;
  nextOpenMs: number | null;
  nextCloseMs: number | null;
  calendar: TradingCalendar | null;
  intervals: Interval[];
};

/**
 * What is told of a market: how it stands at `atMs`, and when it is open in [fromMs, toMs). Without a calendar, or with
 * one that cannot be followed, it is closed and nothing is said of when it opens.
 */
export function marketHours(
  calendar: TradingCalendar | 'unreadable' | null,
  { atMs, fromMs, toMs }: { atMs: number; fromMs: number; toMs: number },
): MarketHours {
  const entry = entryWindow(calendar, atMs);
  if (calendar === null || calendar === 'unreadable')
    return { mode: 'closed', entry, nextOpenMs: null, nextCloseMs: null, calendar: null, intervals: [] };
  return {
    mode: mode(calendar, atMs),
    entry,
    nextOpenMs: nextOpen(calendar, atMs),
    nextCloseMs: nextClose(calendar, atMs),
    calendar,
    intervals: openBetween(calendar, fromMs, toMs),
  };
}
