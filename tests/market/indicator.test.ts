import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  INDICATORS,
  type IndicatorBar,
  indicator,
  indicatorSeries,
} from '../../functions/market/indicator.ts';
import { runs } from '../support/property.ts';
import { sharedCandles, sharedFile } from './shared-history.ts';

type Series = (number | null)[];

/** Each indicator again, from its definition, over the whole series and with none of the library's code. */
const definition: Record<(typeof INDICATORS)[number], (bars: IndicatorBar[], period: number) => Series> = {
  sma: (bars, n) => {
    const all = closes(bars);
    return all.map((_, i) => (i < n - 1 ? null : mean(all.slice(i - n + 1, i + 1))));
  },
  ema: (bars, n) => {
    const weight = 2 / (n + 1);
    const values: number[] = [];
    for (const close of closes(bars)) values.push((1 - weight) * (values.at(-1) ?? close) + weight * close);
    return values.map((v, i) => (i < n - 1 ? null : v));
  },
  rsi: (bars, n) => {
    const changes = bars.slice(1).map((b, i) => b.close - (bars[i]?.close ?? 0));
    const up = wilder(
      changes.map((c) => (c > 0 ? c : 0)),
      n,
    );
    const down = wilder(
      changes.map((c) => (c < 0 ? -c : 0)),
      n,
    );
    const values = up.map((g, i) => {
      const l = down[i] ?? null;
      if (g === null || l === null) return null;
      return g === 0 && l === 0 ? 50 : l === 0 ? 100 : 100 - 100 / (1 + g / l);
    });
    return [null, ...values].slice(0, bars.length);
  },
  atr: (bars, n) => {
    const ranges = bars.slice(1).map(({ high, low }, i) => {
      const before = bars[i]?.close ?? 0;
      return Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
    });
    return [null, ...wilder(ranges, n)].slice(0, bars.length);
  },
  roc: (bars, n) =>
    bars.map(({ close }, i) => (i < n ? null : 100 * (close / (bars[i - n]?.close ?? 0) - 1))),
};
const closes = (bars: IndicatorBar[]) => bars.map((b) => b.close);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
/** Wilder's smoothing: the mean of the first n, then avg = (avg * (n - 1) + x) / n. */
function wilder(values: number[], n: number): Series {
  let average = 0;
  return values.map((x, i) => {
    if (i === n - 1) average = mean(values.slice(0, n));
    if (i >= n) average = (average * (n - 1) + x) / n;
    return i < n - 1 ? null : average;
  });
}

function expectEqual(found: Series, expected: Series, what: string): void {
  expect(found.length, what).toBe(expected.length);
  for (const [i, value] of expected.entries()) {
    const got = found[i] ?? null;
    if (value === null || got === null) expect(got, `${what} at ${i}`).toBe(value);
    else if (!(Math.abs(got - value) <= 1e-9)) expect(got, `${what} at ${i}`).toBe(value);
  }
}

const FIRST_VALUE = { sma: -1, ema: -1, rsi: 0, atr: 0, roc: 0 };
const anyBars = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 400 }),
      fc.integer({ min: 0, max: 400 }),
      fc.integer({ min: 0, max: 400 }),
    ),
    {
      maxLength: 120,
    },
  )
  .map((rows) =>
    rows.map(([a, b, c]) => {
      const [low = 0, close = 0, high = 0] = [a, b, c]
        .toSorted((x, y) => x - y)
        .map((x) => (200_000 + x) / 100);
      return { high, low, close };
    }),
  );

describe('indicators', () => {
  it('equal their definitions, written apart from the library, on any series, and stream as they batch', () => {
    fc.assert(
      fc.property(anyBars, fc.integer({ min: 1, max: 40 }), (bars, period) => {
        for (const name of INDICATORS) {
          const batch = indicatorSeries({ name, period }, bars);
          expectEqual(batch, definition[name](bars, period), `${name}:${period}`);
          const one = indicator({ name, period });
          expect(bars.map((bar) => one.next(bar))).toEqual(batch);
          // What was told of a bar is never told otherwise when further bars come.
          const half = bars.slice(0, bars.length >> 1);
          expect(indicatorSeries({ name, period }, half)).toEqual(batch.slice(0, half.length));
        }
      }),
      runs(),
    );
  });

  it.each(INDICATORS)('%s is null before its warm-up is over and a number from then on', (name) => {
    const bars = Array.from({ length: 40 }, (_, i) => ({ high: 12 + (i % 3), low: 9, close: 10 + (i % 2) }));
    for (const period of [1, 2, 14]) {
      const values = indicatorSeries({ name, period }, bars);
      const first = period + FIRST_VALUE[name];
      expect(values.findIndex((v) => v !== null)).toBe(first);
      expect(values.slice(first).every((v) => v !== null && Number.isFinite(v))).toBe(true);
    }
  });

  it('RSI is 50 in a market that does not move, 100 and 0 in one that only rises or falls', () => {
    const rsi = (step: number) =>
      indicatorSeries(
        { name: 'rsi', period: 14 },
        Array.from({ length: 20 }, (_, i) => ({ high: 0, low: 0, close: 2000 + i * step })),
      ).slice(14);
    expect(new Set(rsi(0))).toEqual(new Set([50]));
    expect(new Set(rsi(1))).toEqual(new Set([100]));
    expect(new Set(rsi(-1))).toEqual(new Set([0]));
  });

  it('ATR counts a gap between two bars as range', () => {
    const bars = [
      { high: 10, low: 9, close: 9.5 },
      { high: 13, low: 12, close: 12.5 },
      { high: 8, low: 7, close: 7.5 },
    ];
    expect(indicatorSeries({ name: 'atr', period: 2 }, bars)).toEqual([null, null, (3.5 + 5.5) / 2]);
  });

  it('RSI gives the worked example’s values: 68.3404 at bar 302, 71.2109, 37.8537, 70.2662', (t) => {
    const golden = JSON.parse(sharedFile(t, 'golden/fib-rsi-example.json').toString()) as {
      ohlcTicks: [number, number, number, number, number][];
      rsi: Series;
    };
    const bars = golden.ohlcTicks.map(([, , high, low, close]) => {
      return { high: high / 100, low: low / 100, close: close / 100 };
    });
    const rsi = indicatorSeries({ name: 'rsi', period: 14 }, bars);
    expect([302, 303, 329, 370].map((i) => rsi[i]?.toFixed(4))).toEqual([
      '68.3404',
      '71.2109',
      '37.8537',
      '70.2662',
    ]);
    expect(rsi).toHaveLength(400);
    expectEqual(rsi, golden.rsi, 'golden');
  });

  it('equal their definitions on 57,600 real hours to 1e-9, without drift', (t) => {
    const bars = sharedCandles(t, 'xauusd_h1_2012-2022.csv', 'UTC').map((c) => {
      return { high: Number(c.high), low: Number(c.low), close: Number(c.close) };
    });
    expect(bars).toHaveLength(57_600);
    for (const name of INDICATORS)
      for (const period of [14, 50])
        expectEqual(
          indicatorSeries({ name, period }, bars),
          definition[name](bars, period),
          `${name}:${period}`,
        );
  });
});
