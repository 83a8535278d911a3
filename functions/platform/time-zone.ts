/**
 * IANA time zones by the runtime's own tables (Intl). Nothing here reads a clock. Reading a zone through Intl costs
 * microseconds, so what many calls ask for is kept: the changes of a zone's offset, year by year.
 */

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

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** No zone changes its offset twice within so long; the nearest pair is a month of Ramadan apart. */
const PROBE_MS = 4 * DAY_MS;
/** Zones kept at a time. Callers name zones freely, so the number is bounded. */
const MAX_ZONES = 64;

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

/** Which of two instants is meant where the wall clock shows one time twice, because it was set back. */
export type Occurrence = 'earlier' | 'later';
export type ZoneOffsets = {
  /** Milliseconds that the zone's wall clock is ahead of UTC at an instant. */
  offsetAt(timeMs: number): number;
  /**
   * The instant at which the wall clock shows `wallMs` (milliseconds counted as if the zone were UTC). A time that the
   * clock skips is the moment of the skip; of a time shown twice the caller says which is meant.
   */
  utcOf(wallMs: number, occurrence: Occurrence): number;
};

const kept = new Map<string, ZoneOffsets>();

/** The offsets of a zone, kept for the life of the process. Throws a RangeError where the runtime knows no such zone. */
export function zoneOffsets(zone: string): ZoneOffsets {
  const known = kept.get(zone);
  if (known !== undefined) return known;
  if (!isTimeZone(zone)) throw new RangeError('not a time zone');
  if (kept.size >= MAX_ZONES) kept.clear();
  const offsets = createOffsets(zoneReader(zone));
  kept.set(zone, offsets);
  return offsets;
}

/** An offset and the instant from which it holds. */
type Change = { fromMs: number; offsetMs: number };

/** As `zoneReader`, from the offsets that are kept: for who reads thousands of times within a few years. */
export function wallReader(zone: string): ZoneReader {
  const { offsetAt } = zoneOffsets(zone);
  return (timeMs) => {
    const wall = new Date(timeMs + offsetAt(timeMs));
    return {
      ...{ year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() },
      ...{ hour: wall.getUTCHours(), minute: wall.getUTCMinutes(), second: wall.getUTCSeconds() },
    };
  };
}

function createOffsets(read: ZoneReader): ZoneOffsets {
  const years = new Map<number, Change[]>();
  const changesOf = (timeMs: number): Change[] => {
    const year = new Date(timeMs).getUTCFullYear();
    const found = years.get(year) ?? readChanges(read, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
    years.set(year, found);
    return found;
  };
  const offsetAt = (timeMs: number): number => {
    const changes = changesOf(timeMs);
    for (let i = changes.length - 1; i > 0; i -= 1) {
      const change = changes[i];
      if (change !== undefined && change.fromMs <= timeMs) return change.offsetMs;
    }
    return changes[0]?.offsetMs ?? 0;
  };
  const utcOf = (wallMs: number, occurrence: Occurrence): number => {
    // No zone is a day from UTC, so these two stand on either side of any change that matters here.
    const before = wallMs - offsetAt(wallMs - DAY_MS);
    const after = wallMs - offsetAt(wallMs + DAY_MS);
    const valid = [before, after].filter((utc) => utc + offsetAt(utc) === wallMs);
    if (valid.length > 0) return occurrence === 'earlier' ? Math.min(...valid) : Math.max(...valid);
    return changeWithin(read, after, before);
  };
  return { offsetAt, utcOf };
}

function readOffset(read: ZoneReader, timeMs: number): number {
  const wall = read(timeMs);
  return wallMinutes(wall) * MINUTE_MS + wall.second * SECOND_MS - Math.floor(timeMs / SECOND_MS) * SECOND_MS;
}

function readChanges(read: ZoneReader, fromMs: number, toMs: number): Change[] {
  const changes = [{ fromMs, offsetMs: readOffset(read, fromMs) }];
  for (let at = fromMs; at < toMs; at += PROBE_MS) {
    const next = Math.min(at + PROBE_MS, toMs - SECOND_MS);
    const offsetMs = readOffset(read, next);
    if (offsetMs !== changes.at(-1)?.offsetMs)
      changes.push({ fromMs: changeWithin(read, at, next), offsetMs });
  }
  return changes;
}

/** The second at which the offset becomes that of `toMs`, between two instants whose offsets differ. */
function changeWithin(read: ZoneReader, fromMs: number, toMs: number): number {
  const end = readOffset(read, toMs);
  let [low, high] = [fromMs, toMs];
  while (high - low > SECOND_MS) {
    const middle = Math.floor((low + high) / 2 / SECOND_MS) * SECOND_MS;
    if (readOffset(read, middle) === end) high = middle;
    else low = middle;
  }
  return high;
}
