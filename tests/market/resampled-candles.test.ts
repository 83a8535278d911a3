import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candle } from '../../functions/market/candle.ts';
import {
  barAround,
  resampledCandles,
  sourceWithin,
  wholeBars,
} from '../../functions/market/resampled-candles.ts';
import { sourceOf, storedMs, TIMEFRAMES } from '../../functions/market/timeframe.ts';
import { Big, sum } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';
import { clockOf, sharedCandles } from './shared-history.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);
const bar = (iso: string, open: string, high: string, low: string, close: string, volume = '1'): Candle => ({
  ...{ timeMs: ms(iso), open, high, low, close, volume },
});
const day = (clock: string, iso: string) => {
  const { fromMs, toMs } = barAround('D1', clockOf(clock), ms(iso));
  return [new Date(fromMs).toISOString(), (toMs - fromMs) / HOUR_MS];
};

describe('a bar around an instant', () => {
  it('of a day follows the server: it begins at 17:00 in New York and has 23 or 25 hours at a change', () => {
    expect(day('NY+7', '2026-03-04T12:00:00Z')).toEqual(['2026-03-03T22:00:00.000Z', 24]);
    expect(day('NY+7', '2026-03-08T12:00:00Z')).toEqual(['2026-03-07T22:00:00.000Z', 23]);
    expect(day('NY+7', '2026-11-01T12:00:00Z')).toEqual(['2026-10-31T21:00:00.000Z', 25]);
    expect(day('Europe/Athens', '2026-10-25T12:00:00Z')).toEqual(['2026-10-24T21:00:00.000Z', 25]);
    expect(day('UTC', '2026-03-04T12:00:00Z')).toEqual(['2026-03-04T00:00:00.000Z', 24]);
  });

  it('of the same Monday begins an hour apart under both rules in the weeks between their changes', () => {
    expect(day('NY+7', '2026-03-16T12:00:00Z')[0]).toBe('2026-03-15T21:00:00.000Z');
    expect(day('Europe/Athens', '2026-03-16T12:00:00Z')[0]).toBe('2026-03-15T22:00:00.000Z');
  });

  it('of up to an hour does not depend on the server', () => {
    const at = ms('2026-10-25T00:30:00Z');
    for (const timeframe of TIMEFRAMES.slice(0, TIMEFRAMES.indexOf('H2')))
      expect(barAround(timeframe, clockOf('Europe/Athens'), at)).toEqual(
        barAround(timeframe, clockOf('UTC'), at),
      );
  });

  it('holds that instant, and the next begins where it ends, through every change of a year', () => {
    for (const zone of ['NY+7', 'Europe/Athens', 'America/New_York'])
      for (const timeframe of TIMEFRAMES.slice(TIMEFRAMES.indexOf('H2'))) {
        const clock = clockOf(zone);
        let at = ms('2026-01-01T00:00:00Z');
        while (at < ms('2027-01-01T00:00:00Z')) {
          const { fromMs, toMs } = barAround(timeframe, clock, at);
          expect(fromMs <= at && at < toMs, `${zone} ${timeframe} ${at}`).toBe(true);
          expect(barAround(timeframe, clock, toMs - 1).fromMs).toBe(fromMs);
          at = toMs;
        }
      }
  });
});

describe('whole bars of a window', () => {
  const whole = (from: string, to: string) => {
    const found = wholeBars('D1', clockOf('NY+7'), { fromMs: ms(from), toMs: ms(to) });
    return [found.fromMs, found.toMs].map((t) => new Date(t).toISOString().slice(0, 16));
  };

  it('are those that begin in it, to the end of the last', () => {
    expect(whole('2026-03-03T22:00:00Z', '2026-03-04T22:00:00Z')).toEqual([
      '2026-03-03T22:00',
      '2026-03-04T22:00',
    ]);
    expect(whole('2026-03-03T22:00:01Z', '2026-03-04T22:00:01Z')).toEqual([
      '2026-03-04T22:00',
      '2026-03-05T22:00',
    ]);
  });

  it('are none where none begins in it', () => {
    const [from, to] = whole('2026-03-04T00:00:00Z', '2026-03-04T12:00:00Z');
    expect(from).toBe(to);
  });
});

describe('resampled candles', () => {
  const hours = [
    bar('2026-03-04T20:00:00Z', '10', '11', '9.5', '10.5', '100'),
    bar('2026-03-04T21:00:00Z', '10.5', '10.6', '9', '9.10', '50.5'),
    bar('2026-03-04T23:00:00Z', '9.2', '12', '9.2', '11', '7'),
  ];

  it('have the first open, highest high, lowest low, last close and the sum of volumes', () => {
    const days = resampledCandles(hours, 'D1', clockOf('NY+7'), ms('2026-03-05T22:00:00Z'));
    expect(days).toEqual([
      bar('2026-03-03T22:00:00Z', '10', '11', '9', '9.10', '150.5'),
      bar('2026-03-04T22:00:00Z', '9.2', '12', '9.2', '11', '7'),
    ]);
  });

  it('leave out a last bar that has not ended, and only that', () => {
    const at = (iso: string) => resampledCandles(hours, 'D1', clockOf('NY+7'), ms(iso)).length;
    expect(at('2026-03-05T21:59:59.999Z')).toBe(1);
    expect(at('2026-03-05T22:00:00Z')).toBe(2);
    expect(resampledCandles([], 'D1', clockOf('NY+7'), 0)).toEqual([]);
  });

  it('hold all volume and every extreme of what they are made of, one step or two', () => {
    const price = fc.integer({ min: 1, max: 9999 });
    const census = caseCensus('several bars', 'a bar of one');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 100 }),
        fc.array(fc.tuple(price, price, price, price), { minLength: 100, maxLength: 100 }),
        fc.constantFrom('H4' as const, 'H12' as const, 'D1' as const, 'MN1' as const),
        fc.constantFrom('NY+7', 'Europe/Athens', 'UTC'),
        (slots, prices, timeframe, zone) => {
          const source = slots
            .toSorted((a, b) => a - b)
            .map((slot, i) => {
              const [open = 1, close = 1, a = 1, b = 1] = prices[i] ?? [];
              return {
                timeMs: ms('2026-02-20T00:00:00Z') + slot * HOUR_MS,
                ...{ open: String(open), close: String(close), volume: String(a) },
                ...{ high: String(Math.max(open, close, a, b)), low: String(Math.min(open, close, a, b)) },
              };
            });
          const all = (to: typeof timeframe | 'H2', from: Candle[]) =>
            resampledCandles(from, to, clockOf(zone), Number.POSITIVE_INFINITY);
          const made = all(timeframe, source);
          expect(sum(made.map((c) => c.volume))).toBe(sum(source.map((c) => c.volume)));
          const highest = (list: Candle[]) => Math.max(...list.map((c) => Number(c.high)));
          expect(highest(made)).toBe(highest(source));
          expect(made.at(-1)?.close).toBe(source.at(-1)?.close);
          expect(made.every((c, i) => i === 0 || c.timeMs > (made[i - 1]?.timeMs ?? 0))).toBe(true);
          expect(all(timeframe, all('H2', source))).toEqual(made);
          census.note('several bars', made.length > 1);
          census.note('a bar of one', made.length === source.length);
        },
      ),
      runs(100),
    );
    census.expectAllMet();
  });

  it('of every timeframe are made of whole stored bars', () => {
    for (const timeframe of TIMEFRAMES) {
      const { fromMs, toMs } = barAround(timeframe, clockOf('NY+7'), ms('2026-03-04T12:34:56Z'));
      const size = storedMs(sourceOf(timeframe));
      expect([fromMs % size, toMs % size], timeframe).toEqual([0, 0]);
    }
  });
});

describe('the source of a bar', () => {
  const source = (timeframe: (typeof TIMEFRAMES)[number], zone: string, from: string, to: string) =>
    sourceWithin(timeframe, clockOf(zone), { fromMs: ms(from), toMs: ms(to) });
  const [from, to] = ['2026-11-17T10:30:00Z', '2026-11-17T18:30:00Z'] as const;

  it.each([
    ['H1', 'NY+7'],
    ['H1', 'Europe/Athens'],
    ['M30', 'Asia/Kolkata'],
    ['M30', '+05:30'],
    ['M15', 'Asia/Kathmandu'],
    ['M5', '-02:40'],
    ['M1', '+02:01'],
  ])('is %s on the clock of %s', (stored, zone) => {
    for (const timeframe of ['H2', 'H4', 'D1', 'W1', 'MN1'] as const)
      expect(source(timeframe, zone, from, to)).toBe(stored);
    for (const timeframe of ['M1', 'M20', 'M30', 'H1'] as const)
      expect(source(timeframe, zone, from, to)).toBe(sourceOf(timeframe));
  });

  it('is that of the whole window where the clock changes between whole and half hours', () => {
    const island = 'Australia/Lord_Howe';
    expect(source('H4', island, '2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z')).toBe('H1');
    expect(source('H4', island, '2026-07-17T00:00:00Z', '2026-07-18T00:00:00Z')).toBe('M30');
    expect(source('D1', island, '2026-04-01T00:00:00Z', '2026-04-05T01:00:00Z')).toBe('M30');
    expect(source('D1', island, '2026-09-30T00:00:00Z', '2026-12-01T00:00:00Z')).toBe('M30');
    expect(source('D1', island, '2026-10-10T00:00:00Z', '2027-04-10T00:00:00Z')).toBe('M30');
  });

  it('never straddles a bar’s edge', () => {
    const window = { fromMs: ms('2026-03-01T00:00:00Z'), toMs: ms('2026-05-01T00:00:00Z') };
    const straddled: string[] = [];
    for (const zone of ['Asia/Kolkata', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'NY+7', '+05:30'])
      for (const timeframe of ['H2', 'H4', 'D1', 'W1', 'MN1'] as const) {
        const clock = clockOf(zone);
        const size = storedMs(sourceWithin(timeframe, clock, window));
        let at = window.fromMs;
        while (at < window.toMs) {
          at = barAround(timeframe, clock, at).toMs;
          if (at % size !== 0) straddled.push(`${zone} ${timeframe} ${at}`);
        }
      }
    expect(straddled).toEqual([]);
  });
});

describe('ten years of gold', () => {
  it('give the terminal’s own days out of its hours, each of 2,400 with its volume, through every change', (t) => {
    const hours = sharedCandles(t, 'xauusd_h1_2012-2022.csv', 'UTC');
    const days = sharedCandles(t, 'xauusd_d1_2012-2022.csv', 'Europe/Athens');
    const made = (zone: string) => {
      const found = resampledCandles(hours, 'D1', clockOf(zone), Number.POSITIVE_INFINITY);
      return new Map(found.map((c) => [c.timeMs, c]));
    };
    const [right, wrong] = [made('Europe/Athens'), made('NY+7')];
    expect(days).toHaveLength(2400);
    expect(days.filter((d) => JSON.stringify(right.get(d.timeMs)) !== JSON.stringify(d))).toEqual([]);
    // Under the other rule the weeks between American and European changes come out otherwise.
    const differing = days.filter((d) => JSON.stringify(wrong.get(d.timeMs)) !== JSON.stringify(d));
    expect(differing.length).toBeGreaterThan(20);
    const inside = (d: Candle) => /-(03|10|11)-/.test(new Date(d.timeMs).toISOString());
    expect(differing.every(inside)).toBe(true);
  });

  it('keep their volume from hours to weeks and months', (t) => {
    const hours = sharedCandles(t, 'xauusd_h1_2012-2022.csv', 'UTC');
    const total = sum(hours.map((c) => c.volume));
    for (const [timeframe, least] of [
      ['W1', 500],
      ['MN1', 118],
    ] as const) {
      const made = resampledCandles(hours, timeframe, clockOf('Europe/Athens'), Number.POSITIVE_INFINITY);
      expect(made.length).toBeGreaterThanOrEqual(least);
      expect(new Big(sum(made.map((c) => c.volume))).eq(total)).toBe(true);
    }
  });
});
