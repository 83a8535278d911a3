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

/** Reads the wall clock of a zone at times between two that are given. */
export function periodReader(zone: string, fromMs: number, toMs: number): ZoneReader {
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
