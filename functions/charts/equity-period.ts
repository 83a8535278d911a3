// The time an equity curve spans, and the zone it is told in.
import type { ZoneReader } from '../platform/time-zone.ts';
import { periodReader } from './chart-period.ts';
import type { EquityChart } from './resolved-chart.ts';
import { dateText, zoneLabel } from './zoned-time.ts';

const DAY_MS = 86_400_000;

type Period = Pick<EquityChart, 'points' | 'tz'>;

/** Whether the points are days: all at 00:00 UTC. Days have no zone; moved into one they would be other days. */
export function isDaily({ points }: Period): boolean {
  return points.length > 1 && points.every(({ timeMs }) => timeMs % DAY_MS === 0);
}

/** Reads the clock on which the points are labelled: that of the chart's zone, or UTC for days. */
export function equityReader(chart: Period): ZoneReader {
  const [first, last] = [chart.points[0]?.timeMs ?? 0, chart.points.at(-1)?.timeMs ?? 0];
  return periodReader(isDaily(chart) ? 'UTC' : chart.tz, first, last);
}

/** First to last point, with the zone unless they are days: `23 Jan 11:33 – 9 Jul 2026 17:00 UTC`. */
export function equityRange(chart: Period): string {
  const [first, last] = [chart.points[0], chart.points.at(-1)];
  if (first === undefined || last === undefined) return '';
  const read = equityReader(chart);
  const [from, to] = [read(first.timeMs), read(last.timeMs)];
  const clock = !isDaily(chart);
  const end = `${dateText(to, { year: true, clock })}${clock ? ` ${zoneLabel(read, last.timeMs)}` : ''}`;
  if (first.timeMs === last.timeMs) return end;
  return `${dateText(from, { year: from.year !== to.year, clock })} – ${end}`;
}
