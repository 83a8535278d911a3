import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { begunBooks, equityPoints, MAX_CURVE_POINTS } from '../../functions/charts/account-equity.ts';
import type { Sample } from '../../functions/ledger/nav-series.ts';
import { runs } from '../support/property.ts';

const UNITS = 100_000_000n;
/** A curve of so many samples that moves by what `seed` says, with a flow now and then. */
function curve(count: number, seed: number): Sample[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let equity = 1000n * UNITS;
  return Array.from({ length: count }, (_, i) => {
    const flow = random() < 0.01 ? BigInt(Math.round(random() * 900) - 300) * UNITS : 0n;
    equity += flow + BigInt(Math.round((random() - 0.5) * 20)) * UNITS;
    return { atMs: i * 60_000, equity, flow };
  });
}
/** What trading made of the account at each point, and how far it ever fell from its best. */
function falls(points: readonly { equity: number; flow: number }[]): {
  fall: number;
  best: number;
  flows: number;
} {
  let [flows, best, fall] = [0, Number.NEGATIVE_INFINITY, 0];
  for (const { equity, flow } of points) {
    flows += flow;
    best = Math.max(best, equity - flows);
    fall = Math.max(fall, best - (equity - flows));
  }
  return { fall, best, flows };
}

describe('the points of an account', () => {
  it('are its samples in money, in their order, those of one moment too', () => {
    const samples = [
      { atMs: 1, equity: 123_456_789_012n, flow: 0n },
      { atMs: 2, equity: -5n * UNITS, flow: 250n * UNITS },
      { atMs: 2, equity: 0n, flow: -1n },
    ];
    expect(equityPoints(samples)).toEqual([
      { timeMs: 1, equity: 1234.56789012, flow: 0 },
      { timeMs: 2, equity: -5, flow: 250 },
      { timeMs: 2, equity: 0, flow: -0.00000001 },
    ]);
    expect(equityPoints([])).toEqual([]);
  });

  it('are few, however many samples there are, and lose no peak, no fall and no flow', () => {
    const count = fc.integer({ min: MAX_CURVE_POINTS - 2, max: 4 * MAX_CURVE_POINTS });
    fc.assert(
      fc.property(count, fc.nat(), (many, seed) => {
        const samples = curve(many, seed);
        const points = equityPoints(samples);
        expect(points.length).toBeLessThanOrEqual(MAX_CURVE_POINTS);
        const whole = falls(
          samples.map((s) => ({ equity: Number(s.equity / UNITS), flow: Number(s.flow / UNITS) })),
        );
        expect(falls(points)).toEqual(whole);
        expect([points[0]?.timeMs, points.at(-1)?.timeMs]).toEqual([0, (many - 1) * 60_000]);
      }),
      runs(20),
    );
  });
});

describe('books from their very beginning', () => {
  const flow = (timeMs: number, amount: string) => ({ ticket: `f${timeMs}`, timeMs, amount });
  const leg = { net: '-50', r: null, openedMs: 100, closedMs: 200 };
  const books = {
    legs: [{ ...leg, openedMs: 150 }, leg],
    flows: [flow(1, '700'), flow(100, '300.5'), flow(101, '-20')],
    ...{ costs: [], points: [], booked: [], startBalance: null },
  };

  it('begin with what came in before the first opening, which is no flow then', () => {
    expect(begunBooks(books)).toEqual({ ...books, flows: [flow(101, '-20')], startBalance: '1000.5' });
  });

  it('stay as they are where their beginning is known, or shown by snapshots, or nothing was traded', () => {
    const point = { atMs: 1, balance: '1', credit: '0', equity: '1', booked: null, flowed: null };
    for (const other of [
      { ...books, startBalance: '5' },
      { ...books, points: [point, { ...point, atMs: 2 }] },
      { ...books, legs: [] },
    ])
      expect(begunBooks(other)).toBe(other);
  });
});
