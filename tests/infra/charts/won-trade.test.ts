import { describe, expect, it } from 'vitest';
import type { Candle } from '../../../functions/charts/candle-series.ts';
import { wonTrade } from '../../../infra/charts/won-trade.ts';

const HOUR_MS = 3_600_000;
const candle = (index: number, close: number, reach = 1): Candle => {
  return { timeMs: index * HOUR_MS, open: close, high: close + reach, low: close - reach, close };
};
/** A fall, a rise, and a fall again. */
const waves = Array.from({ length: 120 }, (_, index) => candle(index, 100 + 20 * Math.sin(index / 19)));

describe('the trade of the gallery', () => {
  it('is one that the bars tell: its target is reached before its stop', () => {
    const trade = wonTrade(waves, 20);
    const [entered, left] = trade?.markers ?? [];
    const { stop_loss: stop = 0, take_profit: target = 0 } = trade ?? {};
    const after = waves.filter(({ timeMs }) => timeMs > (entered?.timeMs ?? 0));
    const reached = after.find(({ high }) => high >= target);
    expect(left).toMatchObject({ kind: 'exit', price: target, reason: 'tp', timeMs: reached?.timeMs });
    const until = after.filter(({ timeMs }) => timeMs <= (left?.timeMs ?? 0));
    expect(until.length).toBeGreaterThan(10);
    expect(Math.min(...until.map(({ low }) => low))).toBeGreaterThan(stop);
    expect(entered).toMatchObject({ kind: 'entry', side: 'buy', price: trade?.entry });
  });

  it('is not there where the market only falls, or where one bar touches both levels', () => {
    const falling = Array.from({ length: 200 }, (_, index) => candle(index, 500 - index));
    expect(wonTrade(falling, 0)).toBeUndefined();
    const still = Array.from({ length: 90 }, (_, index) => candle(index, 100, index === 80 ? 50 : 1));
    expect(wonTrade(still, 0)).toBeUndefined();
  });
});
