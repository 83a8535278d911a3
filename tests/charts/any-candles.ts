// Arbitrary series of bars for property tests: whole ticks, so that what two ways of computing must agree on is exact
// where the rule is.
import fc from 'fast-check';
import type { Candle } from '../../functions/charts/candle-series.ts';
import { START_MS } from './sample-chart.ts';

const HOUR_MS = 3_600_000;

/** Bars of hourly walks in cents, of one bar or more, some without volume, some that never move. */
export function anyCandles(maxLength = 60): fc.Arbitrary<Candle[]> {
  const bar = fc.record({
    gap: fc.integer({ min: -300, max: 300 }),
    body: fc.integer({ min: -400, max: 400 }),
    over: fc.integer({ min: 0, max: 200 }),
    under: fc.integer({ min: 0, max: 200 }),
    volume: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 5000 })),
  });
  const flat = fc.constant({ gap: 0, body: 0, over: 0, under: 0, volume: 3 });
  return fc.array(fc.oneof({ weight: 6, arbitrary: bar }, flat), { minLength: 1, maxLength }).map((rows) => {
    let before = 200_000;
    return rows.map(({ gap, body, over, under, volume }, index) => {
      const [open, close] = [before + gap, before + gap + body];
      before = close;
      const [high, low] = [Math.max(open, close) + over, Math.min(open, close) - under];
      const prices = { open: open / 100, high: high / 100, low: low / 100, close: close / 100 };
      return { timeMs: START_MS + index * HOUR_MS, ...prices, ...(volume === undefined ? {} : { volume }) };
    });
  });
}
