// Trading hours and rollover of the simulated market, in New York time (domain.md section 5).
import type { SymbolRecord } from './broker-records.ts';
import { toUtcMs, zoneOffsetMs } from './server-clock.ts';

const NEW_YORK = 'America/New_York';
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const ROLLOVER_HOUR = 17;

export interface Rollover {
  /** UTC milliseconds of 17:00 in New York. */
  at: number;
  /** New York day of the week, 0 is Sunday. */
  weekday: number;
}

/**
 * Whether a class of symbols trades at an instant (UTC ms): currencies Sun 17:00 to Fri 17:00 New York, metals
 * Sun 18:00 to Fri 17:00 with a break 17:00-18:00, crypto always. Holidays are not modelled.
 */
export function isSessionOpen(session: SymbolRecord['session'], utcMs: number): boolean {
  if (session === 'crypto') return true;
  const wall = new Date(utcMs + zoneOffsetMs(NEW_YORK, utcMs));
  const weekday = wall.getUTCDay();
  const hour = wall.getUTCHours();
  const opensAt = session === 'metal' ? 18 : 17;
  if (weekday === 6) return false;
  if (weekday === 0) return hour >= opensAt;
  if (weekday === 5) return hour < 17;
  return session !== 'metal' || hour !== 17;
}

/** All rollovers in (fromMs, toMs], oldest first. */
export function rolloversBetween(fromMs: number, toMs: number): Rollover[] {
  const found: Rollover[] = [];
  const firstWall = fromMs + zoneOffsetMs(NEW_YORK, fromMs);
  for (let day = Math.floor(firstWall / DAY_MS) * DAY_MS; ; day += DAY_MS) {
    const at = toUtcMs(NEW_YORK, day + ROLLOVER_HOUR * HOUR_MS);
    if (at > toMs) return found;
    if (at > fromMs) found.push({ at, weekday: new Date(day).getUTCDay() });
  }
}

/** Nights of swap charged at a rollover: Wednesday counts three for the weekend; crypto pays every night once. */
export function nightsCharged(session: SymbolRecord['session'], weekday: number): number {
  if (session === 'crypto') return 1;
  if (weekday === 0 || weekday === 6) return 0;
  return weekday === 3 ? 3 : 1;
}
