import { compare } from '../platform/decimal.ts';
import type { Candle, Interval } from './candle.ts';
import { type StoredTimeframe, storedMs } from './timeframe.ts';

/** numeric(18,8) holds less than this. */
const TOO_LARGE = '10000000000';

export type CheckedCandles =
  | { kind: 'ok'; candles: Candle[] }
  | { kind: 'faulty'; timeMs: number; fault: string };

/**
 * Bars as somebody stated them, held against what bars are: ascending, none twice, each beginning where its timeframe
 * allows and within the window that was asked for, prices positive and between low and high. One fault condemns the
 * lot, since what sent it cannot be told from what is sound. A bar that has not ended by `nowMs` is no fault: it is
 * dropped, because it will still change.
 */
export function checkedCandles(
  stated: readonly Candle[],
  of: { timeframe: StoredTimeframe; window?: Interval; nowMs: number },
): CheckedCandles {
  const size = storedMs(of.timeframe);
  let last = Number.NEGATIVE_INFINITY;
  for (const candle of stated) {
    const { timeMs } = candle;
    const fault = timeMs <= last ? 'is not after the one before' : candleFault(candle, size, of.window);
    if (fault !== null) return { kind: 'faulty', timeMs, fault };
    last = timeMs;
  }
  return { kind: 'ok', candles: stated.filter((c) => c.timeMs + size <= of.nowMs) };
}

function candleFault(candle: Candle, sizeMs: number, window: Interval | undefined): string | null {
  const { timeMs, open, high, low, close, volume } = candle;
  if (timeMs % sizeMs !== 0) return 'does not begin where its timeframe does';
  if (window && (timeMs < window.fromMs || timeMs >= window.toMs)) return 'lies outside the window';
  if (compare(low, '0') <= 0) return 'has a price that is not positive';
  if (![open, close].every((p) => atMost(low, p) && atMost(p, high)))
    return 'has a price outside its low and high';
  if (!atMost('0', volume)) return 'has a negative volume';
  return [high, volume].every((v) => Number(v) < Number(TOO_LARGE)) ? null : 'has a number that is too large';
}

/** Floats order decimals rightly where they differ; only where they do not is the slow comparison needed. */
const atMost = (a: string, b: string): boolean => Number(a) < Number(b) || compare(a, b) <= 0;
