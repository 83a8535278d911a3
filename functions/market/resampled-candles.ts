import { compare, sum } from '../platform/decimal.ts';
import type { Candle, Interval } from './candle.ts';
import type { ServerClock } from './server-clock.ts';
import {
  barEnd,
  barStart,
  onServerClock,
  type StoredTimeframe,
  sourceOf,
  type Timeframe,
} from './timeframe.ts';

const UTC: ServerClock = { toServerMs: (ms) => ms, toUtcMs: (ms) => ms, startMs: (ms) => ms };

/** The clock on which bars of a timeframe begin. */
const clockOf = (timeframe: Timeframe, server: ServerClock): ServerClock =>
  onServerClock(timeframe) ? server : UTC;

/** The bar of a timeframe that an instant (UTC) belongs to, from its beginning to its end, in UTC. */
export function barAround(timeframe: Timeframe, server: ServerClock, utcMs: number): Interval {
  const clock = clockOf(timeframe, server);
  const start = barStart(timeframe, clock.toServerMs(utcMs));
  return { fromMs: clock.startMs(start), toMs: clock.startMs(barEnd(timeframe, start)) };
}

/** No zone changes its offset twice within so long. */
const OFFSET_HELD_MS = 4 * 86_400_000;

/** The longest stored timeframe that the bars of a timeframe are made of throughout a window, on the server's clock. */
export function sourceWithin(timeframe: Timeframe, server: ServerClock, window: Interval): StoredTimeframe {
  const clock = clockOf(timeframe, server);
  const offsets = new Set<number>();
  for (let ms = window.fromMs; ms < window.toMs; ms += OFFSET_HELD_MS) offsets.add(clock.toServerMs(ms) - ms);
  offsets.add(clock.toServerMs(window.toMs) - window.toMs);
  return sourceOf(timeframe, [...offsets]);
}

/**
 * The window that whole bars need: from the first that begins within `window` to the end of the last that does.
 * Empty (`fromMs` is `toMs`) where none begins there.
 */
export function wholeBars(timeframe: Timeframe, server: ServerClock, window: Interval): Interval {
  const at = barAround(timeframe, server, window.fromMs);
  const fromMs = at.fromMs >= window.fromMs ? at.fromMs : at.toMs;
  if (fromMs >= window.toMs) return { fromMs, toMs: fromMs };
  return { fromMs, toMs: barAround(timeframe, server, window.toMs - 1).toMs };
}

/**
 * Ascending bars put together into those of a longer timeframe: the first open, the highest high, the lowest low, the
 * last close, the sum of volumes. A bar takes all that begin within it and has the time of its own beginning, though
 * trading began later (a Monday's is the server's midnight). One that has not ended by `closedMs` is dropped. Bars of
 * a day and longer follow the broker's trading day, which is why its clock is needed.
 */
export function resampledCandles(
  candles: readonly Candle[],
  timeframe: Timeframe,
  server: ServerClock,
  closedMs: number,
): Candle[] {
  const bars: Candle[] = [];
  let volumes: string[] = [];
  let end = Number.NEGATIVE_INFINITY;
  const close = () => {
    const bar = bars.at(-1);
    if (bar) bar.volume = sum(volumes);
  };
  for (const candle of candles) {
    const bar = bars.at(-1);
    if (bar === undefined || candle.timeMs >= end) {
      close();
      const around = barAround(timeframe, server, candle.timeMs);
      bars.push({ ...candle, timeMs: around.fromMs });
      volumes = [candle.volume];
      end = around.toMs;
      continue;
    }
    if (compare(candle.high, bar.high) > 0) bar.high = candle.high;
    if (compare(candle.low, bar.low) < 0) bar.low = candle.low;
    bar.close = candle.close;
    volumes.push(candle.volume);
  }
  close();
  return end > closedMs ? bars.slice(0, -1) : bars;
}
