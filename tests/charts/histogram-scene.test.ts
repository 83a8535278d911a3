import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Headed } from '../../functions/charts/chart-frame.ts';
import { THEME_NAMES } from '../../functions/charts/chart-look.ts';
import { NAMED_SIZES } from '../../functions/charts/chart-size.ts';
import { type HistogramFacts, histogramScene } from '../../functions/charts/histogram-scene.ts';
import type { HistogramChart } from '../../functions/charts/resolved-chart.ts';
import { chartScene, type Scene } from '../../functions/charts/scene.ts';
import { THEMES } from '../../functions/charts/theme.ts';
import { mt4Statement } from '../ledger/shared-statements.ts';
import { runs } from '../support/property.ts';
import { expectDrawnInside, expectTextsApart, textsOf } from './drawn-inside.ts';
import { dice, histogramChart, statementPoints } from './sample-account.ts';

const of = (values: readonly number[], changes: Partial<HistogramChart> = {}): HistogramChart => ({
  ...{ ...histogramChart(1), values },
  ...changes,
});
const factsOf = (chart: HistogramChart): HistogramFacts => histogramScene(chart).facts;
const wordsOf = (scene: Scene): string[] => textsOf(scene).map(({ text }) => text);

function rectsOf(scene: Scene, role: string) {
  const mark = scene.marks.find((each) => each.role === role);
  return mark?.kind === 'rects' ? mark.rects : [];
}

describe('a histogram', () => {
  it('has a bar for every bin that holds something, as high as its count, losses in their own colour', () => {
    const chart = of([-10, -10, 5, 5, 5, 5, 30], { bins: 4 });
    const scene = chartScene(chart);
    const [below, above] = [rectsOf(scene, 'bins-below'), rectsOf(scene, 'bins-above')];
    expect(factsOf(chart).bins.map(({ count }) => count)).toEqual([2, 4, 0, 1]);
    expect([below.length, above.length]).toEqual([1, 2]);
    expect((above[0]?.height ?? 0) / (below[0]?.height ?? 1)).toBeCloseTo(2, 1);
    const feet = [...below, ...above].map(({ y, height }) => y + height);
    expect(new Set(feet).size).toBe(1);
    expect(scene.marks.find(({ role }) => role === 'bins-below')).toMatchObject({ fill: THEMES.light.down });
    expect(scene.marks.find(({ role }) => role === 'bins-above')).toMatchObject({ fill: THEMES.light.up });
  });

  it('labels mean and median on lines at their values', () => {
    const chart = of([-100, 0, 20, 40, 300]);
    const scene = chartScene(chart);
    const { mean, median, winShare } = factsOf(chart);
    expect([mean.text, median.text, winShare]).toEqual(['Mean 52.00', 'Median 20.00', 60]);
    const lineX = (role: string): number => {
      const mark = scene.marks.find((each) => each.role === role && each.kind === 'line');
      return mark?.kind === 'line' ? mark.from.x : 0;
    };
    expect([lineX('mean'), lineX('median')]).toEqual([mean.x, median.x]);
    expect(median.x).toBeLessThan(mean.x);
    expect(wordsOf(scene)).toEqual(expect.arrayContaining(['Mean 52.00', 'Median 20.00', '60.0%']));
  });

  it('ends the lines of mean and median at the bars under them, and cuts none', () => {
    for (const chart of [
      of([-100, 0, 20, 40, 300]),
      histogramChart(400),
      of([5, 5, 5, 6, 9], { bins: 10 }),
    ]) {
      const scene = chartScene(chart);
      const bars = [...rectsOf(scene, 'bins-below'), ...rectsOf(scene, 'bins-above')];
      const lines = scene.marks.filter(({ role, kind }) => /^(mean|median)$/.test(role) && kind === 'line');
      expect(lines).toHaveLength(2);
      for (const mark of lines) {
        if (mark.kind !== 'line') continue;
        const under = bars.filter(({ x, width }) => x <= mark.to.x && x + width >= mark.to.x);
        const top = Math.min(...under.map(({ y }) => y));
        expect(mark.to.y).toBeLessThanOrEqual(top);
        expect(mark.to.y).toBeGreaterThan(mark.from.y);
      }
      expect(scene.marks.some(({ role }) => role.endsWith('-casing'))).toBe(false);
    }
  });

  it('has neither legend nor watermark under cards, and figures in the legend coloured as on them', () => {
    const chart = of([-100, -60, 20, 40, 300]);
    const roles = (headed?: Headed): string =>
      chartScene(chart, headed)
        .marks.map(({ role }) => role)
        .join();
    expect(roles({ cards: true, texts: [] })).not.toMatch(/legend-|watermark/);
    expect(roles({ cards: false, texts: [] })).toMatch(/watermark.*legend-mean/);
    const fillOf = (text: string, drawn: HistogramChart): string | undefined =>
      textsOf(chartScene(drawn)).find((mark) => mark.text === text && mark.role.startsWith('legend-'))?.fill;
    expect(fillOf('40.00', chart)).toBe(THEMES.light.upText);
    expect(fillOf('−60.00', of([-100, -60, 500]))).toBe(THEMES.light.downText);
    expect(fillOf('2m', of([120], { column: 'duration' }))).toBe(THEMES.light.text);
    expect(wordsOf(chartScene(chart))).toContain('Win rate');
  });

  it('flies the flag of a low value to the right where there is no room on the left', () => {
    const scene = chartScene(of([0, 0, 0, 1, 500, 1000], { column: 'duration' }));
    const { median } = factsOf(of([0, 0, 0, 1, 500, 1000], { column: 'duration' }));
    expect(rectsOf(scene, 'median-flag')[0]?.x).toBe(median.x);
  });

  it('says that a mean beyond its scale is, and draws no line for it', () => {
    const chart = of([...Array.from({ length: 200 }, (_, index) => index % 20), 1e9]);
    const scene = chartScene(chart);
    expect(wordsOf(scene).find((word) => word.startsWith('Mean') && word.endsWith('»'))).toBeDefined();
    expect(scene.marks.some(({ role, kind }) => role === 'mean' && kind === 'line')).toBe(false);
    expect(wordsOf(scene).some((word) => word.startsWith('incl. 1 over '))).toBe(true);
  });

  it('has whole counts on its axis, and values of its column under it', () => {
    const { countTicks, valueLabels } = factsOf(histogramChart(400));
    expect(countTicks.length).toBeGreaterThan(2);
    expect(countTicks.every(({ value }) => Number.isInteger(value) && value > 0)).toBe(true);
    expect(valueLabels.map(({ text }) => text)).toContain('0');
    const durations = factsOf(of([0, 300, 4000, 9000, 20_000], { column: 'duration' }));
    expect(durations.valueLabels.map(({ text }) => text)).toEqual(expect.arrayContaining(['0s', '1h', '2h']));
    const r = factsOf(of([-1, 2, 0.5, -1, 3], { column: 'r' }));
    expect(r.valueLabels.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['−0.50R', '0.00R', '+0.50R']),
    );
  });

  it('takes one colour for all bars and two for gains and losses; durations have one anyway', () => {
    expect(factsOf(histogramChart(9, { color: '#123456' })).colours).toMatchObject({
      ...{ above: '#123456', below: '#123456' },
    });
    expect(factsOf(histogramChart(9, { color: { up: '#123456', down: '#654321' } })).colours).toMatchObject({
      ...{ above: '#123456', below: '#654321' },
    });
    const { colours } = factsOf(of([1, 2, 3], { column: 'duration' }));
    expect(colours).toMatchObject({ above: THEMES.light.indicators[0], below: THEMES.light.indicators[0] });
  });

  it('of the real statement shows its mean and median: MT4, 2026', (t) => {
    const { nets } = statementPoints(mt4Statement, t);
    const scene = chartScene(of(nets));
    expect(scene.facts).toMatchObject({ valueCount: 422, below: 0, above: 0 });
    expect(wordsOf(scene)).toEqual(
      expect.arrayContaining(['Mean 409.26', 'Median 244.00', '409.26', '244.00', '81.3%']),
    );
    expectDrawnInside(scene);
    expectTextsApart(scene);
  });
});

const SIZES = {
  ...NAMED_SIZES,
  least: { width: 200, height: 200, scale: 1 },
  ribbon: { width: 4000, height: 300, scale: 1 },
} as const;
const roll = dice(8);
const VALUES: Record<string, Partial<HistogramChart> & { values: readonly number[] }> = {
  walk: { values: histogramChart(300).values },
  one: { values: [1.5], column: 'r' },
  zero: { values: [0] },
  equal: { values: Array.from({ length: 50 }, () => -250) },
  huge: { values: [9e13, -9e13, 1] },
  tail: { values: [...Array.from({ length: 300 }, () => roll() * 100 - 40), 1e9, -1e8] },
  many: { values: Array.from({ length: 20_000 }, () => roll() - roll()), bins: 200 },
  two: { values: [-3, 4], bins: 2 },
  durations: { values: Array.from({ length: 300 }, () => roll() ** 8 * 4e6), column: 'duration' },
  year: { values: [0, 31_536_000], column: 'duration' },
};

describe('any histogram', () => {
  const cases = Object.keys(VALUES).flatMap((name) =>
    Object.keys(SIZES).map((size) => [name, size as keyof typeof SIZES] as const),
  );
  it.each(cases)('%s at size %s keeps every mark on the canvas and its words apart', (name, size) => {
    for (const theme of THEME_NAMES) {
      const title = size === 'social' ? { title: 'What a trade brings' } : {};
      const look = { theme, size: SIZES[size], name: 'A trading account', ...title };
      const scene = chartScene(of([], { ...VALUES[name], ...look }));
      expectDrawnInside(scene);
      expectTextsApart(scene);
    }
  });

  it('keeps every mark on the canvas and its words apart, whatever the size', () => {
    const side = fc.integer({ min: 200, max: 1400 });
    const size = fc.record({ width: side, height: side, scale: fc.constantFrom(1 as const, 2 as const) });
    const value = fc.integer({ min: -1e8, max: 1e8 }).map((cents) => cents / 100);
    const values = fc.array(value, { minLength: 1, maxLength: 120 });
    const column = fc.constantFrom('profit' as const, 'r' as const, 'duration' as const);
    fc.assert(
      fc.property(values, size, column, (given, page, kind) => {
        const drawn = kind === 'duration' ? given.map(Math.abs) : given;
        const scene = chartScene(of(drawn, { size: page, column: kind }));
        expectDrawnInside(scene);
        expectTextsApart(scene);
      }),
      runs(150),
    );
  });
});
