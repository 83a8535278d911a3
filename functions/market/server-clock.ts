/**
 * A broker's server clock. MT5 stamps everything with the server's wall clock written as if it were UTC; two rules are
 * common (domain 1.5): New York time plus seven hours, which changes on American dates, and Eastern European Time,
 * which changes on European ones; in some weeks of a year they are an hour apart.
 */
import { isTimeZone, type ZoneOffsets, zoneOffsets } from '../platform/time-zone.ts';

const HOUR_MS = 3_600_000;
const FIXED = /^([+-])(0\d|1[0-4]):([0-5]\d)$/;

export type ServerClock = {
  /** The server's wall clock at an instant, as if it were UTC. */
  toServerMs(utcMs: number): number;
  /**
   * The earliest instant, not before `notBeforeMs`, at which the server's clock showed this; null where it never did,
   * because it was put forward over it or the hour that it repeats is past.
   */
  toUtcMs(serverMs: number, notBeforeMs?: number): number | null;
  /** The instant at which a bar begins that the server dates `serverMs`; where its clock skipped that, the skip. */
  startMs(serverMs: number): number;
};

/** The clock of `NY+7`, an IANA zone (`Europe/Athens`) or a fixed offset (`+02:00`); null for anything else. */
export function serverClock(zone: string): ServerClock | null {
  const offsets = offsetsOf(zone);
  if (offsets === null) return null;
  const { offsetAt, utcOf } = offsets;
  return {
    toServerMs: (utcMs) => utcMs + offsetAt(utcMs),
    toUtcMs(serverMs, notBeforeMs = Number.NEGATIVE_INFINITY) {
      const moments = [utcOf(serverMs, 'earlier'), utcOf(serverMs, 'later')];
      return moments.find((ms) => ms >= notBeforeMs && ms + offsetAt(ms) === serverMs) ?? null;
    },
    startMs: (serverMs) => utcOf(serverMs, 'earlier'),
  };
}

function offsetsOf(zone: string): ZoneOffsets | null {
  const fixed = FIXED.exec(zone);
  if (fixed) {
    const size = Number(fixed[2]) * HOUR_MS + Number(fixed[3]) * 60_000;
    const offset = fixed[1] === '-' ? -size : size;
    return { offsetAt: () => offset, utcOf: (wallMs) => wallMs - offset };
  }
  if (zone === 'NY+7') {
    const { offsetAt, utcOf } = zoneOffsets('America/New_York');
    const ahead = 7 * HOUR_MS;
    return { offsetAt: (ms) => offsetAt(ms) + ahead, utcOf: (wallMs, which) => utcOf(wallMs - ahead, which) };
  }
  return isTimeZone(zone) ? zoneOffsets(zone) : null;
}
