import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compare,
  decimalPlaces,
  isPlainDecimal,
  plain,
  plainOrNull,
  sum,
  weightedAverage,
} from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';

/** A decimal of `units` at `places` digits, written the long way. */
const written = (units: bigint, places: number): string => {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const split = digits.length - places;
  const text = places === 0 ? digits : `${digits.slice(0, split)}.${digits.slice(split)}`;
  return units < 0n ? `-${text}` : text;
};
const units = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });

describe('plain', () => {
  it.each([
    ['1.10', '1.1'],
    ['100', '100'],
    ['0.00000001', '0.00000001'],
    ['1e21', '1000000000000000000000'],
    ['1e-10', '0.0000000001'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['-1.50', '-1.5'],
  ])('%s is written %s', (given, expected) => {
    expect(plain(given)).toBe(expected);
  });

  it('null stays null', () => {
    expect(plainOrNull(null)).toBeNull();
    expect(plainOrNull('2.50')).toBe('2.5');
  });

  it('throws on what is no number, rather than counting it as something', () => {
    for (const text of ['', 'abc', 'NaN', 'Infinity', '1,5', ' 1']) expect(() => plain(text), text).toThrow();
  });
});

describe('sum', () => {
  it('is exact where doubles are not, in any order', () => {
    expect(sum(['0.1', '0.2'])).toBe('0.3');
    expect(sum([])).toBe('0');
    const census = caseCensus('negative total', 'zero total', 'fraction');
    fc.assert(
      fc.property(fc.array(units, { maxLength: 12 }), fc.integer({ min: 0, max: 8 }), (parts, places) => {
        const total = parts.reduce((a, b) => a + b, 0n);
        census.note('negative total', total < 0n);
        census.note('zero total', total === 0n);
        census.note('fraction', places > 0 && total % 10n !== 0n);
        const texts = parts.map((u) => written(u, places));
        expect(sum(texts)).toBe(plain(written(total, places)));
        expect(sum([...texts].reverse())).toBe(sum(texts));
      }),
      runs(300),
    );
    census.expectAllMet();
  });
});

describe('plain decimals', () => {
  it.each(['0', '1', '10', '0.1', '1.10', '999999.99999999'])('%s is one', (text) => {
    expect(isPlainDecimal(text)).toBe(true);
  });

  it.each(['', '.1', '1.', '01', '-1', '+1', '1e3', '1E3', '0x1', ' 1', '1 ', '1,0', '١', 'NaN', '1\n'])(
    '%j is none',
    (text) => {
      expect(isPlainDecimal(text)).toBe(false);
    },
  );

  it.each([
    ['1', 0],
    ['1.0', 0],
    ['1.10', 1],
    ['0.00000001', 8],
    ['100.000', 0],
  ])('%s has %d decimal places that count', (text, places) => {
    expect(decimalPlaces(text)).toBe(places);
  });

  it('compare by value, not by spelling', () => {
    expect(compare('2.0', '2')).toBe(0);
    expect(compare('10', '9')).toBeGreaterThan(0);
    expect(compare('-1', '0.5')).toBeLessThan(0);
  });
});

describe('weighted average', () => {
  it('is null where no volume came', () => {
    expect(weightedAverage([], 8)).toBeNull();
    expect(weightedAverage([{ price: '1', volume: '0' }], 8)).toBeNull();
  });

  it('weighs by volume and rounds half up at the asked place', () => {
    expect(
      weightedAverage(
        [
          { price: '1.10000', volume: '0.3' },
          { price: '1.10010', volume: '0.1' },
        ],
        8,
      ),
    ).toBe('1.100025');
    expect(
      weightedAverage(
        [
          { price: '1', volume: '1' },
          { price: '2', volume: '2' },
        ],
        2,
      ),
    ).toBe('1.67');
    const half = ['0.01', '0.02'].map((price) => ({ price, volume: '1' }));
    expect(weightedAverage(half, 2)).toBe('0.02');
  });

  it('never leaves the range of its prices', () => {
    const leg = fc.record({
      price: fc.bigInt({ min: 1n, max: 10n ** 9n }).map((u) => written(u, 5)),
      volume: fc.bigInt({ min: 1n, max: 10_000n }).map((u) => written(u, 2)),
    });
    const census = caseCensus('strictly inside');
    fc.assert(
      fc.property(fc.array(leg, { minLength: 1, maxLength: 6 }), (legs) => {
        const average = weightedAverage(legs, 8) ?? '';
        const prices = legs.map((l) => l.price).sort(compare);
        expect(compare(average, prices[0] ?? '')).toBeGreaterThanOrEqual(0);
        expect(compare(average, prices.at(-1) ?? '')).toBeLessThanOrEqual(0);
        census.note(
          'strictly inside',
          compare(average, prices[0] ?? '') > 0 && compare(average, prices.at(-1) ?? '') < 0,
        );
      }),
      runs(),
    );
    census.expectAllMet();
  });
});
