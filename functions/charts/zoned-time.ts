// How wall-clock time in the chart's zone is printed.
import { type WallTime, wallMinutes, type ZoneReader } from '../platform/time-zone.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const MINUTE_MS = 60_000;

/** The zone as printed in the corner: `UTC`, `UTC+2`, `UTC+5:30`, `UTC−3`; the offset in force at the instant. */
export function zoneLabel(read: ZoneReader, timeMs: number): string {
  const offset = wallMinutes(read(timeMs)) - Math.floor(timeMs / MINUTE_MS);
  if (offset === 0) return 'UTC';
  const size = Math.abs(offset);
  const minutes = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`;
  return `UTC${offset < 0 ? '−' : '+'}${Math.floor(size / 60)}${minutes}`;
}

/** `Jul`. */
export function monthName(month: number): string {
  return MONTHS[month - 1] ?? '';
}

/** `15:00`, 24 hours. */
export function clockText({ hour, minute }: WallTime): string {
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

/** `9 Jul 2026 17:00`, with year and clock as asked for. */
export function dateText(wall: WallTime, show: { year: boolean; clock: boolean }): string {
  const year = show.year ? ` ${wall.year}` : '';
  return `${wall.day} ${monthName(wall.month)}${year}${show.clock ? ` ${clockText(wall)}` : ''}`;
}
