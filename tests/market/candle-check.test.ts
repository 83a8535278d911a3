import { describe, expect, it } from 'vitest';
import type { Candle } from '../../functions/market/candle.ts';
import { checkedCandles } from '../../functions/market/candle-check.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-03-02T10:00:00Z');
const bar = (hour: number, over: Partial<Candle> = {}): Candle => ({
  ...{ timeMs: START_MS + hour * HOUR_MS, open: '1.5', high: '2', low: '1', close: '1.2', volume: '3' },
  ...over,
});
const window = { fromMs: START_MS, toMs: START_MS + 3 * HOUR_MS };
const check = (candles: Candle[], nowMs = window.toMs) =>
  checkedCandles(candles, { timeframe: 'H1', window, nowMs });

describe('stated candles', () => {
  it('are taken where they are ascending, aligned, within the window and closed', () => {
    expect(check([bar(0), bar(2)])).toEqual({ kind: 'ok', candles: [bar(0), bar(2)] });
    const flat = bar(1, { open: '1', high: '1.00', low: '1.0', close: '1' });
    expect(check([flat])).toEqual({ kind: 'ok', candles: [flat] });
  });

  it('that have not ended are dropped, to the millisecond', () => {
    expect(check([bar(0), bar(1)], START_MS + 2 * HOUR_MS - 1)).toEqual({ kind: 'ok', candles: [bar(0)] });
    expect(check([bar(0), bar(1)], START_MS + 2 * HOUR_MS)).toMatchObject({ candles: [bar(0), bar(1)] });
  });

  it.each<[string, Candle[], number, string]>([
    ['unsorted', [bar(1), bar(0)], 0, 'is not after the one before'],
    ['twice', [bar(1), bar(1)], 1, 'is not after the one before'],
    ['misaligned', [bar(0.5)], 0.5, 'does not begin where its timeframe does'],
    ['before the window', [bar(-1)], -1, 'lies outside the window'],
    ['at the window’s end', [bar(0), bar(3)], 3, 'lies outside the window'],
    ['zero', [bar(0, { low: '0' })], 0, 'has a price that is not positive'],
    ['negative', [bar(0, { low: '-1' })], 0, 'has a price that is not positive'],
    ['high below low', [bar(0, { high: '0.9' })], 0, 'has a price outside its low and high'],
    ['open above high', [bar(0, { open: '2.00000001' })], 0, 'has a price outside its low and high'],
    [
      'close below low by less than a float tells',
      [
        bar(0, {
          low: '1000000000.00000002',
          close: '1000000000.00000001',
          open: '1000000001',
          high: '1000000002',
        }),
      ],
      0,
      'has a price outside its low and high',
    ],
    ['volume', [bar(0, { volume: '-1' })], 0, 'has a negative volume'],
    ['too large to store', [bar(0, { volume: '10000000000' })], 0, 'has a number that is too large'],
  ])('are refused as a whole for one fault: %s', (_, candles, hour, fault) => {
    expect(check(candles)).toEqual({ kind: 'faulty', timeMs: START_MS + hour * HOUR_MS, fault });
  });
});
