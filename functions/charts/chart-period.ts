// The time a chart spans, and the zone it is told in.
import { wallReader, type ZoneReader, zoneReader } from '../platform/time-zone.ts';
import type { CandleChart } from './resolved-chart.ts';
import { dateText, zoneLabel } from './zoned-time.ts';

const DAY_MS = 86_400_000;

function isDailyOrLonger(timeframe: string): boolean {
  return /^(D1|W1|MN1)$/.test(timeframe);
}

/**
 * Whether the bars are calendar dates: daily or longer, all opening at 00:00 UTC (the broker's trading day). Such
 * dates have no zone; moving them into one would put them on the wrong day.
 */
export function isPlainDates({ candles, timeframe }: CandleChart): boolean {
  return isDailyOrLonger(timeframe) && candles.every(({ timeMs }) => timeMs % DAY_MS === 0);
}

/** The zone in which the bars are labelled: the chart's, or UTC for plain dates. */
export function labelZone(chart: CandleChart): string {
  return isPlainDates(chart) ? 'UTC' : chart.tz;
}

/** Over longer spans the table of a zone's offsets, which is read year by year, costs more than it saves. */
const QUICK_SPAN_MS = 40 * 365 * DAY_MS;

const { floor } = Math;

/**
 * Reads UTC by arithmetic (civil_from_days, H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"): most charts are in
 * UTC, and the first look into the runtime's tables of zones costs as much as a whole scene.
 */
const utcTime: ZoneReader = (timeMs) => {
  const day = floor(timeMs / DAY_MS);
  const seconds = floor((timeMs - day * DAY_MS) / 1000);
  // Years begin in March here, so that the day that some have more is their last.
  const fromMarch = day + 719_468;
  const era = floor(fromMarch / 146_097);
  const dayOfEra = fromMarch - era * 146_097;
  const leapDays = floor(dayOfEra / 1460) - floor(dayOfEra / 36_524) + floor(dayOfEra / 146_096);
  const yearOfEra = floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100));
  const monthFromMarch = floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: floor(seconds / 3600),
    minute: floor(seconds / 60) % 60,
    second: seconds % 60,
  };
};

/** Reads the wall clock of a zone at times between two that are given. */
export function periodReader(zone: string, fromMs: number, toMs: number): ZoneReader {
  if (zone === 'UTC') return utcTime;
  return toMs - fromMs < QUICK_SPAN_MS ? wallReader(zone) : zoneReader(zone);
}

/** First to last shown bar, with the zone unless the bars are plain dates: `26 Jun 14:00 – 9 Jul 2026 17:00 UTC`. */
export function rangeText(chart: CandleChart): string {
  const [first, last] = [chart.candles[chart.visibleFrom], chart.candles.at(-1)];
  if (first === undefined || last === undefined) return '';
  const read = periodReader(labelZone(chart), first.timeMs, last.timeMs);
  const [from, to] = [read(first.timeMs), read(last.timeMs)];
  const clock = !isDailyOrLonger(chart.timeframe);
  const zone = isPlainDates(chart) ? '' : ` ${zoneLabel(read, last.timeMs)}`;
  const end = `${dateText(to, { year: true, clock })}${zone}`;
  if (first === last) return end;
  return `${dateText(from, { year: from.year !== to.year, clock })} – ${end}`;
}
