import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holding, type Interval, joined, within, without } from '../../functions/market/interval-set.ts';
import { caseCensus, runs } from '../support/property.ts';

const SPAN = 40;
const interval = fc
  .tuple(fc.nat(SPAN), fc.nat(12))
  .map(([openMs, length]): Interval => ({ openMs, closeMs: openMs + length }));
const points = Array.from({ length: 60 }, (_, n) => n);
const has = (set: readonly Interval[], at: number) => set.some((i) => i.openMs <= at && at < i.closeMs);

describe('sets of intervals', () => {
  it('hold exactly the moments that their parts say, sorted, disjoint and apart', () => {
    const census = caseCensus('touching', 'empty', 'split');
    fc.assert(
      fc.property(fc.array(interval), fc.array(interval), interval, (some, others, one) => {
        const [a, b] = [joined(some), joined(others)];
        const less = without(a, b);
        for (const at of points) {
          expect(has(a, at)).toBe(has(some, at));
          expect(has(less, at)).toBe(has(some, at) && !has(others, at));
          expect(has(within(a, one), at)).toBe(has(some, at) && has([one], at));
          expect(holding(a, at) !== null).toBe(has(a, at));
        }
        for (const set of [a, less])
          for (const [i, { openMs, closeMs }] of set.entries()) {
            expect(openMs).toBeLessThan(closeMs);
            if (i > 0) expect(set[i - 1]?.closeMs ?? 0).toBeLessThan(openMs);
          }
        census.note(
          'touching',
          some.some((x) => some.some((y) => x.closeMs === y.openMs && x !== y)),
        );
        census.note(
          'empty',
          some.some((x) => x.openMs === x.closeMs),
        );
        census.note('split', less.length > a.length);
      }),
      runs(300),
    );
    census.expectAllMet();
  });
});
