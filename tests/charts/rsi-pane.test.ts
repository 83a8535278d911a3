import { describe, expect, it } from 'vitest';
import { chartLayout } from '../../functions/charts/chart-layout.ts';
import type { Mark } from '../../functions/charts/mark.ts';
import { textsOf } from './drawn-inside.ts';
import { candleScene, sampleChart, walk } from './sample-chart.ts';

const RSI = [14, 7].map((period) => ({ kind: 'rsi', period }));
const of = (changes: Record<string, unknown>) =>
  candleScene(sampleChart(120, { indicators: RSI, ...changes }));
const lineY = (marks: readonly Mark[], role: string): number[] =>
  marks.flatMap((mark) => (mark.role === role && mark.kind === 'line' ? [mark.from.y] : []));

describe('the pane of oscillators', () => {
  it('runs from 0 to 100 with lines at 70 and 30, whatever the values', () => {
    const { marks } = of({});
    const [seventy = 0, thirty = 0] = lineY(marks, 'rsi-guide');
    const line = marks.find(({ role }) => role === 'RSI 14');
    const ys = line?.kind === 'polyline' ? line.points.map(({ y }) => y) : [];
    const unit = (thirty - seventy) / 40;
    expect(ys).toHaveLength(120 - 14);
    expect(Math.min(...ys)).toBeGreaterThan(seventy - 30 * unit - 1);
    expect(Math.max(...ys)).toBeLessThan(thirty + 30 * unit + 1);
  });

  it('has all of a market that only falls or only rises inside it, at its foot and at its head', () => {
    const endOf = (step: number): number => {
      const closes = walk(60).map(({ time }, index) => ({ time, price: 500 + step * index }));
      const candles = closes.map(({ time, price }) => ({
        time,
        open: price,
        high: price,
        low: price,
        close: price,
      }));
      const { marks } = of({ source: { candles, instrument: 'XAUUSD', timeframe: 'H1' } });
      const line = marks.find(({ role }) => role === 'RSI 14');
      return line?.kind === 'polyline' ? (line.points.at(-1)?.y ?? 0) : 0;
    };
    const { timeAxis, panes } = chartLayout({ width: 1200, height: 630, scale: 1 }, undefined, ['1'], [0.22]);
    expect(timeAxis.y - endOf(-1)).toBeGreaterThan(0);
    expect(timeAxis.y - endOf(-1)).toBeLessThan(10);
    expect(endOf(1) - (panes[0]?.y ?? 0)).toBeGreaterThan(0);
    expect(endOf(1) - (panes[0]?.y ?? 0)).toBeLessThan(10);
  });

  it('has a line where the value says, its label on the axis and its name in a legend', () => {
    const scene = of({});
    const [seventy = 0, thirty = 0] = lineY(scene.marks, 'rsi-guide');
    const { last = 0, value } = scene.facts.indicators[0] ?? {};
    const line = scene.marks.find(({ role }) => role === 'RSI 14');
    const y = line?.kind === 'polyline' ? (line.points.at(-1)?.y ?? 0) : 0;
    expect(Math.abs(70 - ((y - seventy) / (thirty - seventy)) * 40 - last)).toBeLessThan(1);
    const words = textsOf(scene);
    expect(words.find(({ role }) => role === 'RSI 14-text')?.text).toBe(value);
    expect(words.find(({ role }) => role === 'legend-RSI 14')?.text).toBe(`RSI 14 ${value}`);
    expect(words.find(({ role }) => role === 'legend-RSI 14')?.y).toBeGreaterThan(300);
  });

  it.each([1, 7, 11, 23, 42, 99])('has names that no line runs behind (walk %i)', (seed) => {
    const candles = walk(160, seed);
    const { marks } = of({
      source: { candles, instrument: 'XAUUSD', timeframe: 'H1' },
      indicators: [{ kind: 'rsi', period: 3 }],
    });
    const at = marks.findIndex(({ role }) => role === 'legend-RSI 3');
    const plate = marks[at - 1];
    const box = plate?.kind === 'rects' ? plate.rects[0] : undefined;
    const line = marks.find(({ role }) => role === 'RSI 3');
    const { x = 0, y = 0, width = 0, height = 0 } = box ?? {};
    expect(width).toBeGreaterThan(0);
    const behind = (line?.kind === 'polyline' ? line.points : []).filter(
      (point) => point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height,
    );
    expect(behind).toEqual([]);
  });

  it('gives way on a picture too low for it, and its values stand in the one legend', () => {
    const scene = of({ size: { width: 600, height: 200 } });
    expect(lineY(scene.marks, 'rsi-guide')).toEqual([]);
    expect(textsOf(scene).filter(({ role }) => role.startsWith('legend-RSI'))).toHaveLength(2);
  });

  it('is not there without an oscillator', () => {
    expect(lineY(of({ indicators: [] }).marks, 'rsi-guide')).toEqual([]);
  });
});
