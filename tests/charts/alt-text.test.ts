import { describe, expect, it } from 'vitest';
import { altText } from '../../functions/charts/alt-text.ts';
import type { CandleChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene } from '../../functions/charts/scene.ts';
import { sampleChart } from './sample-chart.ts';

function chartOf(closes: readonly number[], timeframe = 'H1', step = 3600): CandleChart {
  const candles = closes.map((close, index) => ({
    time: 1751896800 + index * step,
    open: close,
    high: close + 1,
    low: close - 1,
    close,
  }));
  const source = { candles, instrument: 'XAUUSD', timeframe, digits: 2 };
  return sampleChart(1, { source, indicators: [{ kind: 'sma', period: 2 }] });
}

describe('alt text', () => {
  it('says what the chart shows, in one sentence', () => {
    expect(altText(chartOf([4000, 4100]))).toBe(
      'XAUUSD H1, 2 bars, 7 Jul 14:00 - 7 Jul 2025 15:00 UTC, open 4,000.00, high 4,101.00, low 3,999.00, last 4,100.00 (+2.50%), above SMA 2',
    );
  });

  it('names orders and markers', () => {
    const marker = { timeMs: 1751896800000, side: 'buy', kind: 'entry' } as const;
    const annotations = { entry: 4000, stop_loss: 3990, markers: [marker, marker] };
    expect(altText({ ...chartOf([4000]), annotations })).toMatch(
      /; entry 4,000.00, SL 3,990.00, 2 buy entries$/,
    );
  });

  it('is printable ASCII even for falling and negative prices, as a header must be', () => {
    for (const chart of [chartOf([5, -7]), sampleChart(60, { title: 'Größe …', tz: 'America/New_York' })]) {
      expect(altText(chart)).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ kind: 'heikin_ashi' }, /^XAUUSD H1, Heikin-Ashi, 60 bars, .*last 1,9\d\d\.\d\d/],
    [{ kind: 'renko' }, /^XAUUSD H1, Renko bricks of ATR 14, 60 bars, /],
    [{ kind: 'renko', brick: { size: '2.5' } }, /^XAUUSD H1, Renko bricks of 2\.50, /],
    [{ kind: 'volume_profile' }, /^XAUUSD H1, with volume profile, /],
    [{ indicators: [{ kind: 'rsi', period: 14 }] }, /, RSI 14 at \d+\.\d\d$/],
    [{ indicators: [{ kind: 'ema', period: 20 }] }, /, (above|below) EMA 20$/],
  ])('of %o says what its bars and indicators are', (changes, expected) => {
    expect(altText(sampleChart(60, changes))).toMatch(expected);
  });

  it('is the description of the picture', () => {
    const chart = sampleChart(60, {
      indicators: [
        { kind: 'sma', period: 5 },
        { kind: 'rsi', period: 5 },
      ],
    });
    expect(chartScene(chart).description).toBe(altText(chart));
  });

  it('names one bar once', () => {
    expect(altText(chartOf([5]))).toContain('1 bar, 7 Jul 2025 14:00 UTC');
  });
});
