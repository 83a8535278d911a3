// Trading hours of the simulated market in New York time, and the rollover at a server's midnight (domain.md section 5).
import type { SymbolRecord } from './broker-records.ts';
import { serverOffsetMs, toUtcMs, zoneOffsetMs } from './server-clock.ts';

const NEW_YORK = 'America/New_York';
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface Rollover {
  /** UTC milliseconds of the server's midnight (on a New York + 7 h server, 17:00 in New York). */
  at: number;
  /** Server day of the week that ends there, 0 is Sunday. */
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

/**
 * The first instant at or after `utcMs` at which a class of symbols trades; `utcMs` itself where it does. Sessions
 * change on whole hours only and never pause for a week.
 */
export function nextSessionOpen(session: SymbolRecord['session'], utcMs: number): number {
  if (isSessionOpen(session, utcMs)) return utcMs;
  let hour = Math.ceil(utcMs / HOUR_MS) * HOUR_MS;
  while (!isSessionOpen(session, hour)) hour += HOUR_MS;
  return hour;
}

/** All midnights of a server (`tz` as `serverOffsetMs` takes it) in (fromMs, toMs], oldest first. */
export function rolloversBetween(tz: string, fromMs: number, toMs: number): Rollover[] {
  const found: Rollover[] = [];
  const firstWall = fromMs + serverOffsetMs(tz, fromMs);
  for (let day = Math.floor(firstWall / DAY_MS) * DAY_MS; ; day += DAY_MS) {
    const at = toUtcMs(tz, day + DAY_MS);
    if (at > toMs) return found;
    if (at > fromMs) found.push({ at, weekday: new Date(day).getUTCDay() });
  }
}

/**
 * Nights of swap charged at the end of a server day: the triple day counts three for the weekend, whose own nights
 * are free; crypto and symbols without a triple day pay every night once.
 */
export function nightsCharged(
  spec: Pick<SymbolRecord, 'session' | 'swap_triple_day'>,
  weekday: number,
): number {
  if (spec.session === 'crypto' || spec.swap_triple_day === null) return 1;
  if (weekday === 0 || weekday === 6) return 0;
  return weekday === spec.swap_triple_day ? 3 : 1;
}
