import { describe, expect, it } from 'vitest';
import {
  cursorAfter,
  dealsFromMs,
  type HistoryCursor,
  halfWindow,
  windowEnd,
} from '../../functions/reconciliation/history-cursor.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 2, 2, 10);
const cursor = (dealsCursorMs: number | null, historyUntilMs: number | null = null): HistoryCursor => ({
  ...{ dealsCursorMs, historyUntilMs },
});
const moved = (before: HistoryCursor, hours: number[], deals_to: number | null = null) =>
  cursorAfter(before, {
    captured_at: NOW,
    deals_to,
    deals: hours.map((h) => ({ time: NOW + h * HOUR_MS })) as never,
  });

describe('what is asked for next', () => {
  it('is all, then what came since two days before the newest deal, or since an open command needs it', () => {
    expect(dealsFromMs(cursor(null), null)).toBeNull();
    expect(dealsFromMs(cursor(null), NOW)).toBeNull();
    expect(dealsFromMs(cursor(NOW), null)).toBe(NOW - 48 * HOUR_MS);
    expect(dealsFromMs(cursor(NOW), NOW - 47 * HOUR_MS)).toBe(NOW - 48 * HOUR_MS);
    expect(dealsFromMs(cursor(NOW), NOW - 49 * HOUR_MS)).toBe(NOW - 49 * HOUR_MS);
  });

  it('begins between two pages where the first ended, whatever else is known', () => {
    expect(dealsFromMs(cursor(null, NOW - HOUR_MS), null)).toBe(NOW - HOUR_MS);
    expect(dealsFromMs(cursor(NOW - 2 * HOUR_MS, NOW - HOUR_MS), NOW - 99 * HOUR_MS)).toBe(NOW - HOUR_MS);
  });
});

describe('the cursor', () => {
  it('stands at the newest deal that was seen, and never goes back', () => {
    expect(moved(cursor(null), [])).toEqual(cursor(null));
    expect(moved(cursor(null), [-5, -1, -3])).toEqual(cursor(NOW - HOUR_MS));
    expect(moved(cursor(NOW - HOUR_MS), [-5])).toEqual(cursor(NOW - HOUR_MS));
  });

  it('is never later than the capture, whatever a deal is dated, and comes back from where it was put wrongly', () => {
    expect(moved(cursor(null), [-5, 12])).toEqual(cursor(NOW));
    expect(moved(cursor(NOW + 365 * 24 * HOUR_MS), [])).toEqual(cursor(NOW));
  });

  it('of a page goes to its end and no further, and has no end once all was seen', () => {
    expect(moved(cursor(null), [-9, -8], NOW - 7 * HOUR_MS)).toEqual(
      cursor(NOW - 8 * HOUR_MS, NOW - 7 * HOUR_MS),
    );
    expect(moved(cursor(null), [], NOW + HOUR_MS)).toEqual(cursor(null, NOW));
    expect(moved(cursor(null, NOW - HOUR_MS), [-1])).toEqual(cursor(NOW - HOUR_MS));
  });
});

describe('a window that was too much', () => {
  it('is halved from its beginning on, as long as there is anything to halve', () => {
    expect(halfWindow(NOW - 4 * HOUR_MS, null, NOW)).toBe(2 * HOUR_MS);
    expect(windowEnd(NOW - 4 * HOUR_MS, 2 * HOUR_MS, NOW)).toBe(NOW - 2 * HOUR_MS);
    expect(halfWindow(NOW - 4 * HOUR_MS, NOW - 2 * HOUR_MS, NOW)).toBe(HOUR_MS);
    expect(halfWindow(NOW - 119_999, null, NOW)).toBeNull();
    expect(halfWindow(NOW, null, NOW)).toBeNull();
    const whole = halfWindow(null, null, NOW) ?? 0;
    expect(windowEnd(null, whole, NOW)).toBe(Date.UTC(2000, 0, 1) + whole);
  });

  it('has no end where it goes beyond now, or was never cut', () => {
    expect(windowEnd(NOW - HOUR_MS, null, NOW)).toBeNull();
    expect(windowEnd(NOW - HOUR_MS, HOUR_MS, NOW)).toBeNull();
    expect(windowEnd(null, null, NOW)).toBeNull();
  });
});
