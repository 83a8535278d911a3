/**
 * The days, weeks and months of a report in any time zone (domain 6). A day runs from one local `startMs` to the next, so it
 * has 23 or 25 hours where the clock is moved; weeks are ISO weeks from Monday. A day that starts at noon or later belongs
 * to the date on which it ends: with 17:00 in New York Sunday evening is Monday. Invariants: every moment is in exactly one
 * bucket of a period; buckets follow each other without a gap or an overlap.
 */
import { isoTime } from '../platform/clock.ts';
import { zoneOffsets } from '../platform/time-zone.ts';

export const PERIODS = ['daily', 'weekly', 'monthly', 'all'] as const;
export type Period = (typeof PERIODS)[number];

/** From when, and before when, in Unix milliseconds; `label` as in `2024-03-11`, `2024-W11`, `2024-03`, `all`. */
export type Bucket = { label: string; fromMs: number; toMs: number };

export type ReportClock = {
  /** The local day of a moment, counted from 1970-01-01. */
  dayOf(ms: number): number;
  /** When a local day begins. */
  startOf(day: number): number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** The days of an IANA zone; `startMs` after local midnight (0 to 24 hours). Throws a RangeError for no time zone. */
export function reportClock(zone: string, startMs = 0): ReportClock {
  const { offsetAt, utcOf } = zoneOffsets(zone);
  const shiftMs = startMs >= DAY_MS / 2 ? DAY_MS - startMs : -startMs;
  const startOf = (day: number): number => utcOf(day * DAY_MS - shiftMs, 'earlier');
  // Moments mostly come in order, so the day of the last one is kept.
  let known = { day: 0, fromMs: 0, toMs: 0 };
  const dayOf = (ms: number): number => {
    if (ms < known.fromMs || ms >= known.toMs) {
      let day = Math.floor((ms + offsetAt(ms) + shiftMs) / DAY_MS);
      // Where a clock is put back over midnight the later of two equal dates comes before the earlier is over.
      if (ms >= startOf(day + 1)) day += 1;
      known = { day, fromMs: startOf(day), toMs: startOf(day + 1) };
    }
    return known.day;
  };
  return { dayOf, startOf };
}

/** When each day begins that holds something between `span.first` and `span.last` and is asked for; none where nothing does. */
export function dayStarts(
  { dayOf, startOf }: ReportClock,
  asked: { fromMs: number | null; toMs: number | null },
  span: { first: number; last: number } | null,
): number[] {
  if (span === null) return [];
  const first = dayOf(Math.max(span.first, asked.fromMs ?? span.first));
  const last = dayOf(Math.min(span.last, asked.toMs ?? span.last));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => startOf(first + i));
}

/** Milliseconds after local midnight of `HH:MM`. */
export const dayStartMs = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE_MS;
};

const dateOf = (day: number): string => isoTime(day * DAY_MS).slice(0, 10);
const firstOf = (year: number, month: number): number => Date.UTC(year, month, 1) / DAY_MS;
const yearOf = (day: number): number => Number(dateOf(day).slice(0, 4));

/** The first day of the period that a day is in, of the one after it, and its name. */
function around(period: Exclude<Period, 'all'>, day: number): { first: number; next: number; label: string } {
  if (period === 'daily') return { first: day, next: day + 1, label: dateOf(day) };
  if (period === 'monthly') {
    const year = yearOf(day);
    const month = Number(dateOf(day).slice(5, 7)) - 1;
    return { first: firstOf(year, month), next: firstOf(year, month + 1), label: dateOf(day).slice(0, 7) };
  }
  // Day 0 is a Thursday; a week belongs to the year of its own (ISO 8601).
  const monday = Math.floor((day + 3) / 7) * 7 - 3;
  const year = yearOf(monday + 3);
  const week = Math.floor((monday + 3 - firstOf(year, 0)) / 7) + 1;
  return { first: monday, next: monday + 7, label: `${year}-W${String(week).padStart(2, '0')}` };
}

/**
 * The buckets of a period that hold the moments from `fromMs` up to and with `lastMs`, empty ones too; null where there are
 * more than `most`. A date that a zone left out has no bucket.
 */
export function reportBuckets(
  period: Period,
  { dayOf, startOf }: ReportClock,
  fromMs: number,
  lastMs: number,
  most: number,
): Bucket[] | null {
  if (period === 'all') return [{ label: 'all', fromMs, toMs: lastMs + 1 }];
  const buckets: Bucket[] = [];
  const end = dayOf(lastMs);
  for (let day = dayOf(fromMs); day <= end; ) {
    const { first, next, label } = around(period, day);
    const bucket = { label, fromMs: startOf(first), toMs: startOf(next) };
    if (bucket.fromMs < bucket.toMs) buckets.push(bucket);
    if (buckets.length > most) return null;
    day = next;
  }
  return buckets;
}
