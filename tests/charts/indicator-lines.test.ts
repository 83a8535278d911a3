import { describe, expect, it } from 'vitest';
import type { CandleFacts } from '../../functions/charts/candle-facts.ts';
import { indicatorSeries } from '../../functions/market/indicator.ts';
import { candleScene, realCandles, sampleChart } from './sample-chart.ts';

const INDICATORS = [
  { kind: 'sma', period: 20 },
  { kind: 'sma', period: 200 },
  { kind: 'ema', period: 50 },
  { kind: 'rsi', period: 14 },
  { kind: 'rsi', period: 7 },
] as const;

function expectIndicators(facts: CandleFacts, chart: ReturnType<typeof sampleChart>): void {
  expect(facts.indicators.map(({ name }) => name)).toEqual([
    'SMA 20',
    'SMA 200',
    'EMA 50',
    'RSI 14',
    'RSI 7',
  ]);
  for (const [index, { last = Number.NaN, value }] of facts.indicators.entries()) {
    const { kind, period } = INDICATORS[index] ?? INDICATORS[0];
    const expected = indicatorSeries({ name: kind, period }, chart.candles).at(-1) ?? Number.NaN;
    expect(Math.abs(last - expected)).toBeLessThanOrEqual(1e-9);
    expect(value?.replaceAll(',', '')).toBe(expected.toFixed(kind === 'rsi' ? 2 : chart.digits));
  }
}

describe.each([
  { file: 'xauusd_h1_2012-2022.csv', instrument: 'XAUUSD', digits: 2 },
  { file: 'eurusd_h1_2017_mit.csv', instrument: 'EURUSD', digits: 5 },
])('indicators on real $instrument', ({ file, instrument, digits }) => {
  it.each(['candlestick', 'heikin_ashi', 'renko', 'volume_profile'])(
    'are of the market on a chart of %s',
    (kind) => {
      const candles = realCandles(file, 1500);
      if (candles === undefined) return;
      const source = { candles, instrument, timeframe: 'H1', digits };
      const chart = sampleChart(1, { kind, source, indicators: INDICATORS });
      expectIndicators(candleScene(chart).facts, chart);
    },
  );
});

describe('an indicator line', () => {
  const lineOf = (count: number, changes: Record<string, unknown>, role: string) => {
    const scene = candleScene(sampleChart(count, changes));
    const line = scene.marks.find((mark) => mark.role === role);
    return { scene, points: line?.kind === 'polyline' ? line.points : [] };
  };

  it('has one point per bar from the end of its warm-up on', () => {
    const { points } = lineOf(100, { indicators: [{ kind: 'sma', period: 30 }] }, 'SMA 30');
    expect(points).toHaveLength(71);
  });

  it('of merged bars keeps the swings within a column and ends where the axis says', () => {
    const { points, scene } = lineOf(20_000, { indicators: [{ kind: 'ema', period: 2 }] }, 'EMA 2');
    expect(points.length).toBeGreaterThan(1.5 * scene.facts.columnCount);
    const label = scene.facts.indicators[0]?.value;
    const values = scene.facts.priceTicks.map(({ value, y }) => ({ value, y }));
    const [one, two] = [values[0], values.at(-1)];
    const slope = ((two?.value ?? 0) - (one?.value ?? 0)) / ((two?.y ?? 0) - (one?.y ?? 0));
    const end = (one?.value ?? 0) + ((points.at(-1)?.y ?? 0) - (one?.y ?? 0)) * slope;
    expect(Math.abs(end - Number(label?.replaceAll(',', '')))).toBeLessThan(Math.abs(slope));
  });

  it('that never warms up is named without a value, and not drawn', () => {
    const { scene, points } = lineOf(20, { indicators: [{ kind: 'sma', period: 200 }] }, 'SMA 200');
    expect(points).toEqual([]);
    expect(scene.facts.indicators).toMatchObject([{ name: 'SMA 200', value: undefined, last: undefined }]);
    expect(scene.marks.some((mark) => mark.kind === 'text' && mark.text === 'SMA 200')).toBe(true);
  });
});
