// What holds of every calendar at every moment of the years 2000 to 2040, and a second opinion: the same data walked
// minute by minute on the wall clock that Intl shows, which knows nothing of intervals, weeks or offsets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CalendarDefinition, CalendarException } from '../../functions/market/calendar-definition.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';
import { holidayDate } from '../../functions/market/holiday-date.ts';
import {
  entryWindow,
  isOpen,
  lastCloseBefore,
  nextClose,
  nextOpen,
  openBetween,
  openMsBetween,
  sessionAt,
  type TradingCalendar,
} from '../../functions/market/trading-calendar.ts';
import { type WallTime, zoneReader } from '../../functions/platform/time-zone.ts';
import { calendar } from '../support/calendars.ts';
import { caseCensus, runs } from '../support/property.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const YEARS = { from: Date.UTC(2000, 0, 1), to: Date.UTC(2041, 0, 1) };
const ids = [...DEFAULT_CALENDARS.keys()];
const calendars = new Map(ids.map((id) => [id, calendar(id)]));
const anyCalendar = fc.constantFrom(...calendars.values());
const anyTime = fc.integer({ min: YEARS.from, max: YEARS.to - 1 });

describe('from 2000 to 2040', () => {
  it.each(ids)('the sessions of %s are sorted, disjoint and apart, and all edges agree', (id) => {
    const of = calendars.get(id) as TradingCalendar;
    const sessions = openBetween(of, YEARS.from, YEARS.to);
    expect(sessions.length).toBeGreaterThan(id === 'crypto' ? 0 : 2000);
    let last = Number.NEGATIVE_INFINITY;
    for (const { openMs, closeMs } of sessions) {
      expect(last < openMs && openMs < closeMs).toBe(true);
      expect(isOpen(of, openMs)).toBe(true);
      expect(isOpen(of, closeMs - 1)).toBe(true);
      if (closeMs < YEARS.to) {
        expect(isOpen(of, closeMs)).toBe(false);
        expect(lastCloseBefore(of, closeMs)).toBe(closeMs);
        expect(nextClose(of, openMs)).toBe(closeMs);
      }
      if (openMs > YEARS.from) expect(nextOpen(of, openMs - 1)).toBe(openMs);
      last = closeMs;
    }
  });

  it('openings, closes, sessions and the time between agree at any moment', () => {
    const census = caseCensus('open', 'closed', 'no entries though open', 'long apart');
    fc.assert(
      fc.property(
        anyCalendar,
        anyTime,
        fc.integer({ min: 0, max: 400 * DAY }),
        fc.nat(1000),
        (of, t, span, part) => {
          const [opens, closes, closed] = [nextOpen(of, t), nextClose(of, t), lastCloseBefore(of, t)];
          const session = sessionAt(of, t);
          if (census.note('closed', !isOpen(of, t)) && opens !== null) {
            expect(isOpen(of, opens)).toBe(true);
            expect(isOpen(of, opens - 1)).toBe(false);
            expect(openMsBetween(of, t, opens)).toBe(0);
            expect(session).toBeNull();
          }
          if (census.note('open', session !== null)) expect(session?.closeMs).toBe(closes);
          if (closes !== null) expect(lastCloseBefore(of, closes)).toBe(closes);
          if (closed !== null) {
            expect(closed).toBeLessThanOrEqual(t);
            expect(nextClose(of, closed - 1)).toBe(closed);
            expect(nextClose(of, closed)).toBe(closes);
          }
          const middle = t + Math.floor((span * part) / 1000);
          expect(openMsBetween(of, t, middle) + openMsBetween(of, middle, t + span)).toBe(
            openMsBetween(of, t, t + span),
          );
          census.note('long apart', span > 200 * DAY);
          const entry = entryWindow(of, t);
          if (entry.open) expect(isOpen(of, t)).toBe(true);
          else if (entry.opensMs !== null) {
            expect(entry.opensMs).toBeGreaterThan(t);
            expect(entryWindow(of, entry.opensMs)).toMatchObject({ open: true });
            expect(entryWindow(of, entry.opensMs - 1)).toMatchObject({ open: false });
          }
          census.note('no entries though open', !entry.open && session !== null);
        },
      ),
      runs(2000),
    );
    census.expectAllMet();
  });
});

const minutes = (hhmm: string): number => Number(hhmm.slice(0, 2)) * 60 + Number(hhmm.slice(3));
/** Whether `m` is in [from, to) of a circle of `size`; equal ends are the whole circle. */
const onCircle = (m: number, from: number, to: number, size: number): boolean =>
  (m - from + size) % size < ((to - from + size) % size || size);

/** Judges one minute by what the wall clock shows. Days are counted as if the zone were UTC. */
function openByWall(d: CalendarDefinition, wall: WallTime): boolean {
  const minute = wall.hour * 60 + wall.minute;
  const date = Date.UTC(wall.year, wall.month - 1, wall.day);
  const dow = new Date(date).getUTCDay();
  const inWeek = d.weekly.some((s) =>
    onCircle(
      dow * 1440 + minute,
      s.open.dow * 1440 + minutes(s.open.hhmm),
      s.close.dow * 1440 + minutes(s.close.hhmm),
      7 * 1440,
    ),
  );
  const inBreak = d.breaks.some((b) => {
    const [from, to] = [minutes(b.from), minutes(b.to)];
    if (to > from) return b.days.includes(dow) && minute >= from && minute < to;
    return (b.days.includes(dow) && minute >= from) || (b.days.includes((dow + 6) % 7) && minute < to);
  });
  const dayStart = minutes(d.day_start);
  const tradingDay = dayStart !== 0 && minute >= dayStart ? date + DAY : date;
  const since = (m: number) => (m - dayStart + 1440) % 1440;
  const falls = d.exceptions.filter((e) =>
    [-1, 0, 1].some((n) => holidayDate(e, wall.year + n) === tradingDay / DAY),
  );
  const dated = (e: CalendarException) => ('date' in e.on ? 1 : 0);
  return falls
    .sort((a, b) => dated(a) - dated(b))
    .reduce((open, e) => {
      const now = since(minute);
      if (e.kind === 'closed') return false;
      if (e.kind === 'early_close') return open && now < (since(minutes(e.at)) || 1440);
      if (e.kind === 'late_open') return open && now >= since(minutes(e.at));
      return e.intervals.some((i) => now >= since(minutes(i.from)) && now < (since(minutes(i.to)) || 1440));
    }, inWeek && !inBreak);
}

const hhmm = fc
  .integer({ min: 0, max: 95 })
  .map((q) => `${String(Math.floor(q / 4)).padStart(2, '0')}:${String((q % 4) * 15).padStart(2, '0')}`);
const dow = fc.nat(6);
const edge = fc.record({ dow, hhmm });
const on = (year: number, month: number): fc.Arbitrary<CalendarException['on']> =>
  fc.oneof(
    fc.integer({ min: 1, max: 28 }).map((day) => ({ month, day })),
    fc
      .integer({ min: 1, max: 28 })
      .map((day) => ({ date: new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10) })),
    fc.record({ month: fc.constant(month), dow, nth: fc.constantFrom(1, 2, 4, -1) as fc.Arbitrary<1 | -1> }),
  );
const exception = (year: number, month: number): fc.Arbitrary<CalendarException> =>
  fc.oneof(
    fc.record({ on: on(year, month), label: fc.constant('x'), kind: fc.constant('closed' as const) }),
    fc.record({
      on: on(year, month),
      label: fc.constant('x'),
      kind: fc.constantFrom('early_close' as const, 'late_open' as const),
      at: hhmm,
    }),
    fc.record({
      on: on(year, month),
      label: fc.constant('x'),
      kind: fc.constant('custom' as const),
      intervals: fc.array(fc.record({ from: hhmm, to: hhmm }), { maxLength: 2 }),
    }),
  );

/** A random calendar, and a month in which the clocks of many zones change as often as not. */
const drawn = fc
  .tuple(fc.integer({ min: 2000, max: 2040 }), fc.constantFrom(1, 3, 4, 7, 10, 11, 12))
  .chain(([year, month]) =>
    fc.record({
      year: fc.constant(year),
      month: fc.constant(month),
      tz: fc.constantFrom('America/New_York', 'Europe/Athens', 'Asia/Tokyo', 'Australia/Lord_Howe', 'UTC'),
      day_start: fc.constantFrom('00:00', '17:00', '22:30'),
      weekly: fc.array(fc.record({ open: edge, close: edge }), { minLength: 1, maxLength: 4 }),
      breaks: fc.array(fc.record({ days: fc.uniqueArray(dow, { minLength: 1 }), from: hhmm, to: hhmm }), {
        maxLength: 2,
      }),
      exceptions: fc.array(exception(year, month), { maxLength: 4 }),
    }),
  );

/** Moments within an hour and a half of a change of the zone's clock, where two answers are right on the wall. */
const nearChange = (read: (ms: number) => WallTime, ms: number): boolean => {
  const offset = (at: number) => {
    const w = read(at);
    return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute) - Math.floor(at / MINUTE) * MINUTE;
  };
  return offset(ms - 90 * MINUTE) !== offset(ms + 90 * MINUTE);
};

describe('the minutes of the wall clock, one by one', () => {
  it('say the same of random calendars', () => {
    const census = caseCensus('open', 'closed', 'near a change of the clock', 'on an exception');
    fc.assert(
      fc.property(drawn, ({ year, month, ...changes }) => {
        const of = calendar('crypto', changes);
        const read = zoneReader(changes.tz);
        const from = Date.UTC(year, month - 1, 1);
        for (let ms = from; ms < from + 31 * DAY; ms += 15 * MINUTE) {
          if (census.note('near a change of the clock', nearChange(read, ms))) continue;
          const expected = openByWall(of.definition, read(ms));
          census.note('open', expected);
          census.note('closed', !expected);
          if (isOpen(of, ms) !== expected) throw new Error(`${new Date(ms).toISOString()}: not ${expected}`);
        }
        census.note('on an exception', changes.exceptions.length > 0);
      }),
      runs(40),
    );
    census.expectAllMet();
  });

  it.each(ids)('say the same of %s, minute by minute about random moments', (id) => {
    const of = calendars.get(id) as TradingCalendar;
    const read = zoneReader(of.definition.tz);
    fc.assert(
      fc.property(anyTime, (t) => {
        const first = Math.floor(t / MINUTE) * MINUTE;
        for (let ms = first; ms < first + 26 * 60 * MINUTE; ms += MINUTE) {
          if (isOpen(of, ms) !== openByWall(of.definition, read(ms)))
            throw new Error(`${new Date(ms).toISOString()}: not ${!isOpen(of, ms)}`);
        }
      }),
      runs(20),
    );
  });
});

describe('a session at a wall time that the clock shows twice or never', () => {
  const berlin = (open: string, close: string): TradingCalendar =>
    calendar('crypto', {
      tz: 'Europe/Berlin',
      weekly: [{ open: { dow: 0, hhmm: open }, close: { dow: 0, hhmm: close } }],
    });
  const sundays = { forward: Date.UTC(2026, 2, 29), back: Date.UTC(2026, 9, 25) };
  const hours = (of: TradingCalendar, sunday: number): string[] =>
    openBetween(of, sunday - DAY / 2, sunday + DAY / 2).map(
      (s) =>
        `${new Date(s.openMs).toISOString().slice(11, 16)}-${new Date(s.closeMs).toISOString().slice(11, 16)}`,
    );

  // 02:00 to 03:00 is skipped on 29 March at 01:00Z, and shown twice on 25 October from 00:00Z and from 01:00Z.
  it.each([
    ['02:30', '09:00', sundays.forward, ['01:00-07:00']],
    ['01:00', '02:30', sundays.forward, ['00:00-01:00']],
    ['02:10', '02:50', sundays.forward, []],
    ['02:30', '09:00', sundays.back, ['01:30-08:00']],
    ['01:00', '02:30', sundays.back, ['23:00-00:30']],
    ['02:10', '02:50', sundays.back, []],
    ['01:00', '09:00', sundays.back, ['23:00-08:00']],
  ])('%s to %s, case %#, opens late and closes early', (open, close, sunday, expected) => {
    expect(hours(berlin(open, close), sunday)).toEqual(expected);
  });

  it('has no break where the clock skips it', () => {
    const of = calendar('crypto', {
      tz: 'Europe/Berlin',
      breaks: [{ days: [0], from: '02:00', to: '03:00' }],
    });
    expect(hours(of, sundays.forward)).toHaveLength(1);
    expect(hours(of, sundays.back)).toEqual(['12:00-00:00', '02:00-12:00']);
  });
});
