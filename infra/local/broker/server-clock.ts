// Broker server time. MT5 stamps everything with the server's wall clock written as if it were UTC; two conventions
// exist (New York + 7 h with US dates, and EET with EU dates), plus servers that never change (domain.md 1.5).
// Invariant: toUtcMs(tz, toServerMs(tz, t)) = t except in the repeated autumn hour, where MT5 itself keeps no
// trace of which of the two passes was meant; there the first pass is taken.

const HOUR_MS = 3_600_000;
const BUCKET_MS = 900_000;
const FIXED = /^(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?$/;

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
}

/** Offset of an IANA zone from UTC at an instant, in milliseconds (positive east). Throws on an unknown zone. */
export function zoneOffsetMs(zone: string, utcMs: number): number {
  // Offsets change on quarter hours at the finest, so one look-up serves a whole bucket.
  const bucket = Math.floor(utcMs / BUCKET_MS) * BUCKET_MS;
  const key = `${zone}@${bucket}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const part: Record<string, number> = {};
  for (const { type, value } of formatFor(zone).formatToParts(bucket)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const offset = Date.UTC(year, month - 1, day, hour, minute, second) - bucket;
  offsets.set(key, offset);
  return offset;
}

/**
 * Offset of a broker's server clock at an instant, in milliseconds.
 * `tz` is `NY+7`, a fixed offset (`+02:00`, `UTC+3`) or an IANA zone; throws a RangeError on anything else.
 */
export function serverOffsetMs(tz: string, utcMs: number): number {
  if (tz === 'NY+7') return zoneOffsetMs('America/New_York', utcMs) + 7 * HOUR_MS;
  const fixed = FIXED.exec(tz);
  if (fixed) {
    const size = Number(fixed[2]) * HOUR_MS + Number(fixed[3] ?? 0) * 60_000;
    return fixed[1] === '-' ? -size : size;
  }
  return zoneOffsetMs(tz, utcMs);
}

/** UTC milliseconds to raw server wall-clock milliseconds. */
export function toServerMs(tz: string, utcMs: number): number {
  return utcMs + serverOffsetMs(tz, utcMs);
}

/** Raw server wall-clock milliseconds to UTC; a wall time that never existed counts with the offset before the gap. */
export function toUtcMs(tz: string, serverMs: number): number {
  const before = serverOffsetMs(tz, serverMs - 24 * HOUR_MS);
  const after = serverOffsetMs(tz, serverMs + 24 * HOUR_MS);
  const candidates = [serverMs - before, serverMs - after].sort((a, b) => a - b);
  for (const utc of candidates) {
    if (toServerMs(tz, utc) === serverMs) return utc;
  }
  return serverMs - before;
}
