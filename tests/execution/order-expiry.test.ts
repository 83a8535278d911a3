import { describe, expect, it } from 'vitest';
import { orderExpiry, sessionHours } from '../../functions/execution/order-expiry.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';
import { tradingCalendar } from '../../functions/market/trading-calendar.ts';

/** Open in [0, 100) and [200, 300). */
const HOURS = {
  isOpen: (atMs: number) => atMs < 100 || (atMs >= 200 && atMs < 300),
  lastCloseBefore: (atMs: number) => (atMs >= 300 ? 300 : atMs >= 100 ? 100 : null),
};

describe('the end of a pending order', () => {
  it.each([
    ['in a session stays', 50, 50],
    ['at a close stays there', 100, 100],
    ['between sessions is the close before', 199, 100],
    ['at an opening stays', 200, 200],
    ['after the last session is its close', 1_000, 300],
  ])('that falls %s', (_what, wanted, expected) => {
    expect(orderExpiry(wanted, HOURS, 10)).toBe(expected);
  });

  it('is what was wanted where no sessions are known', () => {
    expect(orderExpiry(199, null, 10)).toBe(199);
  });

  it('is none where it has passed, or the market does not open before it', () => {
    expect(orderExpiry(10, HOURS, 10)).toBeNull();
    expect(orderExpiry(11, HOURS, 10)).toBe(11);
    expect(orderExpiry(199, HOURS, 100)).toBeNull();
    expect(orderExpiry(199, HOURS, 99)).toBe(100);
    expect(orderExpiry(50, { isOpen: () => false, lastCloseBefore: () => null }, 10)).toBeNull();
  });
});

describe('the sessions of a calendar', () => {
  const metals = DEFAULT_CALENDARS.get('metals-energy');
  if (metals === undefined) throw new Error('there is no calendar of metals');

  it('put the end of the worked long on Friday’s close, and leave that of the short', () => {
    const nowMs = Date.UTC(2026, 0, 27, 2);
    const hours = sessionHours(tradingCalendar(metals), nowMs);
    expect(orderExpiry(Date.UTC(2026, 0, 31, 6), hours, nowMs)).toBe(Date.UTC(2026, 0, 30, 22));
    expect(orderExpiry(Date.UTC(2026, 0, 27, 11), hours, nowMs)).toBe(Date.UTC(2026, 0, 27, 11));
    expect(orderExpiry(Date.UTC(2026, 0, 31, 6), hours, Date.UTC(2026, 0, 30, 22))).toBeNull();
  });

  it('are not known without a calendar, or of one that cannot be followed', () => {
    const broken = { ...metals, definition: { ...metals.definition, tz: 'Nowhere/At_All' } };
    expect(sessionHours(null, 0)).toBeNull();
    expect(sessionHours('unreadable', 0)).toBeNull();
    expect(sessionHours(tradingCalendar(broken), 0)).toBeNull();
  });
});
