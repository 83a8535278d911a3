import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartLayout } from '../../functions/charts/chart-layout.ts';
import { valueLabels, valueScale } from '../../functions/charts/histogram-value-axis.ts';
import { runs } from '../support/property.ts';
import { histogramChart } from './sample-account.ts';

const layoutOf = (width: number) => chartLayout({ width, height: 400, scale: 1 }, undefined, ['000']);

describe('the value axis of a histogram', () => {
  it('has labels at multiples of one step, under their values, clear of each other and of the plot’s ends', () => {
    const ends = fc.tuple(fc.integer({ min: -1e7, max: 1e7 }), fc.integer({ min: 1, max: 1e7 }));
    const column = fc.constantFrom('profit' as const, 'r' as const, 'duration' as const);
    fc.assert(
      fc.property(ends, column, fc.integer({ min: 200, max: 2000 }), ([from, reach], kind, width) => {
        const low = kind === 'duration' ? Math.abs(from) : from / 100;
        const high = low + (kind === 'duration' ? reach : reach / 100);
        const layout = layoutOf(width);
        const scale = valueScale(low, high, layout);
        const labels = valueLabels(scale, { ...histogramChart(1), column: kind }, layout);
        const { plot } = layout;
        for (const [index, label] of labels.entries()) {
          expect(label.x - label.width / 2).toBeGreaterThanOrEqual(plot.x);
          expect(label.x + label.width / 2).toBeLessThanOrEqual(plot.x + plot.width);
          const before = labels[index - 1];
          if (before !== undefined) {
            expect(label.x - before.x).toBeGreaterThan((label.width + before.width) / 2);
          }
        }
      }),
      runs(),
    );
  });

  it.each([
    ['duration', 0, 600, ['0s', '1m', '2m']],
    ['duration', 0, 40 * 86_400, ['7d', '14d']],
    ['duration', 3_600, 9 * 3_600, ['2h', '3h']],
    ['r', -2, 3, ['−1.00R', '0.00R', '+1.00R']],
    ['profit', -2000, 3000, ['−1,000', '0', '1,000']],
  ] as const)('of %s from %d to %d reads as a trader counts', (column, low, high, texts) => {
    const layout = layoutOf(900);
    const labels = valueLabels(valueScale(low, high, layout), { ...histogramChart(1), column }, layout);
    expect(labels.map(({ text }) => text)).toEqual(expect.arrayContaining([...texts]));
  });
});
