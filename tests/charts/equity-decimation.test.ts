import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnCurve } from '../../functions/charts/equity-decimation.ts';
import { drawdowns, underwater } from '../../functions/charts/equity-drawdown.ts';
import type { EquityPoint } from '../../functions/charts/resolved-chart.ts';
import { caseCensus, runs } from '../support/property.ts';

const step = fc.integer({ min: -3_000, max: 3_000 });
const flow = fc.oneof(
  { weight: 9, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -9000, max: 9000 }) },
);
const curves = fc
  .tuple(fc.integer({ min: -2_000, max: 20_000 }), fc.array(fc.tuple(step, flow), { maxLength: 300 }))
  .map(([start, steps]): EquityPoint[] => {
    let equity = start;
    return [[0, 0] as const, ...steps].map(([net, moved], index) => {
      equity += net + moved;
      return { timeMs: index * 60_000, equity: equity / 100, flow: moved / 100 };
    });
  });
const sizes = fc.constantFrom(1, 2, 4, 8, 32, 512);

/** The curve that the kept points alone would make: flows in between go to the next point kept. */
function thinned(points: readonly EquityPoint[], kept: readonly number[]): EquityPoint[] {
  return kept.map((index, at) => {
    const between = points.slice((kept[at - 1] ?? index) + 1, index + 1);
    const moved = at === 0 ? 0 : between.reduce((sum, point) => sum + Math.round(point.flow * 100), 0);
    return { timeMs: points[index]?.timeMs ?? 0, equity: points[index]?.equity ?? 0, flow: moved / 100 };
  });
}

describe('the drawn points of a long curve', () => {
  it('state the same drawdowns as all of them, with the same peaks and troughs', () => {
    const census = caseCensus('thinner', 'negative');
    fc.assert(
      fc.property(curves, sizes, (points, size) => {
        const all = underwater(points, 2);
        const { kept } = drawnCurve(all, size);
        census.note('thinner', kept.length < points.length / 2);
        census.note(
          'negative',
          points.some(({ equity }) => equity < 0),
        );
        const times = (rows: EquityPoint[]) => {
          const { maximal, relative } = drawdowns(underwater(rows, 2));
          return [maximal, relative].map(({ from: _, to: __, ...fall }) => fall);
        };
        expect(times(thinned(points, kept))).toEqual(times(points));
      }),
      runs(),
    );
    census.expectAllMet();
  });

  it('are every group’s ends and extremes, in order, and at most twelve of a group', () => {
    fc.assert(
      fc.property(curves, sizes, (points, size) => {
        const curve = underwater(points, 2);
        const { groups, kept } = drawnCurve(curve, size);
        expect(kept).toEqual([...new Set(kept)].toSorted((one, other) => one - other));
        expect(groups.length).toBe(Math.ceil(points.length / size));
        expect(kept.length).toBeLessThanOrEqual(12 * groups.length);
        for (const { first, last, deepest } of groups) {
          const own = curve.slice(first, last + 1).map((point) => point.own);
          const drawn = kept.filter((index) => index >= first && index <= last);
          const shown = drawn.map((index) => curve[index]?.own ?? 0);
          expect([drawn[0], drawn.at(-1)]).toEqual([first, last]);
          expect([Math.max(...shown), Math.min(...shown)]).toEqual([Math.max(...own), Math.min(...own)]);
          const depths = curve.slice(first, last + 1).map(({ percent, down }) => percent ?? down);
          const depth = curve[deepest]?.percent ?? curve[deepest]?.down;
          if (curve[0]?.percent !== null) expect(depth).toBe(Math.max(...depths));
        }
      }),
      runs(),
    );
  });

  it('are all points while each has a column', () => {
    const points = Array.from({ length: 50 }, (_, index) => ({ timeMs: index, equity: index % 7, flow: 0 }));
    expect(drawnCurve(underwater(points, 2), 1).kept).toHaveLength(50);
  });
});
