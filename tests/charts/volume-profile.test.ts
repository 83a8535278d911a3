import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candle } from '../../functions/charts/candle-series.ts';
import { VALUE_AREA, volumeProfile } from '../../functions/charts/volume-profile.ts';
import { caseCensus, runs } from '../support/property.ts';
import { anyCandles } from './any-candles.ts';

const bar = (low: number, high: number, volume: number, up = true): Candle => ({
  ...{ timeMs: 0, open: up ? low : high, high, low, close: up ? high : low, volume },
});

function profileOf(bars: readonly Candle[], bins: number) {
  const profile = volumeProfile(bars, bins, 0.01);
  if (profile === undefined) throw new Error('no profile');
  return profile;
}

describe('volume profile', () => {
  it('holds what the bars hold, side by side, and covers their range', () => {
    const seen = caseCensus('traded', 'none traded', 'one price');
    fc.assert(
      fc.property(anyCandles(), fc.integer({ min: 2, max: 200 }), (bars, bins) => {
        const total = (side: (bar: Candle) => boolean): number =>
          bars.filter(side).reduce((sum, { volume = 0 }) => sum + volume, 0);
        const all = total(() => true);
        const profile = volumeProfile(bars, bins, 0.01);
        expect(profile === undefined).toBe(seen.note('none traded', all === 0));
        if (all === 0) return;
        seen.note('traded', true);
        const rows = profile?.rows ?? [];
        const sum = (side: 'up' | 'down'): number => rows.reduce((s, row) => s + row[side], 0);
        expect(rows).toHaveLength(bins);
        expect(Math.abs(sum('up') + sum('down') - all)).toBeLessThanOrEqual(1e-9 * all);
        expect(sum('up')).toBeCloseTo(
          total(({ open, close }) => close >= open),
          6,
        );
        const [low, high] = [Math.min(...bars.map((b) => b.low)), Math.max(...bars.map((b) => b.high))];
        if (seen.note('one price', low === high)) return;
        expect([rows[0]?.low, rows.at(-1)?.high]).toEqual([low, high]);
      }),
      runs(),
    );
    seen.expectAllMet();
  });

  it('spreads a bar evenly over the prices it covers', () => {
    const { rows } = profileOf([bar(0, 4, 0), bar(1, 3.5, 10), bar(2, 4, 4, false)], 4);
    expect(rows.map(({ up, down }) => [up, down])).toEqual([
      [0, 0],
      [4, 0],
      [4, 2],
      [2, 2],
    ]);
  });

  it('names the row of the most volume and grows the value area by the larger neighbour to 70 %', () => {
    const rows = [1, 2, 9, 3, 4, 1].map((volume, index) => bar(index, index + 1, volume));
    const profile = profileOf(rows, 6);
    expect(profile.pointOfControl).toBe(2);
    expect(profile.valueArea).toEqual({ from: 2, to: 4 });
    const held = [9, 3, 4].reduce((a, b) => a + b) / profile.total;
    expect(held).toBeGreaterThanOrEqual(VALUE_AREA);
    expect((held * profile.total - 4) / profile.total).toBeLessThan(VALUE_AREA);
  });

  it('puts a market that never moved into one row', () => {
    const { rows } = profileOf([bar(5, 5, 7), bar(5, 5, 1)], 3);
    expect(rows.map(({ up }) => up)).toEqual([0, 8, 0]);
  });
});
