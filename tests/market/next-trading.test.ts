import { describe, expect, it } from 'vitest';
import { nextTrading } from '../../functions/market/next-trading.ts';
import { tradingCalendar } from '../../functions/market/trading-calendar.ts';
import { at, calendar } from '../support/calendars.ts';

const [fx, metals, crypto] = [calendar('fx'), calendar('metals-energy'), calendar('crypto')];
const SATURDAY_MS = at('2026-02-28T12:00:00Z');

describe('when the first of some markets trades', () => {
  it('is its opening, the earliest of several', () => {
    expect(nextTrading([fx], SATURDAY_MS)).toBe(at('2026-03-01T22:00:00Z'));
    expect(nextTrading([metals], SATURDAY_MS)).toBe(at('2026-03-01T23:00:00Z'));
    expect(nextTrading([metals, fx], SATURDAY_MS)).toBe(at('2026-03-01T22:00:00Z'));
  });

  it('is now where one is open, or the hours of one are not known', () => {
    expect(nextTrading([fx, crypto], SATURDAY_MS)).toBe(SATURDAY_MS);
    for (const unknown of [null, 'unreadable'] as const)
      expect(nextTrading([fx, unknown], SATURDAY_MS)).toBe(SATURDAY_MS);
    expect(nextTrading([], SATURDAY_MS)).toBe(SATURDAY_MS);
  });

  it('is now where a calendar cannot be followed, and never where none of them opens', () => {
    const { definition } = fx;
    const nowhere = tradingCalendar({ ...fx, definition: { ...definition, tz: 'Mars/Olympus' } });
    expect(nextTrading([nowhere, metals], SATURDAY_MS)).toBe(SATURDAY_MS);
    const never = tradingCalendar({ ...fx, definition: { ...definition, weekly: [] } });
    expect(nextTrading([never], SATURDAY_MS)).toBe(Number.POSITIVE_INFINITY);
  });
});
