import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barColumns, bodyWidth, candleRects, volumeRect } from '../../functions/charts/candle-geometry.ts';

const yOf = (price: number): number => 1000 - price;
const bar = { timeMs: 0, open: 10, high: 30, low: 5, close: 20, first: 0, last: 0 };
const column = { x: 10.5, left: 8, width: 5, wickLeft: 10, wickWidth: 1 };

describe('candle columns', () => {
  it.each([
    [1, 1, 1],
    [3, 1, 3],
    [6, 2, 6],
    [5.1, 2, 4],
    [4.5, 2, 3],
    [2.6, 1, 3],
    [7.3, 1, 5],
    [20, 1, 15],
    [40, 2, 32],
  ])('bodies at %d px spacing and ratio %d are %d px', (spacing, ratio, width) => {
    expect(bodyWidth(spacing, ratio)).toBe(width);
  });

  it('never overlap, stay inside, and centre the wick', () => {
    const count = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(count, fc.integer({ min: 0, max: 400 }), fc.constantFrom(1, 2), (bars, spare, ratio) => {
        const right = 4 + bars + 1 + spare;
        const columns = barColumns(bars, 4, right, ratio);
        expect(columns).toHaveLength(bars);
        let free = 4;
        for (const { left, width, wickLeft, wickWidth } of columns) {
          expect(Number.isInteger(left) && Number.isInteger(width) && Number.isInteger(wickLeft)).toBe(true);
          expect(left).toBeGreaterThanOrEqual(free);
          expect(width).toBeGreaterThanOrEqual(1);
          expect(wickLeft).toBeGreaterThanOrEqual(left);
          expect(wickLeft + wickWidth).toBeLessThanOrEqual(right + 2);
          free = left + width;
        }
        expect(free).toBeLessThanOrEqual(right + 2);
      }),
    );
  });
});

describe('columns of bars that stand close', () => {
  const close = fc.double({ min: 4, max: 8, noNaN: true });

  it('have wicks thinner than their bodies, in the middle of them', () => {
    fc.assert(
      fc.property(close, (spacing) => {
        const columns = barColumns(100, 0, 100 * spacing, 2);
        for (const { left, width, wickLeft, wickWidth } of columns) {
          expect(wickWidth).toBeLessThan(width);
          expect(wickLeft - left).toBe(left + width - wickLeft - wickWidth);
        }
      }),
    );
  });

  it('have bodies with an inside when hollow', () => {
    fc.assert(
      fc.property(close, (spacing) => {
        for (const each of barColumns(100, 0, 100 * spacing, 2)) {
          expect(each.width).toBeGreaterThanOrEqual(3);
          const { bodies } = candleRects(bar, each, yOf, true);
          const covered = bodies.reduce((sum, { width, height }) => sum + width * height, 0);
          expect(covered).toBeLessThan(each.width * 11);
        }
      }),
    );
  });
});

describe('a candle', () => {
  it('is a body and two wicks that do not run through it', () => {
    const { bodies, wicks } = candleRects(bar, column, yOf, false);
    expect(bodies).toEqual([{ x: 8, y: 980, width: 5, height: 11 }]);
    expect(wicks).toEqual([
      { x: 10, y: 970, width: 1, height: 10 },
      { x: 10, y: 991, width: 1, height: 5 },
    ]);
  });

  it('is a frame when hollow, with nothing inside', () => {
    const { bodies } = candleRects(bar, column, yOf, true);
    const area = bodies.reduce((sum, { width, height }) => sum + width * height, 0);
    expect(bodies).toHaveLength(4);
    expect(area).toBe(5 * 11 - 3 * 9);
  });

  it('of 3 to 5 pixels keeps an inside beside a wick of two, and a smaller one is full', () => {
    const areaOf = (width: number): number =>
      candleRects(bar, { ...column, width, wickWidth: 2 }, yOf, true).bodies.reduce(
        (sum, rect) => sum + rect.width * rect.height,
        0,
      );
    expect([2, 3, 4, 5].map((width) => width * 11 - areaOf(width))).toEqual([0, 7, 14, 7]);
  });

  it('is one pixel high as a doji, and alone when flat', () => {
    const { bodies, wicks } = candleRects({ ...bar, open: 9, high: 9, low: 9, close: 9 }, column, yOf, false);
    expect(bodies[0]?.height).toBe(1);
    expect(wicks).toEqual([]);
  });
});

it('volume stands on the floor, at least a pixel for any trade and none for no trade', () => {
  const zone = { bottom: 500, height: 100 };
  expect(volumeRect(50, 100, column, zone)).toEqual({ x: 8, y: 450, width: 5, height: 50 });
  expect(volumeRect(0.001, 100, column, zone)?.height).toBe(1);
  expect(volumeRect(0, 100, column, zone)).toBeUndefined();
  expect(volumeRect(0, 0, column, zone)).toBeUndefined();
});
