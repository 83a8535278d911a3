import { describe, expect, it } from 'vitest';
import { candleGaps } from '../../functions/market/candle-gaps.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';
import { openHours } from '../../functions/market/open-hours.ts';
import { tradingCalendar } from '../../functions/market/trading-calendar.ts';
import { sharedCandles } from './shared-history.ts';

const HOUR_MS = 3_600_000;
const ms = (iso: string) => Date.parse(iso);
const calendar = (id: string) => {
  const found = DEFAULT_CALENDARS.get(id);
  if (found === undefined) throw new Error(`no calendar ${id}`);
  return tradingCalendar(found);
};
const hours = (id: string, from: string, to: string) =>
  openHours(calendar(id), { fromMs: ms(from), toMs: ms(to) })?.map(
    (i) => `${new Date(i.fromMs).toISOString().slice(0, 16)} ${(i.toMs - i.fromMs) / HOUR_MS}h`,
  );

describe('open hours of a window', () => {
  it('are the calendar’s sessions, cut at the window’s edges', () => {
    expect(hours('metals-energy', '2026-02-20T20:00:00Z', '2026-02-24T00:00:00Z')).toEqual([
      '2026-02-20T20:00 2h',
      '2026-02-22T23:00 23h',
      '2026-02-23T23:00 1h',
    ]);
    expect(hours('metals-energy', '2026-02-21T00:00:00Z', '2026-02-22T00:00:00Z')).toEqual([]);
  });

  it('of a market that never closes are the whole window', () => {
    expect(hours('crypto', '2026-02-20T20:00:00Z', '2026-02-24T00:00:00Z')).toEqual(['2026-02-20T20:00 76h']);
  });

  it('are unknown without a calendar, and with one that cannot be followed', () => {
    const window = { fromMs: ms('2026-02-20T00:00:00Z'), toMs: ms('2026-02-21T00:00:00Z') };
    expect(openHours(null, window)).toBeNull();
    expect(openHours('unreadable', window)).toBeNull();
  });

  it('leave few gaps in ten years of real gold: closed hours are not taken for missing bars', (t) => {
    const bars = sharedCandles(t, 'xauusd_h1_2012-2022.csv', 'UTC').map((c) => c.timeMs);
    const window = { fromMs: bars[0] ?? 0, toMs: (bars.at(-1) ?? 0) + HOUR_MS };
    const open = openHours(calendar('metals-energy'), window) ?? [];
    const gaps = candleGaps(bars, HOUR_MS, window, open);
    const missing = gaps.reduce((sum, g) => sum + g.toMs - g.fromMs, 0) / HOUR_MS;
    const openFor = open.reduce((sum, i) => sum + i.toMs - i.fromMs, 0) / HOUR_MS;
    console.info(
      `${bars.length} bars, ${openFor} open hours, ${missing} of them without a bar in ${gaps.length} gaps`,
    );
    expect(missing / openFor).toBeLessThan(0.02);
    expect(bars.length - (openFor - missing)).toBeLessThan(0.02 * bars.length);
  });
});
