import type { CalendarException } from './calendar-definition.ts';

const DAY_MS = 86_400_000;
const [FRIDAY, SATURDAY, SUNDAY, MONDAY] = [5, 6, 0, 1];

/** Days since 1 January 1970 of a date; months and days beyond their range count on. */
export const dayNumber = (year: number, month: number, day: number): number =>
  Date.UTC(year, month - 1, day) / DAY_MS;

/** The weekday of a day number; 0 is Sunday. */
export const weekday = (day: number): number => (((day + 4) % 7) + 7) % 7;

/**
 * The day on which an exception falls in a year, as days since 1 January 1970; null where it does not fall in that
 * year. A day moved off a weekend belongs to the year it was moved from.
 */
export function holidayDate(
  { on, from_year, to_year }: Pick<CalendarException, 'on' | 'from_year' | 'to_year'>,
  year: number,
): number | null {
  if (year < (from_year ?? year) || year > (to_year ?? year)) return null;
  if ('date' in on) return Number(on.date.slice(0, 4)) === year ? Date.parse(on.date) / DAY_MS : null;
  if ('easter' in on) return easterSunday(year) + on.easter;
  if ('dow' in on) return nthWeekday(year, on) + (on.plus_days ?? 0);
  const day = dayNumber(year, on.month, on.day);
  // 29 February of a common year is no day, not 1 March.
  if (dayNumber(year, on.month + 1, 1) <= day) return null;
  if (on.observed !== undefined && weekday(day) === SUNDAY) return day + MONDAY;
  if (on.observed === 'nearest' && weekday(day) === SATURDAY) return day + FRIDAY - SATURDAY;
  return day;
}

function nthWeekday(year: number, on: { month: number; dow: number; nth: number }): number {
  if (on.nth > 0) {
    const first = dayNumber(year, on.month, 1);
    return first + ((on.dow - weekday(first) + 7) % 7) + 7 * (on.nth - 1);
  }
  const last = dayNumber(year, on.month + 1, 0);
  return last - ((weekday(last) - on.dow + 7) % 7);
}

/** Easter Sunday of the Gregorian calendar: Meeus, Astronomical Algorithms (1991), chapter 8. */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor((8 * b + 13) / 25);
  const moon = (19 * a + b - Math.floor(b / 4) - d + 15) % 30;
  const sunday = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - moon - (c % 4)) % 7;
  const late = Math.floor((a + 11 * moon + 19 * sunday) / 433);
  const month = Math.floor((moon + sunday - 7 * late + 90) / 25);
  return dayNumber(year, month, (moon + sunday - 7 * late + 33 * month + 19) % 32);
}
