import { describe, expect, it } from 'vitest';
import { attemptDeadlineMs } from '../../functions/execution/attempt-deadline.ts';
import { closeDeadline } from '../../functions/execution/close-deadline.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';
import { tradingCalendar } from '../../functions/market/trading-calendar.ts';

const calendarOf = (id: string) => {
  const found = DEFAULT_CALENDARS.get(id);
  if (found === undefined) throw new Error(`there is no calendar ${id}`);
  return tradingCalendar(found);
};
const fx = calendarOf('fx');
const until = (approvedAt: string, calendar: Parameters<typeof closeDeadline>[0] = fx) =>
  new Date(closeDeadline(calendar, Date.parse(approvedAt))).toISOString();

describe('an approved close', () => {
  it('is tried for a day', () => {
    expect(until('2026-03-02T10:00:00Z')).toBe('2026-03-03T10:00:00.000Z');
    expect(until('2026-03-07T10:00:00Z', calendarOf('crypto'))).toBe('2026-03-08T10:00:00.000Z');
  });

  it('is tried until an hour after the market has opened again, where the day would end while it is closed', () => {
    // The week of FX ended on Friday, 22:00, and begins on Sunday at 21:00: New York has moved its clocks that night.
    expect(until('2026-03-05T21:59:59Z')).toBe('2026-03-06T21:59:59.000Z');
    for (const friday of ['2026-03-05T22:00:00Z', '2026-03-06T15:00:00Z', '2026-03-06T22:30:00Z'])
      expect(until(friday)).toBe('2026-03-08T22:00:00.000Z');
    expect(until('2026-03-07T21:00:00Z'), 'it is open by then').toBe('2026-03-08T21:00:00.000Z');
  });

  it('is tried for a day where the hours are not known or cannot be followed', () => {
    const broken = tradingCalendar({ ...fx, definition: { ...fx.definition, tz: 'Nowhere/City' } });
    for (const calendar of [null, 'unreadable', broken] as const)
      expect(until('2026-03-06T15:00:00Z', calendar)).toBe('2026-03-07T15:00:00.000Z');
  });
});

describe('one attempt', () => {
  const pre = { login: '1', server: 's', symbol: 'X' };
  const trade = (kind: 'open' | 'place' | 'close') =>
    ({ kind, pre, order: { symbol: 'X', type: 'buy', volume: '1' } }) as const;
  const cancel = { kind: 'cancel', pre, order: { symbol: 'X', order_ticket: '7' } } as const;

  it('of what leaves the market may be carried out for half a minute, and never after its command’s time', () => {
    for (const instruction of [trade('close'), cancel]) {
      expect(attemptDeadlineMs({ instruction, sentMs: 1_000, expiresMs: 86_400_000 })).toBe(31_000);
      expect(attemptDeadlineMs({ instruction, sentMs: 1_000, expiresMs: 2_000 })).toBe(2_000);
      expect(attemptDeadlineMs({ instruction, sentMs: null, expiresMs: 86_400_000 })).toBe(86_400_000);
    }
  });

  it('of an entry has the time of its command', () => {
    for (const kind of ['open', 'place'] as const)
      expect(attemptDeadlineMs({ instruction: trade(kind), sentMs: 1_000, expiresMs: 300_000 })).toBe(
        300_000,
      );
  });
});
