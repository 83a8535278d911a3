// Wall-clock time in the chart's zone, by the runtime's own zone tables (Intl). Nothing here reads a clock.

/** Calendar and clock fields of an instant in a zone; month 1 to 12. */
export type WallTime = {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
};
export type ZoneReader = (timeMs: number) => WallTime;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const MINUTE_MS = 60_000;

/** Whether a text names an IANA zone; bare offsets such as `+05:30`, which runtimes treat differently, do not. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A function from Unix milliseconds to wall-clock fields in one zone (Gregorian, 24 hours, DST as it was then). */
export function zoneReader(zone: string): ZoneReader {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (timeMs) => {
    const wall: WallTime = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of format.formatToParts(timeMs)) {
      if (type in wall) wall[type as keyof WallTime] = Number(value);
    }
    return wall;
  };
}

/** Wall-clock time counted in whole minutes as if the zone were UTC; steps of it are steps of the wall clock. */
export function wallMinutes({ year, month, day, hour, minute }: WallTime): number {
  return Math.floor(Date.UTC(year, month - 1, day, hour, minute) / MINUTE_MS);
}

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
