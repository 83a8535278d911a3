import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chartCost, leastCost } from '../../functions/charts/chart-cost.ts';
import { runs } from '../support/property.ts';
import { sampleChart } from './sample-chart.ts';

it('is twelve for an ordinary page of 200 bars, and rises with pixels and with what is drawn', () => {
  expect(chartCost(sampleChart(200))).toBe(12);
  expect(chartCost(sampleChart(2000))).toBe(43);
  const large = { width: 1200, height: 630, scale: 2 };
  expect(chartCost(sampleChart(200, { size: large }))).toBe(39);
});

it('is a whole number of at least one, and never falls where a side grows', () => {
  const chart = sampleChart(50);
  const side = fc.integer({ min: 1, max: 4000 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(1 as const, 2 as const), (width, height, scale) => {
      const size = { width, height, scale };
      const cost = chartCost({ ...chart, size });
      expect(Number.isInteger(cost) && cost >= leastCost(size)).toBe(true);
      expect(chartCost({ ...chart, size: { width: width + 100, height, scale } })).toBeGreaterThanOrEqual(
        cost,
      );
    }),
    runs(),
  );
});

it('counts the points of a curve and the values of a histogram as it does bars', () => {
  const { size, theme, tz } = sampleChart(1);
  const look = { size, theme, tz, digits: 2 };
  const points = Array.from({ length: 1000 }, (_, i) => ({ timeMs: i, equity: 1, flow: 0 }));
  const values = points.map(({ timeMs }) => timeMs);
  expect(chartCost({ ...look, kind: 'equity', points })).toBe(26);
  expect(chartCost({ ...look, kind: 'histogram', column: 'r', values })).toBe(26);
  expect(chartCost({ ...look, kind: 'histogram', column: 'r', values, bins: 200 })).toBe(28);
});

it('counts what is kept and read however small the page is', () => {
  const size = { width: 1, height: 1, scale: 1 as const };
  expect([1, 100, 101, 20_000].map((count) => chartCost({ ...sampleChart(count), size }))).toEqual([
    2, 2, 3, 201,
  ]);
  expect(leastCost(size)).toBe(2);
});
