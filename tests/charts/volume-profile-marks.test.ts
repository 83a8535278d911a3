import { describe, expect, it } from 'vitest';
import { textsOf } from './drawn-inside.ts';
import { candleScene, sampleChart } from './sample-chart.ts';

const chart = sampleChart(150, { kind: 'volume_profile', bins: 24 });
const scene = candleScene(chart);
const rectsOf = (prefix: string) =>
  scene.marks.flatMap((mark) => (mark.role.startsWith(prefix) && mark.kind === 'rects' ? mark.rects : []));

describe('a volume profile', () => {
  it('names what it found: point of control and value area, on the axis and in the facts', () => {
    const { profile } = scene.facts;
    const words = textsOf(scene).map(({ text }) => text);
    expect(words).toEqual(expect.arrayContaining(['POC', 'VAH', 'VAL']));
    for (const price of [profile?.pointOfControl, profile?.high, profile?.low])
      expect(words.map((word) => word.replaceAll(',', ''))).toContain(price?.toFixed(2));
    const total = chart.candles.reduce((sum, { volume = 0 }) => sum + volume, 0);
    expect(Math.abs((profile?.total ?? 0) - total)).toBeLessThanOrEqual(1e-9 * total);
  });

  it('stands beside the bars, its longest row at the point of control', () => {
    const bars = rectsOf('candles');
    const rows = rectsOf('profile');
    const end = Math.max(...bars.map(({ x, width }) => x + width));
    expect(Math.min(...rows.map(({ x }) => x))).toBeGreaterThanOrEqual(end);
    const longest = rows.toSorted((a, b) => a.x - b.x)[0];
    const line = scene.marks.find((mark) => mark.role === 'point-of-control');
    const y = line?.kind === 'line' ? line.from.y : 0;
    expect(y).toBeGreaterThanOrEqual(longest?.y ?? Number.NaN);
    expect(y).toBeLessThanOrEqual((longest?.y ?? 0) + (longest?.height ?? 0) + 1);
  });

  it('does not count bars that only warm indicators up', () => {
    const late = candleScene({ ...chart, visibleFrom: 100 });
    const shown = chart.candles.slice(100).reduce((sum, { volume = 0 }) => sum + volume, 0);
    expect(late.facts.profile?.total).toBeCloseTo(shown, 3);
  });
});
