import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceBand } from '../../functions/approvals/price-band.ts';
import { Big, decimalPlaces } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';

describe('a price band', () => {
  it.each([
    ['2035.1', 2, 50, '2034.6', '2035.6'],
    ['1.1', 5, 10, '1.0999', '1.1001'],
    ['150', 3, 0, '150', '150'],
    ['100', 2, null, '99.5', '100.5'],
    ['1.23456', 5, null, '1.22839', '1.24073'],
    ['0.5', 2, 1000, '0', '10.5'],
    ['10', 0, null, '10', '10'],
  ])('around %s at %d digits with %s points is %s to %s', (price, digits, points, low, high) => {
    expect(priceBand(price, digits, points)).toEqual({ low, high });
  });

  it('is never wider than was asked, never below zero, and stands on the instrument’s digits', () => {
    const census = caseCensus(
      'points',
      'half a percent',
      'rounded inward',
      'cut at zero',
      'nothing is inside',
    );
    const price = fc.tuple(fc.integer({ min: 1, max: 999_999_999 }), fc.integer({ min: 0, max: 8 }));
    const points = fc.option(
      fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1_000_000 })),
    );
    fc.assert(
      fc.property(price, fc.integer({ min: 0, max: 8 }), points, ([units, places], digits, asked) => {
        const at = new Big(units).div(new Big(10).pow(places));
        const band = priceBand(at.toFixed(), digits, asked);
        const width = asked === null ? at.times('0.005') : new Big(asked).div(new Big(10).pow(digits));
        const [low, high] = [new Big(band.low), new Big(band.high)];
        expect(low.gte(at.minus(width)) && high.lte(at.plus(width)), 'inside what was asked').toBe(true);
        expect(low.gte(0)).toBe(true);
        expect(Math.max(decimalPlaces(band.low), decimalPlaces(band.high))).toBeLessThanOrEqual(digits);
        const tick = new Big(1).div(new Big(10).pow(digits));
        expect(low.minus(tick).lt(at.minus(width)) || low.eq(0), 'no tick narrower than it must be').toBe(
          true,
        );
        expect(high.plus(tick).gt(at.plus(width))).toBe(true);
        census.note('points', asked !== null);
        census.note('half a percent', asked === null);
        census.note('rounded inward', !low.eq(at.minus(width)) && low.gt(0));
        census.note('cut at zero', at.lt(width));
        census.note('nothing is inside', low.gt(high));
      }),
      runs(1000),
    );
    census.expectAllMet();
  });
});
