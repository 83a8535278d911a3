import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartLayout } from '../../functions/charts/chart-layout.ts';
import { priceTicks } from '../../functions/charts/price-axis.ts';
import { priceRange, priceScale } from '../../functions/charts/price-scale.ts';
import { runs } from '../support/property.ts';

const plot = { x: 0, y: 20, width: 300, height: 400 };
const none = { top: 0, bottom: 0 };

describe('a price scale', () => {
  it.each(['linear', 'log'] as const)(
    '(%s) has its range between the paddings, the highest price on top',
    (kind) => {
      const price = fc.integer({ min: 1, max: 10_000_000 }).map((cents) => cents / 100);
      const padding = fc.record({ top: fc.nat(300), bottom: fc.nat(300) });
      fc.assert(
        fc.property(price, price, padding, (one, two, room) => {
          const range = priceRange([one, two], [], 2);
          fc.pre(range.low > 0);
          const scale = priceScale(range, plot, room, kind);
          const [top, bottom] = [scale.yOf(range.high), scale.yOf(range.low)];
          const [above, below] = [top - plot.y, plot.y + plot.height - bottom];
          expect(bottom - top).toBeGreaterThanOrEqual(plot.height * 0.3 - 1e-6);
          expect(above).toBeGreaterThanOrEqual(-1e-6);
          expect(below).toBeGreaterThanOrEqual(-1e-6);
          if (room.top + room.bottom <= plot.height * 0.7) {
            expect(above).toBeCloseTo(room.top, 4);
            expect(below).toBeCloseTo(room.bottom, 4);
          }
        }),
        runs(),
      );
    },
  );

  it('gives equal distances to equal differences, or to equal ratios', () => {
    const linear = priceScale({ low: 100, high: 1000 }, plot, none);
    expect(linear.yOf(400) - linear.yOf(550)).toBeCloseTo(linear.yOf(850) - linear.yOf(1000), 9);
    const log = priceScale({ low: 10, high: 1000 }, plot, none, 'log');
    expect(log.yOf(10) - log.yOf(100)).toBeCloseTo(log.yOf(100) - log.yOf(1000), 9);
    expect([log.low, log.high].map((end) => end.toFixed(6))).toEqual(['10.000000', '1000.000000']);
  });

  it('knows no price at or below zero on a logarithm: such a level lies below the plot, at a finite place', () => {
    const log = priceScale({ low: -5, high: 1000 }, plot, none, 'log');
    for (const price of [0, -5]) {
      expect(Number.isFinite(log.yOf(price))).toBe(true);
      expect(log.yOf(price)).toBeGreaterThan(plot.y + plot.height);
    }
    expect(log.low).toBeGreaterThan(0);
  });

  it('stretches to a level nearby, and not to one far away', () => {
    expect(priceRange([100, 200], [250, 50, 1000], 2)).toEqual({ low: 50, high: 250 });
    const flat = priceRange([5, 5], [], 2);
    expect(flat.high - flat.low).toBeCloseTo(0.1, 9);
    const noise = priceRange([5, 5 + Number.EPSILON * 4], [], 2);
    expect(noise.high - noise.low).toBeCloseTo(0.1, 9);
  });
});

it('a logarithmic axis is named at round prices, none of whose labels is cut or wider than the axis', () => {
  const layout = chartLayout({ width: 600, height: 500, scale: 1 }, undefined, ['100.00']);
  const scale = priceScale({ low: 2, high: 50_000 }, layout.plot, none, 'log');
  const ticks = priceTicks(scale, layout, 2);
  expect(ticks.map(({ value }) => value)).toEqual([5, 10, 20, 50, 100, 200, 500]);
  for (const [index, { y }] of ticks.entries()) {
    expect(y).toBeGreaterThan(layout.plot.y);
    if (index > 0) expect((ticks[index - 1]?.y ?? 0) - y).toBeGreaterThanOrEqual(layout.labelHeight);
  }
});
