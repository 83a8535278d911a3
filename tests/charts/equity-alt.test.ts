import { describe, expect, it } from 'vitest';
import { altText } from '../../functions/charts/alt-text.ts';
import { equityAlt } from '../../functions/charts/equity-alt.ts';
import { equityRange } from '../../functions/charts/equity-period.ts';
import type { EquityChart } from '../../functions/charts/resolved-chart.ts';
import { equityChart } from './sample-account.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2025, 11, 31, 22);
const chart: EquityChart = {
  ...equityChart(1),
  name: 'Gold – 黄金',
  points: [
    { timeMs: START_MS, equity: 1000, flow: 1000 },
    { timeMs: START_MS + HOUR_MS, equity: 1500, flow: 0 },
    { timeMs: START_MS + 3 * HOUR_MS, equity: 1000, flow: -200 },
  ],
};

describe('the alt text of an equity chart', () => {
  it('says what it shows, in ASCII whatever the account is called', () => {
    expect(equityAlt(chart)).toBe(
      'Equity in USD, net of cash flows, 3 points, 31 Dec 2025 22:00 - 1 Jan 2026 01:00 UTC, start 1,000.00, ' +
        'end 1,000.00, cash flows -200.00, net +200.00; max drawdown 300.00 (20.00%)',
    );
    expect(altText(chart)).toBe(equityAlt(chart));
  });

  it('tells two drawdowns where they are two, and one point of no time span', () => {
    const points = [100, 50, 1000, 900].map((equity, index) => {
      return { timeMs: START_MS + index * HOUR_MS, equity, flow: 0 };
    });
    expect(equityAlt({ ...chart, points })).toMatch(
      /net \+800\.00 \(\+800\.00%\); max drawdown 100\.00 \(10\.00%\), relative drawdown 50\.00% \(50\.00\)$/,
    );
    expect(equityAlt({ ...chart, points: points.slice(0, 1) })).toContain('1 point, 31 Dec 2025 22:00 UTC, ');
  });

  it('tells time in the chart’s own zone', () => {
    expect(equityRange({ ...chart, tz: 'Asia/Kolkata' })).toBe('1 Jan 03:30 – 1 Jan 2026 06:30 UTC+5:30');
  });
});
