import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readCandles } from '../../functions/charts/candle-series.ts';
import { tickAverage } from '../../functions/charts/tick-average.ts';
import { indicatorSeries } from '../../functions/market/indicator.ts';
import { runs } from '../support/property.ts';
import { anyCandles } from './any-candles.ts';
import { realCandles } from './sample-chart.ts';

/** As the market's indicators say it: null before the warm-up is over. */
const marketForm = (values: Float64Array): (number | null)[] =>
  Array.from(values, (value) => (Number.isNaN(value) ? null : value));

function expectSame(
  bars: readonly { high: number; low: number; close: number }[],
  period: number,
  digits: number,
) {
  const found = marketForm(tickAverage(bars, period, digits));
  const expected = indicatorSeries({ name: 'sma', period }, bars);
  expect(found.map((value) => value === null)).toEqual(expected.map((value) => value === null));
  const worst = found.reduce<number>(
    (most, value, i) => Math.max(most, Math.abs((value ?? 0) - (expected[i] ?? 0))),
    0,
  );
  expect(worst).toBeLessThanOrEqual(1e-9);
}

it('is the average that the market has, on any bars', () => {
  fc.assert(
    fc.property(anyCandles(), fc.integer({ min: 1, max: 30 }), (bars, period) => expectSame(bars, period, 2)),
    runs(),
  );
});

it.each([
  { file: 'xauusd_h1_2012-2022.csv', digits: 2 },
  { file: 'eurusd_h1_2017_mit.csv', digits: 5 },
])('is the average that the market has, to 1e-9 on all of $file', ({ file, digits }) => {
  const rows = realCandles(file, 100_000);
  if (rows === undefined) return;
  for (const period of [20, 200]) expectSame(readCandles(rows, digits), period, digits);
});

it('is so for prices too large to sum in ticks', () => {
  const bars = Array.from({ length: 12 }, (_, index) => {
    const close = 80_000_000_000_000 + ((index * 7919) % 97) * 1e11 + index / 100;
    return { high: close, low: close, close };
  });
  expect(marketForm(tickAverage(bars, 3, 2))).toEqual(indicatorSeries({ name: 'sma', period: 3 }, bars));
});
