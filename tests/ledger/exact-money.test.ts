import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOf, meanOf, unitsOf } from '../../functions/ledger/exact-money.ts';
import { Big, plain } from '../../functions/platform/decimal.ts';
import { runs } from '../support/property.ts';

describe('exact money', () => {
  it('is the same amount in units and as a decimal, to the last digit that the books keep', () => {
    expect(unitsOf('-0.01')).toBe(-1_000_000n);
    expect(unitsOf('12.30000000000')).toBe(1_230_000_000n);
    expect(amountOf(-1n)).toBe('-0.00000001');
    expect(amountOf(0n)).toBe('0');
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (units) => {
        expect(unitsOf(amountOf(units))).toBe(units);
        expect(amountOf(units)).toBe(plain(new Big(units.toString()).div(1e8)));
      }),
      runs(),
    );
  });

  it.each(['', '1e3', '1.', '.5', '0.000000001', ' 1', '1 000', 'NaN', '--1'])('is not %j', (text) => {
    expect(() => unitsOf(text)).toThrow(RangeError);
  });

  it('has a mean that is rounded half away from zero', () => {
    expect([meanOf(5n, 2), meanOf(-5n, 2), meanOf(4n, 3), meanOf(-4n, 3)]).toEqual(
      [3n, -3n, 1n, -1n].map(amountOf),
    );
  });
});
