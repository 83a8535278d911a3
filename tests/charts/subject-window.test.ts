import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  SHOWN_BARS,
  type SubjectSpan,
  shownRange,
  subjectTimeframe,
  subjectWindow,
} from '../../functions/charts/subject-window.ts';
import { shortestMs, type Timeframe } from '../../functions/market/timeframe.ts';
import { caseCensus, runs } from '../support/property.ts';

const NOW = Date.UTC(2026, 2, 4, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WARM_UP = 50;
const trade = (over: Partial<SubjectSpan> = {}): SubjectSpan => ({
  ...{ fromMs: NOW - HOUR, endMs: null, timeframe: null, isSignal: false },
  ...over,
});

describe('the timeframe of a subject', () => {
  const lasting = (ms: number, own: string | null = null): Timeframe =>
    subjectTimeframe(
      trade({ fromMs: NOW - 30 * 24 * HOUR - ms, endMs: NOW - 30 * 24 * HOUR, timeframe: own }),
      NOW,
    );

  it('is its own where all of it fits, whatever way it is written', () => {
    expect(lasting(3 * HOUR, 'H1')).toBe('H1');
    expect(lasting(3 * HOUR, 'h4')).toBe('H4');
    expect(lasting(200 * HOUR, 'M5')).toBe('H4');
    expect(lasting(3 * HOUR, 'W1')).toBe('D1');
  });

  it('is otherwise the shortest that holds it', () => {
    expect(lasting(MINUTE)).toBe('M1');
    expect(lasting(100 * MINUTE)).toBe('M1');
    expect(lasting(101 * MINUTE)).toBe('M5');
    expect(lasting(20 * HOUR)).toBe('M15');
    expect(lasting(90 * HOUR, 'swing')).toBe('H1');
    expect(lasting(5_000 * HOUR)).toBe('D1');
  });

  it('of what is not over is not looked for in minutes, and a signal’s without one is an hour', () => {
    expect(subjectTimeframe(trade({ fromMs: NOW }), NOW)).toBe('M15');
    expect(subjectTimeframe(trade({ fromMs: NOW - 40 * HOUR }), NOW)).toBe('M30');
    expect(subjectTimeframe(trade({ isSignal: true }), NOW)).toBe('H1');
    expect(subjectTimeframe(trade({ isSignal: true, timeframe: 'M5' }), NOW)).toBe('M5');
  });
});

describe('the window of a subject', () => {
  it('is the newest bars while it goes on, and for some bars after', () => {
    expect(subjectWindow(trade(), 'M15', WARM_UP, NOW)).toEqual({ kind: 'newest', bars: 200 });
    const over = trade({ endMs: NOW - 5 * MINUTE });
    expect(subjectWindow(over, 'M1', WARM_UP, NOW)).toEqual({ kind: 'newest', bars: 200 });
    expect(subjectWindow(trade({ isSignal: true }), 'H1', WARM_UP, NOW).kind).toBe('newest');
  });

  it('is around it when it is over, and an old signal stands in the middle', () => {
    const endMs = NOW - 48 * HOUR;
    const found = subjectWindow(trade({ fromMs: endMs - 10 * HOUR, endMs }), 'H1', WARM_UP, NOW);
    expect(found).toEqual({
      kind: 'window',
      window: { fromMs: endMs - 180 * HOUR, toMs: endMs + 21 * HOUR },
      wider: { fromMs: endMs - 276 * HOUR, toMs: NOW },
    });
    const old = subjectWindow(trade({ fromMs: NOW - 30 * 24 * HOUR, isSignal: true }), 'H1', WARM_UP, NOW);
    expect(old).toMatchObject({ window: { toMs: NOW - 30 * 24 * HOUR + 76 * HOUR } });
  });

  it('shows all of any subject, with bars before it and after it, as many as a chart has', () => {
    const census = caseCensus('newest', 'window', 'open', 'signal');
    const span = fc.record({
      ageMs: fc.integer({ min: 0, max: 400 * 24 * 60 }).map((m) => m * MINUTE),
      lastedMs: fc.integer({ min: 0, max: 60 * 24 * 60 }).map((m) => m * MINUTE),
      isOpen: fc.boolean(),
      isSignal: fc.boolean(),
      timeframe: fc.constantFrom(null, 'M1', 'M15', 'H1', 'H4', 'scalp'),
    });
    fc.assert(
      fc.property(span, ({ ageMs, lastedMs, isOpen, isSignal, timeframe }) => {
        const endMs = isOpen || isSignal ? null : NOW - ageMs;
        const fromMs = isSignal ? NOW - ageMs : (endMs ?? NOW) - lastedMs;
        const of = { fromMs, endMs, timeframe, isSignal };
        const chosen = subjectTimeframe(of, NOW);
        const size = shortestMs(chosen);
        const wanted = subjectWindow(of, chosen, WARM_UP, NOW);
        census.note(wanted.kind, true);
        census.note('open', endMs === null && !isSignal);
        census.note('signal', isSignal);
        const last = Math.floor((NOW - size) / size) * size;
        const [low, high] =
          wanted.kind === 'newest'
            ? [last - (wanted.bars - 1) * size, last]
            : [Math.ceil(wanted.window.fromMs / size) * size, Math.min(last, wanted.window.toMs - 1)];
        const openings: number[] = [];
        for (let at = low; at <= high; at += size) openings.push(at);
        const { from, to, visibleFrom } = shownRange(openings, of, WARM_UP);
        const shown = openings.slice(from, to).slice(visibleFrom);
        expect(shown.length).toBeGreaterThanOrEqual(SHOWN_BARS - 2);
        expect(shown.length).toBeLessThanOrEqual(SHOWN_BARS);
        expect(shown[5] ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(fromMs);
        expect((shown.at(-1) ?? 0) + 2 * size).toBeGreaterThan(Math.min(endMs ?? fromMs, NOW));
      }),
      runs(),
    );
    census.expectAllMet();
  });
});
