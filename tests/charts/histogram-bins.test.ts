import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Histogram,
  histogram,
  MAX_AUTO_BINS,
  MIN_BINS,
  quantile,
} from '../../functions/charts/histogram-bins.ts';
import { caseCensus, runs } from '../support/property.ts';

const money = fc.oneof(
  fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
  fc.constantFrom(0, -0.01, 0.01, 9e13, -9e13, 250),
);
const asked = fc.option(fc.integer({ min: 2, max: 200 }), { nil: undefined });

const made = (values: readonly number[], bins?: number, digits = 2): Histogram =>
  histogram(values, bins === undefined ? { digits } : { bins, digits });
const countsOf = ({ bins }: Histogram): number[] => bins.map(({ count }) => count);

describe('bins', () => {
  it('hold every value once, between edges that strictly increase, as many bins as asked for', () => {
    const census = caseCensus('asked', 'both signs', 'open', 'all equal');
    fc.assert(
      fc.property(fc.array(money, { minLength: 1, maxLength: 200 }), asked, (values, wanted) => {
        const found = made(values, wanted);
        const { bins, below, above } = found;
        const [low, high] = [Math.min(...values), Math.max(...values)];
        census.note('asked', wanted !== undefined);
        census.note('all equal', low === high);
        census.note('open', below + above > 0);
        expect(countsOf(found).reduce((sum, count) => sum + count, 0)).toBe(values.length);
        for (const [index, { from, to }] of bins.entries()) {
          expect(to).toBeGreaterThan(from);
          if (index > 0) expect(from).toBe(bins[index - 1]?.to);
        }
        expect(bins.length).toBe(wanted ?? Math.min(MAX_AUTO_BINS, Math.max(MIN_BINS, bins.length)));
        const [first, last] = [bins[0]?.from ?? 0, bins.at(-1)?.to ?? 0];
        if (census.note('both signs', first < 0 && last > 0)) expect(bins.map(({ to }) => to)).toContain(0);
        // An outermost edge may miss its value by the last bit of a float, which is not beyond it.
        const hair = Math.max(-first, last) * 1e-12;
        expect(below).toBe(values.filter((value) => value < first - hair).length);
        expect(above).toBe(values.filter((value) => value > last + hair).length);
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('count each value where it lies, zero with the gains and the highest in the last', () => {
    const { bins } = made([-2, -1, -0.01, 0, 0.5, 1, 2], 4);
    expect(bins).toEqual([
      { from: -2, to: -1, count: 1 },
      { from: -1, to: 0, count: 2 },
      { from: 0, to: 1, count: 2 },
      { from: 1, to: 2, count: 2 },
    ]);
  });

  it('are as many as Freedman and Diaconis say, from 10 to 60', () => {
    const even = Array.from({ length: 1000 }, (_, index) => index);
    // Quartiles 249.75 and 749.25, so a width of 2 x 499.5 / 10 = 99.9 and ten bins of the range 999.
    expect(made(even).bins).toHaveLength(10);
    const many = Array.from({ length: 64_000 }, (_, index) => index);
    // The cube root is 40: 2 x 31,999.5 / 40 = 1,599.975, and 63,999 / 1,599.975 is 40.
    expect(made(many).bins).toHaveLength(40);
    const crowd = Array.from({ length: 20 }, (_, index) => index);
    expect(made(crowd).bins).toHaveLength(MIN_BINS);
  });

  it('are open where a few far values would take the scale, and count them', () => {
    const body = Array.from({ length: 500 }, (_, index) => (index % 100) - 30);
    const far = made([...body, 1_000_000, -400_000, 900_000]);
    expect([far.below, far.above]).toEqual([1, 2]);
    expect(far.bins.at(-1)?.to).toBeLessThan(1000);
    expect(countsOf(far).reduce((sum, count) => sum + count, 0)).toBe(503);
    // The same where more than half of all values are equal, so that there is no width to go by.
    const equal = [...Array.from({ length: 600 }, () => 5), ...body, 1_000_000];
    expect(made(equal).above).toBe(1);
  });

  it('stand around a single value, which is in the middle of its bin', () => {
    const { bins } = made([1.5]);
    const holder = bins.find(({ count }) => count > 0);
    expect(((holder?.from ?? 0) + (holder?.to ?? 0)) / 2).toBeCloseTo(1.5, 9);
    expect(made([0, 0, 0]).bins.find(({ count }) => count > 0)).toMatchObject({ from: 0, count: 3 });
    expect(made([-7]).bins.every(({ to }) => to <= 0)).toBe(true);
  });

  it('are never finer than the last decimal', () => {
    const { bins } = made([0, 0.01, 0.02], 50);
    expect(bins[0]).toEqual({ from: 0, to: 0.01, count: 1 });
    expect(bins).toHaveLength(50);
  });
});

describe('quantile', () => {
  it('lies between neighbours in proportion', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([10, 20], 0.25)).toBe(12.5);
    expect([quantile([7], 0.9), quantile([1, 9], 0), quantile([1, 9], 1)]).toEqual([7, 1, 9]);
  });
});
