import type { Interval } from './candle.ts';

/**
 * Where bars are missing though the market was open: the stretches of `window`, ascending, that hold no bar of
 * `times` (openings, ascending) and in which a bar of `sizeMs` would have been open for trading at some moment. Closed
 * hours between two bars are no gap. A minute in which nobody dealt has no bar at the broker either and shows here.
 * `open` is disjoint and ascending; `window` lies on bar boundaries or counts the bars that begin within it.
 */
export function candleGaps(
  times: readonly number[],
  sizeMs: number,
  window: Interval,
  open: readonly Interval[],
): Interval[] {
  const seen = new Set(times);
  const first = Math.ceil(window.fromMs / sizeMs) * sizeMs;
  const gaps: Interval[] = [];
  let next = first;
  for (const { fromMs, toMs } of open) {
    // A bar that two sessions share is looked at once.
    const start = Math.max(next, Math.floor(fromMs / sizeMs) * sizeMs);
    for (next = start; next < toMs && next < window.toMs; next += sizeMs) {
      if (seen.has(next)) continue;
      const last = gaps.at(-1);
      if (last?.toMs === next) last.toMs = next + sizeMs;
      else gaps.push({ fromMs: next, toMs: next + sizeMs });
    }
  }
  return gaps;
}

/** The one stretch that holds all of them; null for none. */
export function spanOf(gaps: readonly Interval[]): Interval | null {
  const [first, last] = [gaps[0], gaps.at(-1)];
  return first && last ? { fromMs: first.fromMs, toMs: last.toMs } : null;
}

/** A window in pieces of at most `pieceMs`, ascending, without overlap. */
export function pieces(window: Interval, pieceMs: number): Interval[] {
  const found: Interval[] = [];
  for (let fromMs = window.fromMs; fromMs < window.toMs; fromMs += pieceMs)
    found.push({ fromMs, toMs: Math.min(fromMs + pieceMs, window.toMs) });
  return found;
}
