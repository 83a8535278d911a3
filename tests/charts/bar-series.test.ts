import { describe, expect, it } from 'vitest';
import { barSeries } from '../../functions/charts/bar-series.ts';
import { textsOf } from './drawn-inside.ts';
import { candleScene, sampleChart } from './sample-chart.ts';

describe('bars that are not the market', () => {
  const last = sampleChart(150).candles.at(-1);

  it.each(['heikin_ashi', 'renko'])('of a chart of %s leave the last price the market closed at', (kind) => {
    const scene = candleScene(sampleChart(150, { kind }));
    expect(scene.facts.lastPrice.text.replaceAll(',', '')).toBe(last?.close.toFixed(2));
    expect(scene.facts.barCount).toBe(150);
  });

  it('are told of in the legend, with prices of the market beside', () => {
    const words = (changes: Record<string, unknown>) =>
      textsOf(candleScene(sampleChart(150, changes))).map(({ text }) => text);
    expect(words({ kind: 'heikin_ashi' })).toContain('Heikin-Ashi, market prices:');
    expect(words({ kind: 'renko', brick: { size: '2.5' } })).toContain('Renko 2.50 by close');
    expect(words({ kind: 'renko', brick_source: 'high_low' }).join()).toMatch(
      /Renko \d\.\d\d \(ATR 14\) by high\/low/,
    );
  });

  it('are numbered by the candle that completed them', () => {
    const chart = sampleChart(150, { kind: 'renko' });
    const series = barSeries({ ...chart, visibleFrom: 50 });
    const indexes = series.bars.map((_, index) => series.candleAt(index));
    expect(indexes.every((index) => index >= 50)).toBe(true);
    expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
    expect(series.brick).toBeGreaterThan(0);
    expect(candleScene(chart).facts.brick).toBe(barSeries(chart).brick);
  });

  it('that cannot be laid throw, because faults were to be asked for before', () => {
    expect(() => barSeries(sampleChart(5, { kind: 'renko' }))).toThrow('needs 15 bars');
  });

  it('begin at the first bar shown and were averaged from the first bar there is', () => {
    const chart = sampleChart(60, { kind: 'heikin_ashi' });
    const whole = barSeries(chart);
    expect(barSeries({ ...chart, visibleFrom: 30 })).toMatchObject({ from: 30, bars: whole.bars });
  });
});
