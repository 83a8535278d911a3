/**
 * The bar lengths of an MT5 terminal (ENUM_TIMEFRAMES) and where their bars begin. Bars of up to an hour begin at the
 * same instants whatever the broker's clock shows, since servers differ from UTC by whole hours; longer ones begin on
 * the server's own clock, or on whichever a caller names: at its midnight, its Sunday, the first of its month.
 */
import { isoTime } from '../platform/clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Thursday 1 January 1970 stands four days after a Sunday. */
const SUNDAY_MS = -4 * DAY_MS;

/** Minutes of a bar; null where only a calendar tells its length. */
const MINUTES = {
  ...{ M1: 1, M2: 2, M3: 3, M4: 4, M5: 5, M6: 6, M10: 10, M12: 12, M15: 15, M20: 20, M30: 30 },
  ...{ H1: 60, H2: 120, H3: 180, H4: 240, H6: 360, H8: 480, H12: 720, D1: 1440, W1: 10_080, MN1: null },
} as const satisfies Record<string, number | null>;

export type Timeframe = keyof typeof MINUTES;
export const TIMEFRAMES = Object.keys(MINUTES) as [Timeframe, ...Timeframe[]];

/**
 * What a bridge is asked for and what is stored: bars that every broker cuts at the same instants. All others are put
 * together from these, so that one account's days do not depend on how its bridge understood its server's clock.
 */
export const STORED_TIMEFRAMES = ['M1', 'M5', 'M15', 'M30', 'H1'] as const satisfies Timeframe[];
export type StoredTimeframe = (typeof STORED_TIMEFRAMES)[number];

/** Milliseconds of a stored bar. */
export const storedMs = (timeframe: StoredTimeframe): number => MINUTES[timeframe] * MINUTE_MS;

/** Milliseconds of a bar, the shortest there is of it (a February). */
export const shortestMs = (timeframe: Timeframe): number => (MINUTES[timeframe] ?? 28 * 1440) * MINUTE_MS;

/**
 * The longest stored timeframe that a bar of this one is made of, itself included. `offsetsMs`: how far the clock on which
 * its bars begin is from UTC; at half an hour a bar begins in the middle of a stored hour, which therefore is no part of it.
 */
export function sourceOf(timeframe: Timeframe, offsetsMs: readonly number[] = []): StoredTimeframe {
  const minutes = MINUTES[timeframe];
  const whole = STORED_TIMEFRAMES.filter((s) => minutes === null || minutes % MINUTES[s] === 0);
  return whole.findLast((s) => offsetsMs.every((offset) => offset % storedMs(s) === 0)) ?? 'M1';
}

/** Whether the bars begin on the server's clock and not on UTC. */
export const onServerClock = (timeframe: Timeframe): boolean =>
  (MINUTES[timeframe] ?? Number.POSITIVE_INFINITY) > 60;

/** The start of the bar that a moment belongs to, both in milliseconds of the clock that the timeframe begins on. */
export function barStart(timeframe: Timeframe, ms: number): number {
  const minutes = MINUTES[timeframe];
  if (minutes === null) return Date.parse(`${isoTime(ms).slice(0, 7)}-01T00:00:00Z`);
  const size = minutes * MINUTE_MS;
  const origin = timeframe === 'W1' ? SUNDAY_MS : 0;
  return origin + Math.floor((ms - origin) / size) * size;
}

/** Where the bar that begins at `startMs` ends and the next begins, on the same clock. */
export function barEnd(timeframe: Timeframe, startMs: number): number {
  const minutes = MINUTES[timeframe];
  // No month has more than 31 days, and none fewer than 28.
  return minutes === null ? barStart('MN1', startMs + 31 * DAY_MS) : startMs + minutes * MINUTE_MS;
}
