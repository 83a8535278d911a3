import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candleGaps, pieces, spanOf } from '../../functions/market/candle-gaps.ts';
import { caseCensus, runs } from '../support/property.ts';

const MINUTE_MS = 60_000;
const SIZE = 5 * MINUTE_MS;
const at = (minute: number) => minute * MINUTE_MS;
const interval = (from: number, to: number) => ({ fromMs: at(from), toMs: at(to) });

describe('gaps between candles', () => {
  it('are open hours without bars; closed hours are none', () => {
    const open = [interval(0, 20), interval(40, 60)];
    const gaps = (...minutes: number[]) => candleGaps(minutes.map(at), SIZE, interval(0, 60), open);
    expect(gaps(0, 5, 10, 15, 40, 45, 50, 55)).toEqual([]);
    expect(gaps(0, 15, 45, 50, 55)).toEqual([interval(5, 15), interval(40, 45)]);
    expect(gaps()).toEqual([interval(0, 20), interval(40, 60)]);
  });

  it('count a bar that was open for a part of its time, and one that two sessions share once', () => {
    const open = [interval(0, 11), interval(13, 16)];
    expect(candleGaps([], SIZE, interval(0, 20), open)).toEqual([interval(0, 20)]);
    expect(candleGaps([at(10)], SIZE, interval(0, 20), open)).toEqual([interval(0, 10), interval(15, 20)]);
  });

  it('lie within the window, of which only bars that begin in it count', () => {
    expect(candleGaps([], SIZE, interval(3, 12), [interval(0, 60)])).toEqual([interval(5, 15)]);
    expect(candleGaps([], SIZE, interval(0, 0), [interval(0, 60)])).toEqual([]);
  });

  it('together with the bars cover every open minute, and no bar lies in a gap', () => {
    const census = caseCensus('gap', 'no gap', 'closed');
    const edges = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(edges, fc.uniqueArray(fc.integer({ min: 0, max: 40 })), (minutes, slots) => {
        const sorted = minutes.toSorted((a, b) => a - b);
        const open = Array.from({ length: Math.floor(sorted.length / 2) }, (_, i) =>
          interval(sorted[2 * i] ?? 0, sorted[2 * i + 1] ?? 0),
        );
        const times = slots.toSorted((a, b) => a - b).map((s) => s * SIZE);
        const gaps = candleGaps(times, SIZE, interval(0, 200), open);
        const has = (list: readonly { fromMs: number; toMs: number }[], t: number) =>
          list.some((i) => t >= i.fromMs && t < i.toMs);
        for (let slot = 0; slot < 40; slot += 1) {
          const start = slot * SIZE;
          const opened = Array.from({ length: 5 }, (_, m) => has(open, start + at(m))).includes(true);
          const missing = opened && !times.includes(start);
          expect(has(gaps, start)).toBe(missing);
          census.note('gap', missing);
          census.note('no gap', opened && !missing);
          census.note('closed', !opened && !times.includes(start));
        }
        expect(gaps.every((g, i) => i === 0 || g.fromMs > (gaps[i - 1]?.toMs ?? 0))).toBe(true);
      }),
      runs(),
    );
    census.expectAllMet();
  });
});

describe('what is asked for', () => {
  it('is one span over all gaps', () => {
    expect(spanOf([])).toBeNull();
    expect(spanOf([interval(5, 10), interval(30, 40)])).toEqual(interval(5, 40));
  });

  it('is cut into pieces that join without overlap', () => {
    expect(pieces(interval(0, 25), at(10))).toEqual([interval(0, 10), interval(10, 20), interval(20, 25)]);
    expect(pieces(interval(0, 20), at(10))).toHaveLength(2);
    expect(pieces(interval(0, 0), at(10))).toEqual([]);
  });
});
