import { describe, expect, it } from 'vitest';
import { altText } from '../../functions/charts/alt-text.ts';
import { histogramAlt } from '../../functions/charts/histogram-alt.ts';
import { durationText, histogramFigures, valueText } from '../../functions/charts/histogram-figures.ts';
import { histogramChart } from './sample-account.ts';

describe('the alt text of a histogram', () => {
  it('says what it shows, in ASCII', () => {
    const chart = { ...histogramChart(1), values: [-10, -10, 5, 5, 5, 5, 30], bins: 4 };
    expect(histogramAlt(chart)).toBe(
      'Profit per trade, USD, 7 trades in 4 bins, mean 4.29, median 5.00, win rate 71.4%, ' +
        'from -10.00 to 30.00; most trades (4) from 0.00 to 10.00',
    );
    expect(altText(chart)).toBe(histogramAlt(chart));
  });

  it('speaks of R and of time in their own words', () => {
    const chart = histogramChart(1);
    const r = histogramAlt({ ...chart, column: 'r', values: [-1, 2.5] });
    expect(r).toContain('Result per trade, R, 2 trades in 10 bins, mean +0.75R, median +0.75R');
    const duration = histogramAlt({ ...chart, column: 'duration', values: [90, 7200] });
    expect(duration).toContain(
      'Duration of trades, 2 trades in 10 bins, mean 1h 1m, median 1h 1m, from 1m 30s',
    );
    expect(duration).not.toContain('win rate');
  });
});

describe('figures of a histogram', () => {
  it('are the mean, the middle value and the share above zero, zero itself being no gain', () => {
    const chart = { ...histogramChart(1), values: [4, -2, 0, 1] };
    expect(histogramFigures(chart)).toEqual({ count: 4, mean: 0.75, median: 0.5, winShare: 50 });
  });

  it.each([
    [0, '0s'],
    [0.4, '0s'],
    [45, '45s'],
    [60, '1m'],
    [227, '3m 47s'],
    [5399, '1h 30m'],
    [86_400, '1d'],
    [190_000, '2d 5h'],
    [31_536_000, '365d'],
  ])('write %d seconds as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it('have as many decimals as their column', () => {
    expect(valueText(-1234.5, { column: 'profit', digits: 2 })).toBe('−1,234.50');
    expect(valueText(-1.25, { column: 'r', digits: 0 })).toBe('−1.25R');
    expect(valueText(61, { column: 'duration', digits: 2 })).toBe('1m 1s');
  });
});
