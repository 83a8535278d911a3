import { expect, it } from 'vitest';
import { drawnBars, groupSize } from '../../functions/charts/decimation.ts';
import { sampleChart } from './sample-chart.ts';

it('gives every drawn bar a device pixel', () => {
  expect(groupSize(150, 1000)).toBe(1);
  expect(groupSize(1000, 1000)).toBe(2);
  expect(groupSize(20_000, 1100)).toBe(32);
  expect(groupSize(20_000, 80)).toBe(256);
});

it('conserves extremes, volume, first open and last close', () => {
  const { candles } = sampleChart(1000);
  const bars = drawnBars(candles, 0, 8);
  expect(bars).toHaveLength(125);
  expect(Math.max(...bars.map(({ high }) => high))).toBe(Math.max(...candles.map(({ high }) => high)));
  expect(Math.min(...bars.map(({ low }) => low))).toBe(Math.min(...candles.map(({ low }) => low)));
  const total = (rows: readonly { volume?: number }[]): number =>
    rows.reduce((sum, { volume = 0 }) => sum + volume, 0);
  expect(total(bars)).toBe(total(candles));
  expect([bars[0]?.open, bars.at(-1)?.close]).toEqual([candles[0]?.open, candles.at(-1)?.close]);
});

it('aligns groups to the absolute index, so a chart begun later has the same groups', () => {
  const { candles } = sampleChart(100);
  const [whole, later] = [drawnBars(candles, 0, 8), drawnBars(candles, 5, 8)];
  expect(later.slice(1)).toEqual(whole.slice(1));
  expect(later[0]).toMatchObject({ first: 5, last: 7 });
});
