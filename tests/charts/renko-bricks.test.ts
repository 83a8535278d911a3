import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candle } from '../../functions/charts/candle-series.ts';
import { MAX_BRICKS, type RenkoChart, renkoBricks } from '../../functions/charts/renko-bricks.ts';
import { caseCensus, runs } from '../support/property.ts';
import { anyCandles } from './any-candles.ts';
import { START_MS, sampleChart } from './sample-chart.ts';

function renko(candles: readonly Candle[], changes: Partial<RenkoChart> = {}): RenkoChart {
  const chart = sampleChart(1, { kind: 'renko' });
  if (chart.kind !== 'renko') throw new Error('not renko');
  return { ...chart, candles, brick: { size: 2 }, ...changes };
}
const closes = (...prices: number[]): Candle[] =>
  prices.map((close, index) => ({
    ...{ timeMs: START_MS + index * 60_000, open: close, high: close, low: close, close, volume: 6 },
  }));
function drawn(chart: RenkoChart) {
  const laid = renkoBricks(chart);
  if (laid.outcome === 'refused') throw new Error(laid.detail);
  return laid;
}
const walls = (chart: RenkoChart) => drawn(chart).bricks.map(({ open, close }) => [open, close]);

/** Bricks in cents, one at a time: while the price is far enough, one more; a turn needs two heights. */
function slowly(
  prices: readonly { at: number; mayTurn: boolean }[],
  base: number,
  size: number,
): [number, number][] {
  const bricks: [number, number][] = [];
  let [top, bottom] = [base, base];
  for (const { at, mayTurn } of prices) {
    const before = bricks.length;
    for (;;) {
      const [open = 0, close = 0] = bricks.at(-1) ?? [];
      const turnsUp = bricks.length > 0 && close < open;
      const turnsDown = bricks.length > 0 && close > open;
      const fresh = bricks.length > before;
      if (at >= top + size && (!turnsUp || mayTurn || fresh)) bricks.push([top, top + size]);
      else if (at <= bottom - size && (!turnsDown || mayTurn || fresh)) bricks.push([bottom, bottom - size]);
      else break;
      const [from = 0, to = 0] = bricks.at(-1) ?? [];
      [top, bottom] = [Math.max(from, to), Math.min(from, to)];
    }
  }
  return bricks;
}
const cents = (price: number): number => Math.round(price * 100);

describe('renko by close', () => {
  it('equals a slow recurrence over whole cents on any bars', () => {
    const seen = caseCensus('drawn', 'turned', 'several by one bar');
    fc.assert(
      fc.property(anyCandles(), fc.integer({ min: 40, max: 600 }), (candles, size) => {
        const base = cents(candles[0]?.close ?? 0);
        const expected = slowly(
          candles.map(({ close }) => ({ at: cents(close), mayTurn: true })),
          base,
          size,
        );
        const laid = renkoBricks(renko(candles, { brick: { size: size / 100 } }));
        const found = laid.outcome === 'refused' ? [] : laid.bricks;
        expect(found.map(({ open, close }) => [cents(open), cents(close)])).toEqual(expected);
        seen.note('drawn', expected.length > 0);
        seen.note('turned', expected.some(([a, b]) => b < a) && expected.some(([a, b]) => b > a));
        seen.note('several by one bar', new Set(found.map(({ candle }) => candle)).size < found.length);
      }),
      runs(),
    );
    seen.expectAllMet();
  });

  it('goes on after one height and turns after two', () => {
    expect(walls(renko(closes(10, 12, 11, 10.1, 10)))).toEqual([[10, 12]]);
    expect(walls(renko(closes(10, 12, 8)))).toEqual([
      [10, 12],
      [10, 8],
    ]);
  });

  it('gives each brick the time, the index and an equal share of the volume of the bar that completed it', () => {
    const { bricks } = drawn(renko(closes(10, 11, 16)));
    expect(bricks.map(({ timeMs, candle, volume }) => [timeMs, candle, volume])).toEqual(
      Array.from({ length: 3 }, () => [START_MS + 120_000, 2, 6]),
    );
  });

  it('is not told otherwise when more bars come, with a height of its own or the average true range', () => {
    fc.assert(
      fc.property(anyCandles(), fc.constantFrom({ size: 1.5 }, { atr: 5 }), (candles, brick) => {
        const [half, whole] = [candles.slice(0, candles.length >> 1), candles].map((part) =>
          renkoBricks(renko(part, { brick })),
        );
        if (half?.outcome !== 'drawn' || whole?.outcome !== 'drawn') return;
        expect(whole.size).toBe(half.size);
        expect(whole.bricks.slice(0, half.bricks.length)).toEqual(half.bricks);
      }),
      runs(),
    );
  });
});

describe('renko by high and low', () => {
  it('equals the slow recurrence that tries to go on before it turns', () => {
    fc.assert(
      fc.property(anyCandles(), fc.integer({ min: 20, max: 300 }), (candles, half) => {
        const size = 2 * half;
        const first = candles[0];
        const base = cents(((first?.high ?? 0) + (first?.low ?? 0)) / 2 + 1e-6);
        const exact = ((first?.high ?? 0) + (first?.low ?? 0)) / 2;
        if (Math.abs(exact * 100 - base) > 0.01) return;
        let bricks: [number, number][] = [];
        const told: { at: number; mayTurn: boolean }[] = [];
        for (const { high, low } of candles) {
          const [from = 0, to = 0] = bricks.at(-1) ?? [];
          const order = to < from ? [low, high] : [high, low];
          for (const price of order) {
            const tried = slowly([...told, { at: cents(price), mayTurn: true }], base, size);
            if (tried.length === bricks.length) continue;
            told.push({ at: cents(price), mayTurn: true });
            bricks = tried;
            break;
          }
        }
        const laid = renkoBricks(renko(candles, { brick: { size: size / 100 }, brickSource: 'high_low' }));
        const found = laid.outcome === 'refused' ? [] : laid.bricks;
        expect(found.map(({ open, close }) => [cents(open), cents(close)])).toEqual(bricks);
      }),
      runs(),
    );
  });
});

describe('the height', () => {
  it('of the average true range is settled at the first shown bar that has one, in whole ticks', () => {
    const chart = sampleChart(60, { kind: 'renko' });
    const early = drawn(renko(chart.candles, { brick: { atr: 14 } }));
    const late = drawn(renko(chart.candles, { brick: { atr: 14 }, visibleFrom: 40 }));
    expect(early.size).toBe(Number(early.size.toFixed(2)));
    expect(late.size).not.toBe(early.size);
    expect(late.bricks.every(({ candle }) => candle >= 40)).toBe(true);
  });

  it.each<[string, RenkoChart, RegExp]>([
    ['too few bars', renko(closes(1, 2, 3), { brick: { atr: 3 } }), /needs 4 bars, there are 3/],
    ['a market that stands still', renko(closes(1, 1, 1, 1), { brick: { atr: 2 } }), /does not move/],
    [
      'one that is never reached',
      renko(closes(1, 2), { brick: { size: 2.5 } }),
      /no bar shown completes a brick of 2.50/,
    ],
    [
      'a tiny one',
      renko(closes(1, 1000), { brick: { size: 0.00001 } }),
      new RegExp(`a brick of 0.00001 gives 99900000 bricks, at most ${MAX_BRICKS} are drawn`),
    ],
  ])('%s is refused with the reason', (_, chart, reason) => {
    expect(renkoBricks(chart)).toEqual({ outcome: 'refused', detail: expect.stringMatching(reason) });
  });

  it('gives as many bricks as are drawn, and refuses one more', () => {
    expect(drawn(renko(closes(0, MAX_BRICKS), { brick: { size: 1 } })).bricks).toHaveLength(MAX_BRICKS);
    expect(renkoBricks(renko(closes(0, MAX_BRICKS + 1), { brick: { size: 1 } })).outcome).toBe('refused');
  });
});
