import { describe, expect, it } from 'vitest';
import type { CalendarException } from '../../functions/market/calendar-definition.ts';
import { holidayDate } from '../../functions/market/holiday-date.ts';

const date = (on: CalendarException['on'], year: number, years = {}): string | null => {
  const day = holidayDate({ on, ...years }, year);
  return day === null ? null : new Date(day * 86_400_000).toISOString().slice(0, 10);
};

describe('a day that comes each year', () => {
  // From the tables of the church: the earliest and the latest of 2000 to 2040 among them.
  it.each([
    [2000, '2000-04-23'],
    [2008, '2008-03-23'],
    [2011, '2011-04-24'],
    [2024, '2024-03-31'],
    [2025, '2025-04-20'],
    [2026, '2026-04-05'],
    [2035, '2035-03-25'],
    [2038, '2038-04-25'],
    [2040, '2040-04-01'],
  ])('Easter of %i is on %s', (year, easter) => {
    expect(date({ easter: 0 }, year)).toBe(easter);
  });

  it.each([
    [{ easter: -2 }, 2026, '2026-04-03'],
    [{ month: 1, dow: 1, nth: 3 }, 2024, '2024-01-15'],
    [{ month: 5, dow: 1, nth: -1 }, 2026, '2026-05-25'],
    [{ month: 5, dow: 1, nth: -1 }, 2021, '2021-05-31'],
    [{ month: 11, dow: 4, nth: 4, plus_days: 1 }, 2024, '2024-11-29'],
    [{ month: 7, day: 4, observed: 'nearest' }, 2020, '2020-07-03'],
    [{ month: 7, day: 4, observed: 'nearest' }, 2021, '2021-07-05'],
    [{ month: 1, day: 1, observed: 'monday' }, 2023, '2023-01-02'],
    [{ month: 1, day: 1, observed: 'monday' }, 2022, '2022-01-01'],
    [{ month: 12, day: 25 }, 2022, '2022-12-25'],
    [{ month: 2, day: 29 }, 2024, '2024-02-29'],
    [{ month: 2, day: 29 }, 2026, null],
    [{ date: '2026-12-24' }, 2026, '2026-12-24'],
    [{ date: '2026-12-24' }, 2027, null],
  ] satisfies [CalendarException['on'], number, string | null][])('%j of %i is %s', (on, year, expected) => {
    expect(date(on, year)).toBe(expected);
  });

  it('falls only in its years', () => {
    const years = { from_year: 2022, to_year: 2023 };
    expect([2021, 2022, 2023, 2024].map((y) => date({ month: 6, day: 19 }, y, years))).toEqual([
      null,
      '2022-06-19',
      '2023-06-19',
      null,
    ]);
  });
});
