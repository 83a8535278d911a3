import { describe, expect, it } from 'vitest';
import {
  barEnd,
  barStart,
  onServerClock,
  STORED_TIMEFRAMES,
  shortestMs,
  sourceOf,
  storedMs,
  TIMEFRAMES,
} from '../../functions/market/timeframe.ts';

const ms = (text: string) => Date.parse(`${text}Z`);
const bar = (timeframe: (typeof TIMEFRAMES)[number], text: string) => {
  const start = barStart(timeframe, ms(text));
  return [start, barEnd(timeframe, start)].map((t) => new Date(t).toISOString().slice(0, 16));
};

describe('timeframes', () => {
  it('are the terminal’s twenty-one, shortest first', () => {
    expect(TIMEFRAMES.join(' ')).toBe(
      'M1 M2 M3 M4 M5 M6 M10 M12 M15 M20 M30 H1 H2 H3 H4 H6 H8 H12 D1 W1 MN1',
    );
    expect(TIMEFRAMES.map(shortestMs)).toEqual(TIMEFRAMES.map(shortestMs).toSorted((a, b) => a - b));
  });

  it('are made of the longest stored one that divides them', () => {
    const sources = Object.fromEntries(TIMEFRAMES.map((t) => [t, sourceOf(t)]));
    expect(sources).toMatchObject({
      M1: 'M1',
      M2: 'M1',
      M6: 'M1',
      M10: 'M5',
      M12: 'M1',
      M20: 'M5',
      M30: 'M30',
    });
    expect(sources).toMatchObject({ H1: 'H1', H4: 'H1', D1: 'H1', W1: 'H1', MN1: 'H1' });
    for (const t of STORED_TIMEFRAMES) expect([sourceOf(t), storedMs(t)]).toEqual([t, shortestMs(t)]);
  });

  it('begin on the server’s clock from two hours on', () => {
    expect(TIMEFRAMES.filter(onServerClock)).toEqual(TIMEFRAMES.slice(TIMEFRAMES.indexOf('H2')));
  });

  it('have bars from midnight, Sunday and the first of the month, leap years and year ends included', () => {
    expect(bar('M12', '2026-03-04T10:59:59.999')).toEqual(['2026-03-04T10:48', '2026-03-04T11:00']);
    expect(bar('H4', '2026-03-04T23:00')).toEqual(['2026-03-04T20:00', '2026-03-05T00:00']);
    expect(bar('D1', '2026-03-04T23:59')).toEqual(['2026-03-04T00:00', '2026-03-05T00:00']);
    expect(bar('W1', '2026-03-07T23:59')).toEqual(['2026-03-01T00:00', '2026-03-08T00:00']);
    expect(bar('W1', '2026-03-08T00:00')).toEqual(['2026-03-08T00:00', '2026-03-15T00:00']);
    expect(bar('MN1', '2024-02-29T12:00')).toEqual(['2024-02-01T00:00', '2024-03-01T00:00']);
    expect(bar('MN1', '2026-02-01T00:00')).toEqual(['2026-02-01T00:00', '2026-03-01T00:00']);
    expect(bar('MN1', '2025-12-31T23:59')).toEqual(['2025-12-01T00:00', '2026-01-01T00:00']);
  });
});
