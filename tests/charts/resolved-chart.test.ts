import { expect, it } from 'vitest';
import { isPrivateChart, resolveChart } from '../../functions/charts/resolved-chart.ts';
import { chartBody, sampleChart, specOf } from './sample-chart.ts';

const byReference = specOf(chartBody(1, { source: { signal_id: '0198c0de-0000-7000-8000-000000000001' } }));

it('inline candles make a market chart, a reference makes a private one', () => {
  const market = sampleChart(5);
  expect(isPrivateChart(market)).toBe(false);
  expect(market.candles).toHaveLength(5);
  const { candles, instrument, timeframe, digits } = market;
  const mine = resolveChart(byReference, { candles, instrument, timeframe, digits, visibleFrom: 2 });
  expect(isPrivateChart(mine)).toBe(true);
  expect(mine).toMatchObject({ visibleFrom: 2, reference: { signal_id: expect.any(String) } });
  expect(isPrivateChart({ ...market, annotations: { entry: 1 } })).toBe(true);
});

it('a reference without candles is a bug, not a picture', () => {
  expect(() => resolveChart(byReference)).toThrow('needs its data');
});

it('named sizes become pixels', () => {
  expect(sampleChart(5, { size: 'mobile' }).size).toEqual({ width: 540, height: 675, scale: 2 });
});
