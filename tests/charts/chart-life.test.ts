import { expect, it } from 'vitest';
import { expiryMs, subjectIds } from '../../functions/charts/chart-life.ts';
import type { ResolvedChart } from '../../functions/charts/resolved-chart.ts';
import { sampleChart } from './sample-chart.ts';

const NOW = Date.UTC(2026, 2, 2);
const SECONDS = 86_400;
const ID = '018f0000-0000-7000-8000-000000000001';
const market = sampleChart(10);
const of = (reference: NonNullable<ResolvedChart['reference']>): ResolvedChart => ({ ...market, reference });
const equity: ResolvedChart = {
  ...{ size: market.size, theme: market.theme, tz: 'UTC', digits: 2, kind: 'equity', points: [] },
};

it('says whose a picture of one signal or one trade is', () => {
  expect(subjectIds(of({ signal_id: ID }))).toEqual({ signalId: ID, tradeId: null });
  expect(subjectIds(of({ trade_id: ID }))).toEqual({ signalId: null, tradeId: ID });
});

it('of a market chart is the year that its address promises', () => {
  expect(expiryMs(market, NOW, SECONDS)).toBe(NOW + 365 * 86_400_000);
  expect(subjectIds(market)).toEqual({ signalId: null, tradeId: null });
});

it.each([
  ['a signal', of({ signal_id: ID })],
  ['a trade', of({ trade_id: ID })],
  ['an account', { ...equity, reference: { account_id: ID } }],
  ['points that were sent along', equity],
  ['a set of trades', of({ trade_ids: [ID] })],
] as [string, ResolvedChart][])('of a preview of %s is as long as previews are kept', (_what, chart) => {
  expect(expiryMs(chart, NOW, SECONDS)).toBe(NOW + 86_400_000);
  expect(expiryMs(chart, NOW, 60)).toBe(NOW + 60_000);
});
