import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountSubset, magnitude } from '../../functions/ledger/amount-subset.ts';
import { caseCensus, runs } from '../support/property.ts';

const items = (...units: number[]) => units.map((n) => ({ units: BigInt(n) }));
const found = (of: { units: bigint }[], amount: number) =>
  amountSubset(of, BigInt(amount))?.map((item) => Number(item.units)) ?? null;

describe('items that add up to an amount', () => {
  it('are the fewest, and of as few the first', () => {
    expect(found(items(2, 3, 5), 5)).toEqual([5]);
    expect(found(items(-4, 1, 4, 5), 1)).toEqual([1]);
    expect(found(items(2, 3, 1, 4), 5)).toEqual([2, 3]);
    expect(found(items(2, 3), 6)).toBeNull();
    expect(found(items(), 1)).toBeNull();
    expect(found(items(0, 1, -1), 0)).toBeNull();
    expect([magnitude(-3n), magnitude(3n)]).toEqual([3n, 3n]);
  });

  it('are found wherever there are any', () => {
    const census = caseCensus('found', 'not found');
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 8 }),
        fc.integer({ min: -40, max: 40 }).filter((n) => n !== 0),
        (units, amount) => {
          const sums = Array.from({ length: 2 ** units.length }, (_, mask) =>
            units.reduce((sum, n, i) => ((mask >> i) & 1 ? sum + n : sum), 0),
          );
          const some = found(items(...units), amount);
          expect(some !== null).toBe(sums.includes(amount));
          if (some !== null) expect(some.reduce((sum, n) => sum + n, 0)).toBe(amount);
          census.note(some === null ? 'not found' : 'found', true);
        },
      ),
      runs(),
    );
    census.expectAllMet();
  });
});
