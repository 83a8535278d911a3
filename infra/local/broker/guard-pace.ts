// When a bridge's guard looks at the terminal: every two seconds, and at the very moment that something is to begin. Pure.
// Invariants: it never rests for longer than its grid, whatever a clock says; a moment is looked at once, so that a look that
// could do nothing is repeated by the grid and not without end.
import type { GuardState } from './guard-order.ts';

/** How often the guard looks where nothing waits for a moment. */
export const GUARD_LOOK_MS = 2_000;

/**
 * The moment, by the other side's clock, from which on the guard is to close: what was ordered, or what it has warned of by
 * itself. Null: nothing waits for one.
 */
export function guardDueMs({ order, phase, since_ms }: GuardState): number | null {
  if (order === null || (phase !== 'idle' && phase !== 'warned')) return null;
  if (order.close !== null) return Date.parse(order.close.not_before);
  return phase === 'warned' && since_ms !== null ? since_ms + order.warning_ms : null;
}

/** `sinceMs`: since the last look; `metMs`: the moment that was looked at when it had come. */
export type GuardPace = { sinceMs: number; metMs: number | null };

/** For how long the guard may rest at `nowMs` of the other side's clock; zero: it is to look now. */
export function guardRestMs(state: GuardState, nowMs: number, { sinceMs, metMs }: GuardPace): number {
  const gridMs = GUARD_LOOK_MS - sinceMs;
  const dueMs = guardDueMs(state);
  const isAwaited = dueMs !== null && dueMs !== metMs;
  return Math.max(0, isAwaited ? Math.min(gridMs, dueMs - nowMs) : gridMs);
}

/** The moment that a look at `nowMs` meets: the one that has come, or the one that was met before. */
export function guardMetMs(state: GuardState, nowMs: number, metMs: number | null): number | null {
  const dueMs = guardDueMs(state);
  return dueMs !== null && dueMs <= nowMs ? dueMs : metMs;
}
