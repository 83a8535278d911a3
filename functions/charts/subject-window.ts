/**
 * Which bars show a signal or a trade: its own timeframe where all of it fits, otherwise the shortest in which it does, and
 * a window around it, not the newest bars, once it is over. Invariant: with the market open throughout, all of the subject
 * is among the `SHOWN_BARS` shown, with bars before and after it. Times are milliseconds UTC.
 */
import type { Interval } from '../market/candle.ts';
import { shortestMs, TIMEFRAMES, type Timeframe } from '../market/timeframe.ts';

export const SHOWN_BARS = 150;
/** Bars that the subject itself may take, and those shown behind it when it is over. */
const SUBJECT_BARS = 100;
const AFTER_BARS = 20;
/** Bars of a signal's future that are worth more than its past. */
const SIGNAL_AFTER_BARS = 75;

/** From what is chosen, shortest first; what is not over yet is not looked at in minutes. */
const CHOICES = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'] as const satisfies readonly Timeframe[];
const SHORTEST_OPEN = 'M15';

/** Closed hours of a weekend and a holiday, for bars that were not there. */
const CLOSED_MS = 4 * 86_400_000;

/**
 * `timeframe`: what the strategy said, in its own words. `endMs` null: not over. `isSignal`: a moment and no span: `endMs` is
 * null, and it is over when its bars would be out of sight.
 */
export type SubjectSpan = {
  fromMs: number;
  endMs: number | null;
  timeframe: string | null;
  isSignal: boolean;
};

/** The bars to fetch: the newest so many, or those of a window; `wider` where that held too few for closed hours. */
export type SubjectWindow =
  | { kind: 'newest'; bars: number }
  | { kind: 'window'; window: Interval; wider: Interval };

const ownTimeframe = (text: string | null): Timeframe | null => {
  const named = TIMEFRAMES.find((t) => t === text?.toUpperCase()) ?? null;
  // Whole weeks and months take more history than a chart is worth.
  return named === 'W1' || named === 'MN1' ? 'D1' : named;
};

/** The timeframe that shows the subject. */
export function subjectTimeframe(span: SubjectSpan, nowMs: number): Timeframe {
  const own = ownTimeframe(span.timeframe);
  if (span.isSignal) return own ?? 'H1';
  const lastedMs = (span.endMs ?? nowMs) - span.fromMs;
  const holds = (t: Timeframe) => lastedMs <= SUBJECT_BARS * shortestMs(t);
  if (own !== null && holds(own)) return own;
  const from = span.endMs === null ? CHOICES.indexOf(SHORTEST_OPEN) : 0;
  return CHOICES.slice(from).find(holds) ?? 'D1';
}

/** The bars of `timeframe` that show the subject, with `warmUpBars` before them for the indicators. */
export function subjectWindow(
  span: SubjectSpan,
  timeframe: Timeframe,
  warmUpBars: number,
  nowMs: number,
): SubjectWindow {
  const sizeMs = shortestMs(timeframe);
  const after = span.isSignal ? SIGNAL_AFTER_BARS : AFTER_BARS;
  const endMs = span.endMs ?? (span.isSignal ? span.fromMs : nowMs);
  const toMs = endMs + after * sizeMs;
  if (toMs >= nowMs) return { kind: 'newest', bars: SHOWN_BARS + warmUpBars };
  const fromMs = toMs - (SHOWN_BARS + warmUpBars) * sizeMs;
  const end = toMs + sizeMs;
  return {
    kind: 'window',
    window: { fromMs, toMs: end },
    wider: { fromMs: fromMs - CLOSED_MS, toMs: Math.min(nowMs, end + CLOSED_MS) },
  };
}

/**
 * Of fetched bars (openings, ascending) the range to keep: `SHOWN_BARS` up to some behind the end, and warm-up bars before
 * them, of which `visibleFrom` is the first after.
 */
export function shownRange(
  openings: readonly number[],
  span: SubjectSpan,
  warmUpBars: number,
): { from: number; to: number; visibleFrom: number } {
  const after = span.isSignal ? SIGNAL_AFTER_BARS : AFTER_BARS;
  const endMs = span.endMs ?? (span.isSignal ? span.fromMs : null);
  const behind = endMs === null ? -1 : openings.findIndex((at) => at > endMs);
  const to = behind < 0 ? openings.length : Math.min(openings.length, behind + after);
  const first = Math.max(0, to - SHOWN_BARS);
  const from = Math.max(0, first - warmUpBars);
  return { from, to, visibleFrom: first - from };
}
