import { describe, expect, it } from 'vitest';
import type { Candle } from '../../functions/market/candle.ts';
import { MARKET_GUARD_DEFAULTS } from '../../functions/market/market-guard-settings.ts';
import { gapInForce, priceGaps } from '../../functions/market/price-gap.ts';
import { at, calendar } from '../support/calendars.ts';

const HOUR = 3_600_000;
const metals = calendar('metals-energy');
const fx = calendar('fx');
const limits = { gap_bps: 500, gap_ranges: 6 };

const bar = (timeMs: number, open: number, close: number, range = 2): Candle => ({
  ...{ timeMs, open: String(open), close: String(close), volume: '1' },
  ...{ high: String(Math.max(open, close) + range / 2), low: String(Math.min(open, close) - range / 2) },
});
/** Bars of an hour that end at `endMs`, all flat at `price` with a range of 2. */
const flat = (endMs: number, price: number, count = 20): Candle[] =>
  Array.from({ length: count }, (_, i) => bar(endMs - (count - i) * HOUR, price, price));

describe('a gap', () => {
  const noon = at('2026-02-25T12:00Z');

  it('is a bar that opens 5 % from the close before it, up or down, and no less', () => {
    const wild = flat(noon, 100).map((b) => ({ ...b, high: '150', low: '50' }));
    const found = (open: number) => priceGaps([...wild, bar(noon, open, open)], metals, limits, 0);
    expect(found(105)).toEqual([
      { barMs: noon, from: '100', to: '105', bps: 500, ranges: 0.05, kind: 'intra-session' },
    ]);
    expect(found(95)).toHaveLength(1);
    expect(found(104.99)).toEqual([]);
    expect(found(95.01)).toEqual([]);
  });

  it('is one beyond six average ranges of the bars before it, though that is a small part of the price', () => {
    const found = (open: number) =>
      priceGaps([...flat(noon, 2000), bar(noon, open, open)], metals, limits, 0);
    expect(found(2012)).toEqual([]);
    expect(found(2012.1)).toMatchObject([{ kind: 'intra-session', ranges: expect.closeTo(6.05, 6) }]);
  });

  it('is not judged by ranges before there are fourteen, nor in a market that had not moved', () => {
    const few = [...flat(noon, 2000, 14), bar(noon, 2050, 2050)];
    expect(priceGaps(few, metals, limits, 0)).toEqual([]);
    const still = flat(noon, 2000).map((b) => ({ ...b, high: '2000', low: '2000' }));
    expect(priceGaps([...still, bar(noon, 2050, 2050)], metals, limits, 0)).toEqual([]);
    expect(priceGaps([...still, bar(noon, 2100, 2100)], metals, limits, 0)).toMatchObject([{ ranges: null }]);
  });

  it('is told only of the bars from a time on', () => {
    const bars = [...flat(noon, 100), bar(noon, 110, 110), bar(noon + HOUR, 110, 110)];
    expect(priceGaps(bars, metals, limits, noon)).toHaveLength(1);
    expect(priceGaps(bars, metals, limits, noon + 1)).toEqual([]);
  });

  it('is one of the session over a weekend, a daily break and a holiday', () => {
    const over = (endIso: string, openIso: string, of = metals) => {
      const open = at(openIso);
      return priceGaps([...flat(at(endIso), 100), bar(open, 110, 110)], of, limits, open)[0]?.kind;
    };
    // Winter: New York's 17:00 is 22:00 UTC.
    expect(over('2026-02-27T22:00Z', '2026-03-01T23:00Z')).toBe('session');
    expect(over('2026-02-25T22:00Z', '2026-02-25T23:00Z')).toBe('session');
    expect(over('2026-12-24T22:00Z', '2026-12-25T23:00Z')).toBe('session');
    // Currencies have no break there.
    expect(over('2026-02-25T22:00Z', '2026-02-25T23:00Z', fx)).toBe('intra-session');
    // A broker that closes some minutes early has no last bar.
    expect(over('2026-02-27T21:00Z', '2026-03-01T23:00Z')).toBe('session');
  });

  it('is not judged over hours of trading that nobody has, nor without a calendar over any', () => {
    const later = noon + 3 * HOUR;
    expect(priceGaps([...flat(noon, 100), bar(later, 120, 120)], metals, limits, 0)).toEqual([]);
    const night = at('2026-02-25T23:00Z');
    const bars = [...flat(night - HOUR, 100), bar(night, 120, 120), bar(night + HOUR, 140, 140)];
    expect(priceGaps(bars, null, limits, 0).map((g) => g.barMs)).toEqual([night + HOUR]);
  });
});

describe('entries after a gap', () => {
  const noon = at('2026-02-25T12:00Z');
  const settings = MARKET_GUARD_DEFAULTS;
  const bars = [
    ...flat(noon, 100),
    bar(noon, 110, 110),
    bar(noon + HOUR, 110, 110),
    bar(noon + 2 * HOUR, 110, 110),
  ];
  const blocked = (nowMs: number, bid = '110', known = bars) =>
    gapInForce(
      known.filter((b) => b.timeMs + HOUR <= nowMs),
      metals,
      settings,
      { bid, nowMs },
    )?.barMs ?? null;

  it('wait for the bar that gapped and the next one', () => {
    expect(blocked(noon - 1, '100')).toBeNull();
    expect(blocked(noon + HOUR)).toBe(noon);
    expect(blocked(noon + 2 * HOUR - 1)).toBe(noon);
    expect(blocked(noon + 2 * HOUR)).toBeNull();
  });

  it('wait while the hour runs, by the quote that they would meet', () => {
    expect(blocked(noon + 60_000)).toBe(noon);
    expect(blocked(noon + 60_000, '101')).toBeNull();
    const sunday = at('2026-03-01T23:05Z');
    const friday = flat(at('2026-02-27T22:00Z'), 100);
    expect(gapInForce(friday, metals, settings, { bid: '94', nowMs: sunday })).toMatchObject({
      ...{ kind: 'session', from: '100', to: '94' },
      barMs: at('2026-03-01T23:00Z'),
    });
  });

  it('do not wait where the last bars are not known', () => {
    expect(gapInForce([], metals, settings, { bid: '94', nowMs: noon })).toBeNull();
    expect(gapInForce(flat(noon - 5 * HOUR, 50), metals, settings, { bid: '94', nowMs: noon })).toBeNull();
  });
});
