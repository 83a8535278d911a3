import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logTicks } from '../../functions/charts/log-ticks.ts';
import { runs } from '../support/property.ts';

const both = (distance: number) => ({ wanted: distance, least: distance });

describe('ticks of a logarithmic axis', () => {
  it.each([
    [1900, 2100, [1900, 1920, 1940, 1960, 1980, 2000, 2020, 2040, 2060, 2080, 2100]],
    [1, 1000, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]],
    [50, 100, [50, 60, 70, 80, 90, 100]],
    [1, 1e6, [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]],
    [0.0012, 0.9, [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]],
    [0.002, 1e5, [0.01, 0.1, 1, 10, 100, 1000, 10_000, 100_000]],
  ])('from %d to %d, a tenth of the axis apart', (low, high, expected) => {
    expect(logTicks(low, high, both(Math.log(high / low) * 0.0925), high < 1 ? 3 : 2)).toEqual(expected);
  });

  it('stand closer where 1, 2 and 5 of a decade would else be left out', () => {
    const share = Math.log(25_000) * 0.0925;
    expect(logTicks(2, 50_000, { wanted: share, least: share * 0.7 }, 2)).toEqual([
      ...[2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000],
    ]);
  });

  it('keep their distance, rise, and lie on the axis, however long it is', () => {
    const ends = fc.tuple(
      fc.double({ min: 1e-4, max: 1e6, noNaN: true }),
      fc.double({ min: 1.0005, max: 1e9, noNaN: true }),
    );
    fc.assert(
      fc.property(ends, fc.double({ min: 0.03, max: 0.4, noNaN: true }), ([low, ratio], share) => {
        const high = low * ratio;
        const distance = Math.log(ratio) * share;
        const ticks = logTicks(low, high, { wanted: distance, least: distance * 0.7 }, 8);
        expect(ticks.length).toBeLessThanOrEqual(1 / (0.7 * share) + 2);
        for (const [index, tick] of ticks.entries()) {
          expect(tick >= low && tick <= high).toBe(true);
          const before = ticks[index - 1];
          // A hundredth of slack for what rounding to eight decimals moves.
          if (before !== undefined)
            expect(Math.log(tick / before)).toBeGreaterThanOrEqual(distance * 0.7 * 0.99);
        }
      }),
      runs(),
    );
  });
});
