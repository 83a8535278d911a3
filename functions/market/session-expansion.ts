/**
 * From wall times to instants. Sessions, breaks and exceptions are first put together on the wall clock, as if the zone
 * were UTC, and only what is left is turned into instants, by the zone's rules of that date.
 *
 * An opening that the clock shows twice is the later one and a close the earlier one, so that a doubtful hour is closed;
 * a session within one repeated hour therefore does not take place. A time that the clock skips is the moment of the
 * skip: a break that lies in the skipped hour is none.
 */
import { zoneOffsets } from '../platform/time-zone.ts';
import type { CalendarDefinition, CalendarException } from './calendar-definition.ts';
import { holidayDate, weekday } from './holiday-date.ts';
import { type Interval, joined, without } from './interval-set.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1440;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** How far the wall clock, a trading day's beginning and a session's margin can lie from an instant; two days with room. */
const REACH_DAYS = 4;

/** `open`: the market trades. `entry`: it also takes entries, margins, rollover and blocklist taken out. */
export type Expansion = { open: Interval[]; rollover: Interval[]; entry: Interval[] };

const minutesOf = (hhmm: string): number => Number(hhmm.slice(0, 2)) * 60 + Number(hhmm.slice(3));
const wall = (day: number, minutes: number): number => day * DAY_MS + minutes * MINUTE_MS;

/**
 * The calendar's sets over a span of UTC, true from a day within either end of it; beyond that a set may be cut short.
 * Throws where the runtime does not know the calendar's zone.
 */
export function expandSessions(calendar: CalendarDefinition, span: Interval): Expansion {
  const days = {
    first: Math.floor(span.openMs / DAY_MS) - REACH_DAYS,
    last: Math.ceil(span.closeMs / DAY_MS) + REACH_DAYS,
  };
  const zone = zoneOffsets(calendar.tz);
  const open = joined(
    wallSessions(calendar, days).map((s) => ({
      openMs: zone.utcOf(s.openMs, 'later'),
      closeMs: zone.utcOf(s.closeMs, 'earlier'),
    })),
  );
  // What blocks entries is taken at its widest where the clock shows its times twice.
  const rollover = joined(
    daily(calendar.rollover === null ? [] : [calendar.rollover], days).map((s) => ({
      openMs: zone.utcOf(s.openMs, 'earlier'),
      closeMs: zone.utcOf(s.closeMs, 'later'),
    })),
  );
  const margins = open.map((s) => ({
    openMs: s.openMs + calendar.open_delay_minutes * MINUTE_MS,
    closeMs: s.closeMs - calendar.close_early_minutes * MINUTE_MS,
  }));
  const blocked = joined([...rollover, ...blocklist(calendar)]);
  return { open, rollover, entry: without(joined(margins), blocked) };
}

/** The spans of the blocklist, which are instants already. */
export const blocklist = (calendar: CalendarDefinition): Interval[] =>
  joined(calendar.blocklist.map((b) => ({ openMs: Date.parse(b.from), closeMs: Date.parse(b.to) })));

type Days = { first: number; last: number };

function wallSessions(calendar: CalendarDefinition, days: Days): Interval[] {
  const breaks = calendar.breaks.flatMap((b) => daily([b], days, b.days));
  let sessions = without(joined(weekly(calendar.weekly, days)), joined(breaks));
  for (const { exception, day } of exceptionsOn(calendar.exceptions, days)) {
    const { removed, added } = effectOf(exception, day, minutesOf(calendar.day_start));
    sessions = joined([...without(sessions, [removed]), ...added]);
  }
  return sessions;
}

function weekly(sessions: CalendarDefinition['weekly'], { first, last }: Days): Interval[] {
  const result: Interval[] = [];
  // A session may have begun up to a week before.
  const sunday = first - weekday(first) - 7;
  for (const { open, close } of sessions) {
    const from = open.dow * DAY_MINUTES + minutesOf(open.hhmm);
    const to = close.dow * DAY_MINUTES + minutesOf(close.hhmm);
    const length = (to - from + WEEK_MINUTES) % WEEK_MINUTES || WEEK_MINUTES;
    for (let week = sunday; week <= last; week += 7)
      result.push({ openMs: wall(week, from), closeMs: wall(week, from + length) });
  }
  return result;
}

/** Spans that come on each day, or on the given weekdays; one that ends at or before its beginning ends a day later. */
function daily(
  spans: readonly { from: string; to: string }[],
  { first, last }: Days,
  on: readonly number[] = [0, 1, 2, 3, 4, 5, 6],
): Interval[] {
  return spans.flatMap(({ from, to }) => {
    const start = minutesOf(from);
    const length = (minutesOf(to) - start + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
    const result: Interval[] = [];
    for (let day = first - 1; day <= last; day += 1)
      if (on.includes(weekday(day)))
        result.push({ openMs: wall(day, start), closeMs: wall(day, start + length) });
    return result;
  });
}

/** What falls on the days, in the order in which it is applied: what comes each year before what has a date. */
function exceptionsOn(
  exceptions: readonly CalendarException[],
  { first, last }: Days,
): { exception: CalendarException; day: number }[] {
  const yearOf = (day: number) => 1970 + Math.floor(day / 365.2425);
  const found = exceptions.flatMap((exception) => {
    const result: { exception: CalendarException; day: number }[] = [];
    for (let year = yearOf(first) - 1; year <= yearOf(last) + 1; year += 1) {
      const day = holidayDate(exception, year);
      if (day !== null && day >= first && day <= last) result.push({ exception, day });
    }
    return result;
  });
  const dated = (e: CalendarException) => ('date' in e.on ? 1 : 0);
  return found.sort((a, b) => dated(a.exception) - dated(b.exception));
}

/**
 * What an exception takes out of its trading day and puts in. A wall time of it means the one moment of that trading day
 * at which the clock shows it: with a day that begins at 17:00, 18:00 is on the evening before and 13:00 on the date.
 */
function effectOf(
  exception: CalendarException,
  day: number,
  dayStart: number,
): { removed: Interval; added: Interval[] } {
  const start = wall(day, dayStart === 0 ? 0 : dayStart - DAY_MINUTES);
  const since = (hhmm: string) => ((minutesOf(hhmm) - dayStart + DAY_MINUTES) % DAY_MINUTES) * MINUTE_MS;
  const whole = { openMs: start, closeMs: start + DAY_MS };
  switch (exception.kind) {
    case 'closed':
      return { removed: whole, added: [] };
    case 'early_close':
      return { removed: { ...whole, openMs: start + (since(exception.at) || DAY_MS) }, added: [] };
    case 'late_open':
      return { removed: { ...whole, closeMs: start + since(exception.at) }, added: [] };
    case 'custom':
      return {
        removed: whole,
        added: joined(
          exception.intervals.map((i) => ({
            openMs: start + since(i.from),
            closeMs: start + (since(i.to) || DAY_MS),
          })),
        ),
      };
  }
}
