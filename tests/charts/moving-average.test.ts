import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { movingAverage } from '../../functions/charts/moving-average.ts';
import { realCandles, walk } from './sample-chart.ts';

/** The definition, summed anew for every bar. */
function naive(values: readonly number[], period: number): (number | undefined)[] {
  return values.map((_, index) => {
    if (index < period - 1) return undefined;
    return values.slice(index - period + 1, index + 1).reduce((sum, value) => sum + value, 0) / period;
  });
}

describe('moving average', () => {
  it('equals the definition on any series', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.integer({ min: 2, max: 60 }), (values, period) => {
        const [rolled, direct] = [movingAverage(values, period), naive(values, period)];
        for (const [index, expected] of direct.entries()) {
          if (expected === undefined) expect(rolled[index]).toBeUndefined();
          else expect(Math.abs((rolled[index] ?? Number.NaN) - expected)).toBeLessThan(1e-8);
        }
      }),
    );
  });

  it('does not drift over 20,000 real bars', () => {
    const closes = (realCandles('xauusd_h1_2012-2022.csv', 20_000) ?? walk(20_000)).map(({ close }) =>
      Number(close),
    );
    const [rolled, direct] = [movingAverage(closes, 50), naive(closes, 50)];
    expect(Math.abs((rolled.at(-1) ?? 0) - (direct.at(-1) ?? 1))).toBeLessThan(1e-9);
  });
});
