/**
 * How far an account's history is known, and what is asked for next. A history that is longer than one reply holds is read
 * in pages, the oldest first; the cursor goes as far as was seen and no further, and never past the moment of the capture:
 * one deal dated wrongly would hide all that come before it. Pure.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';

/** Deals are asked for again this far back: brokers book some late, under an earlier time (domain 1.5). */
const DEAL_OVERLAP_MS = 48 * 3_600_000;
/** Nothing was traded before, and halving a window has to begin somewhere. */
const BEGINNING_MS = Date.UTC(2000, 0, 1);
const SHORTEST_WINDOW_MS = 60_000;

export type HistoryCursor = {
  /** The newest deal that was seen; null before the first. */
  dealsCursorMs: number | null;
  /** Up to where pages have been read while there are more; null: all of it was seen. */
  historyUntilMs: number | null;
};

/** Whether this is one page of a longer history. */
export const isPage = (s: Pick<Snapshot, 'deals_to'>): boolean => s.deals_to != null;

/**
 * Since when deals are to be asked for (null: from the beginning). Between two pages from where the first ended; otherwise
 * some time back, and, where an open command needs it, since before that was sent (`neededMs`).
 */
export function dealsFromMs(cursor: HistoryCursor, neededMs: number | null): number | null {
  const { dealsCursorMs, historyUntilMs } = cursor;
  if (historyUntilMs !== null) return historyUntilMs;
  // No deal was ever seen: a time before 1970 is asked of nobody.
  if (dealsCursorMs === null) return null;
  const overlapMs = dealsCursorMs - DEAL_OVERLAP_MS;
  return neededMs === null ? overlapMs : Math.min(overlapMs, neededMs);
}

/** Where the cursor stands once a snapshot has been applied. */
export function cursorAfter(
  cursor: HistoryCursor,
  s: Pick<Snapshot, 'deals' | 'deals_to' | 'captured_at'>,
): HistoryCursor {
  const newest = s.deals.reduce<number | null>(
    (latest, d) => Math.max(latest ?? d.time, d.time),
    cursor.dealsCursorMs,
  );
  const until = s.deals_to ?? null;
  return {
    dealsCursorMs: newest === null ? null : Math.min(newest, s.captured_at),
    historyUntilMs: until === null ? null : Math.min(until, s.captured_at),
  };
}

/** Where a window of `spanMs` that begins at `fromMs` (null: at the beginning) ends; null: it goes to the end. */
export function windowEnd(fromMs: number | null, spanMs: number | null, nowMs: number): number | null {
  const end = spanMs === null ? nowMs : (fromMs ?? BEGINNING_MS) + spanMs;
  return end < nowMs ? end : null;
}

/**
 * Half of a window that ends at `toMs` (null: now), where it was too much for one reply, in milliseconds; null where
 * nothing is left to halve.
 */
export function halfWindow(fromMs: number | null, toMs: number | null, nowMs: number): number | null {
  const half = Math.floor(((toMs ?? nowMs) - (fromMs ?? BEGINNING_MS)) / 2);
  return half < SHORTEST_WINDOW_MS ? null : half;
}
