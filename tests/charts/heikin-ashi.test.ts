import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Candle } from '../../functions/charts/candle-series.ts';
import { heikinAshi } from '../../functions/charts/heikin-ashi.ts';
import { runs } from '../support/property.ts';
import { anyCandles } from './any-candles.ts';

/** The open of the n-th bar, by the definition's recurrence and nothing kept from bar to bar. */
function openOf(candles: readonly Candle[], index: number): number {
  const bar = candles[index];
  if (bar === undefined) return Number.NaN;
  if (index === 0) return 0.5 * (bar.open + bar.close);
  return 0.5 * openOf(candles, index - 1) + 0.5 * closeOf(candles[index - 1]);
}

const closeOf = (bar: Candle | undefined): number =>
  bar === undefined ? Number.NaN : 0.25 * bar.open + 0.25 * bar.high + 0.25 * bar.low + 0.25 * bar.close;

it('equals its recurrence, written apart from it, on any bars', () => {
  fc.assert(
    fc.property(anyCandles(), (candles) => {
      for (const [index, found] of heikinAshi(candles).entries()) {
        const bar = candles[index];
        const [open, close] = [openOf(candles, index), closeOf(bar)];
        expect(found.open).toBeCloseTo(open, 9);
        expect(found.close).toBeCloseTo(close, 9);
        expect(found.high).toBeCloseTo(Math.max(bar?.high ?? 0, open, close), 9);
        expect(found.low).toBeCloseTo(Math.min(bar?.low ?? 0, open, close), 9);
        expect([found.timeMs, found.volume]).toEqual([bar?.timeMs, bar?.volume]);
      }
    }),
    runs(),
  );
});

it('starts at the middle of the first body', () => {
  const bar = { timeMs: 0, open: 10, high: 16, low: 8, close: 14 };
  expect(heikinAshi([bar, { ...bar, timeMs: 1 }])).toEqual([
    { timeMs: 0, open: 12, high: 16, low: 8, close: 12 },
    { timeMs: 1, open: 12, high: 16, low: 8, close: 12 },
  ]);
});

it('a bar is not told otherwise when more bars come', () => {
  fc.assert(
    fc.property(anyCandles(), (candles) => {
      const half = candles.slice(0, candles.length >> 1);
      expect(heikinAshi(candles).slice(0, half.length)).toEqual(heikinAshi(half));
    }),
    runs(50),
  );
});
