import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartLayout } from '../../functions/charts/chart-layout.ts';
import {
  hideCovered,
  placeAxisValues,
  priceAxisMarks,
  priceStep,
  priceTicks,
} from '../../functions/charts/price-axis.ts';
import { priceRange, priceScale } from '../../functions/charts/price-scale.ts';
import { THEMES } from '../../functions/charts/theme.ts';

const layout = chartLayout({ width: 1200, height: 630, scale: 1 }, undefined, ['1,000.00']);
const NONE = { top: 0, bottom: 0 };

describe('price step', () => {
  it.each([
    [0.9, 2, 1],
    [1, 2, 1],
    [1.1, 2, 2],
    [2.1, 2, 2.5],
    [2.1, 0, 5],
    [26, 0, 50],
    [21, 0, 25],
    [6, 2, 10],
    [0.00001, 2, 0.01],
    [0.00021, 5, 0.00025],
    [0.000021, 5, 0.00005],
    [1e9, 2, 1e9],
  ])('at least %d at %d digits is %d', (wanted, digits, step) => {
    expect(priceStep(wanted, digits)).toBeCloseTo(step, 10);
  });
});

describe('price axis', () => {
  it('ticks are multiples of one step, inside the plot, far enough apart', () => {
    const range = fc.record({
      low: fc.double({ min: -5000, max: 5000, noNaN: true }),
      size: fc.double({ min: 0.01, max: 5000, noNaN: true }),
    });
    fc.assert(
      fc.property(range, ({ low, size }) => {
        const scale = priceScale({ low, high: low + size }, layout.plot, NONE);
        const ticks = priceTicks(scale, layout, 2);
        const ys = ticks.map(({ y }) => y).toSorted((a, b) => a - b);
        for (const [index, y] of ys.entries()) {
          expect(y - layout.fontSize / 2).toBeGreaterThanOrEqual(layout.plot.y);
          expect(y + layout.fontSize / 2).toBeLessThanOrEqual(layout.plot.y + layout.plot.height);
          const next = ys[index + 1];
          if (next !== undefined) expect(next - y).toBeGreaterThanOrEqual(layout.fontSize * 2);
        }
        expect(new Set(ticks.map(({ text }) => text)).size).toBe(ticks.length);
      }),
    );
  });

  it('hides exactly the ticks that a value label covers', () => {
    const scale = priceScale({ low: 100, high: 200 }, layout.plot, NONE);
    const ticks = priceTicks(scale, layout, 2);
    const y = scale.yOf(150);
    const labels = placeAxisValues(
      [{ role: 'last-price', text: '150.00', y, colour: '#0b8074', priority: 9 }],
      layout,
    );
    const shown = hideCovered(ticks, labels, layout);
    expect(shown.filter(({ hidden }) => hidden).map(({ text }) => text)).toEqual(['150.00']);
    const texts = priceAxisMarks(shown, labels, layout, THEMES.light).filter(({ kind }) => kind === 'text');
    expect(texts).toHaveLength(ticks.length);
  });

  it('drops the least important value when the axis is too short', () => {
    const short = { ...layout, plot: { ...layout.plot, height: 2 * layout.labelHeight + 3 } };
    const value = (role: string, priority: number): Parameters<typeof placeAxisValues>[0][number] => ({
      ...{ role, text: '1', y: 5, colour: '#0b8074', priority },
    });
    const kept = placeAxisValues([value('a', 1), value('b', 3), value('c', 2)], short);
    expect(kept.map(({ role }) => role)).toEqual(['b', 'c']);
  });
});

describe('a value that the legend names too', () => {
  const value = (role: string, y: number, priority: number, inLegend = false) => {
    return { role, text: '1', y, colour: '#0b8074', priority, inLegend };
  };
  const entry = value('entry', 300, 100);
  const stop = value('stop', 300 + layout.labelHeight + 4, 100);
  const rolesOf = (values: Parameters<typeof placeAxisValues>[0]) =>
    placeAxisValues(values, layout).map(({ role }) => role);

  it('has no place between levels that it would move from their lines', () => {
    const between = value('SMA 20', 310, 99, true);
    const labels = placeAxisValues([between, entry, stop], layout);
    expect(labels.map(({ role, labelY, y }) => [role, labelY - y])).toEqual([
      ['entry', 0],
      ['stop', 0],
    ]);
    expect(rolesOf([{ ...between, inLegend: false }, entry, stop])).toContain('SMA 20');
  });

  it('keeps its place where it moves no other, whatever gave way before it', () => {
    const values = [value('SMA 20', 310, 99, true), value('SMA 50', 100, 1, true), entry, stop];
    expect(rolesOf(values)).toEqual(['entry', 'stop', 'SMA 50']);
    expect(rolesOf([value('SMA 20', 301, 2, true), entry])).toEqual(['entry', 'SMA 20']);
  });
});

describe('price range', () => {
  it.each([
    [[5, 5], 0],
    [[0, 0], 2],
    [[-37.63, -37.63], 2],
  ])('of the flat series %j is not empty', (values, digits) => {
    const { low, high } = priceRange(values, [], digits);
    expect(high).toBeGreaterThan(low);
  });

  it('reaches for a level within the cap and leaves one beyond it', () => {
    expect(priceRange([100, 110], [115], 2)).toEqual({ low: 100, high: 115 });
    expect(priceRange([100, 110], [90], 2)).toEqual({ low: 100, high: 110 });
  });

  it('scales linearly between the paddings', () => {
    const plot = { x: 0, y: 10, width: 100, height: 200 };
    const scale = priceScale({ low: 0, high: 10 }, plot, { top: 20, bottom: 30 });
    expect(scale.yOf(10)).toBeCloseTo(30);
    expect(scale.yOf(0)).toBeCloseTo(180);
    expect(scale.yOf(scale.high)).toBeCloseTo(10);
    expect(scale.yOf(scale.low)).toBeCloseTo(210);
  });
});
