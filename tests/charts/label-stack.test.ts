import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackLabels } from '../../functions/charts/label-stack.ts';

const wish = fc.record({ y: fc.integer({ min: -50, max: 350 }), weight: fc.integer({ min: 1, max: 1000 }) });

describe('stacked labels', () => {
  it('never overlap, never leave the span, keep their order', () => {
    fc.assert(
      fc.property(fc.array(wish, { minLength: 1, maxLength: 12 }), (wishes) => {
        const placed = stackLabels(wishes, 20, { top: 0, bottom: 300 });
        expect(placed).toBeDefined();
        const sorted = wishes
          .map(({ y }, i) => ({ y, at: Math.round(placed?.[i] ?? -1) }))
          .toSorted((a, b) => a.at - b.at);
        for (const [index, { y, at }] of sorted.entries()) {
          expect(at).toBeGreaterThanOrEqual(10);
          expect(at).toBeLessThanOrEqual(290);
          const next = sorted[index + 1];
          if (next === undefined) continue;
          expect(next.at - at).toBeGreaterThanOrEqual(20);
          expect(next.y).toBeGreaterThanOrEqual(y);
        }
      }),
    );
  });

  it('leaves labels that have room where they are, and moves the lighter of two', () => {
    expect(
      stackLabels(
        [
          { y: 50, weight: 1 },
          { y: 100, weight: 1 },
        ],
        20,
        { top: 0, bottom: 300 },
      ),
    ).toEqual([50, 100]);
    const [last = 0, other = 0] =
      stackLabels(
        [
          { y: 100, weight: 999 },
          { y: 101, weight: 1 },
        ],
        20,
        { top: 0, bottom: 300 },
      ) ?? [];
    expect(last).toBeCloseTo(100, 1);
    expect(other).toBeCloseTo(120, 1);
  });

  it('says so when the span is too short', () => {
    expect(
      stackLabels(
        [
          { y: 0, weight: 1 },
          { y: 0, weight: 1 },
        ],
        20,
        { top: 0, bottom: 39 },
      ),
    ).toBeUndefined();
  });
});
