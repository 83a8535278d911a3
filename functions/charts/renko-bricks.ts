// Renko: bricks of one height, a new one whenever the price has gone that far. Invariants: a brick once drawn never
// changes when bars are added (its height is settled at the beginning); neighbours share an edge or, at a turn, stand
// one brick apart; every brick has the time of the bar that completed it; edges are multiples of the height from the
// first price, never sums.
import { indicatorSeries } from '../market/indicator.ts';
import type { Candle } from './candle-series.ts';
import { priceText } from './price-text.ts';
import type { CandleChart } from './resolved-chart.ts';

/** More bricks than bars can be sent say nothing that fewer, larger ones do not. */
export const MAX_BRICKS = 20_000;

export type RenkoChart = Extract<CandleChart, { kind: 'renko' }>;
/** A brick as a bar without wicks, and the index of the candle that completed it. */
export type RenkoBrick = Candle & { candle: number };
export type RenkoBricks =
  | { outcome: 'drawn'; size: number; bricks: RenkoBrick[] }
  | { outcome: 'refused'; detail: string };

/** Where the last brick ended, in brick heights from the first price, and which way it went. */
type Wall = { edge: number; direction: -1 | 0 | 1 };

/**
 * The height of a brick: as asked, or the average true range at the first shown bar that has one, in whole ticks and
 * at least one. A number, or why there is none.
 */
function brickHeight({ brick, candles, visibleFrom, digits }: RenkoChart): number | string {
  if ('size' in brick) return brick.size;
  const ranges = indicatorSeries({ name: 'atr', period: brick.atr }, candles);
  const range = ranges.find((value, index) => index >= visibleFrom && value !== null);
  if (range === undefined || range === null) {
    return `an average true range of ${brick.atr} needs ${brick.atr + 1} bars, there are ${candles.length}`;
  }
  if (range === 0) return 'the average true range is zero: the price does not move';
  return Math.max(10 ** -digits, Number(range.toFixed(digits)));
}

/**
 * Whole bricks from the wall to a price that is `at` heights from the first one, signed; 0 when it has not gone far
 * enough. On in the same direction after one height, back after two: one to the near side of the last brick, one more.
 */
function stepsTo({ edge, direction }: Wall, at: number): number {
  // A price on an edge has reached it, whatever the last bits of the float say.
  const slack = 1e-9 + Math.abs(at) * 1e-12;
  const up = Math.floor(at - edge + slack);
  const down = Math.floor(edge - at + slack);
  // A turn spends its first height on the way back over the last brick.
  if (up >= 1) return direction === -1 ? up - 1 : up;
  if (down >= 1) return direction === 1 ? 1 - down : -down;
  return 0;
}

/** The prices of a bar that move bricks: its close, or its extremes, first the one that would go on as before. */
function movers(bar: Candle, source: RenkoChart['brickSource'], direction: Wall['direction']): number[] {
  if (source === 'close') return [bar.close];
  return direction === -1 ? [bar.low, bar.high] : [bar.high, bar.low];
}

/** Where the first of `steps` bricks begins: at the wall, or one brick back from it at a turn. */
function startOf({ edge, direction }: Wall, steps: number): number {
  const turned = direction !== 0 && Math.sign(steps) !== direction;
  return turned ? edge + Math.sign(steps) : edge;
}

type Laid = { bricks: RenkoBrick[]; count: number };

/** Lays bricks of a height along the bars shown; beyond MAX_BRICKS they are counted only. */
function layBricks({ candles, visibleFrom, brickSource }: RenkoChart, base: number, size: number): Laid {
  const bricks: RenkoBrick[] = [];
  let wall: Wall = { edge: 0, direction: 0 };
  let [count, volume] = [0, 0];
  for (let index = visibleFrom; index < candles.length; index += 1) {
    const bar = candles[index];
    if (bar === undefined) continue;
    volume += bar.volume ?? 0;
    const moves = movers(bar, brickSource, wall.direction).map((price) =>
      stepsTo(wall, (price - base) / size),
    );
    const steps = moves.find((move) => move !== 0) ?? 0;
    if (steps === 0) continue;
    const start = startOf(wall, steps);
    const direction: Wall['direction'] = steps > 0 ? 1 : -1;
    count += Math.abs(steps);
    for (let step = 0; step < Math.abs(steps) && count <= MAX_BRICKS; step += 1) {
      const open = base + (start + step * direction) * size;
      const close = base + (start + (step + 1) * direction) * size;
      const ends = { high: Math.max(open, close), low: Math.min(open, close) };
      const share = bar.volume === undefined ? {} : { volume: volume / Math.abs(steps) };
      bricks.push({ timeMs: bar.timeMs, open, ...ends, close, ...share, candle: index });
    }
    wall = { edge: start + steps, direction };
    volume = 0;
  }
  return { bricks, count };
}

/** A height in as many decimals as it has. */
export function brickText(size: number, digits: number): string {
  const decimals = size.toFixed(8).replace(/0+$/, '').split('.')[1]?.length ?? 0;
  return priceText(size, Math.max(digits, decimals));
}

/**
 * The bricks of the bars shown. The first price is the close of the first bar shown (its middle where high and low
 * move bricks). By close, a bar adds bricks one way at most; by high and low it goes on in the last direction if it
 * can, and turns only if it cannot, because a bar does not say which of its extremes came first. Volume since the last
 * brick is shared equally by those that a bar completes. Refused with a reason when there is no height to draw with, no
 * brick at all, or more than MAX_BRICKS.
 */
export function renkoBricks(chart: RenkoChart): RenkoBricks {
  const size = brickHeight(chart);
  if (typeof size === 'string') return { outcome: 'refused', detail: size };
  const first = chart.candles[chart.visibleFrom];
  if (first === undefined) return { outcome: 'refused', detail: 'there are no bars' };
  const base = chart.brickSource === 'close' ? first.close : (first.high + first.low) / 2;
  const { bricks, count } = layBricks(chart, base, size);
  const height = brickText(size, chart.digits);
  if (count > MAX_BRICKS) {
    const detail = `a brick of ${height} gives ${count} bricks, at most ${MAX_BRICKS} are drawn`;
    return { outcome: 'refused', detail };
  }
  if (count === 0) return { outcome: 'refused', detail: `no bar shown completes a brick of ${height}` };
  return { outcome: 'drawn', size, bricks };
}
