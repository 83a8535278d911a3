/**
 * How an account is connected, by when its bridge was last heard (domain 7.6). Heartbeats go on while markets are closed,
 * so silence is always a fault. Pure.
 */

/** Later than this a badge says so. */
export const DELAYED_AFTER_MS = 15_000;
/** Later than this nobody knows what stands in the account: no entries. Closes are never blocked. */
export const SILENT_AFTER_MS = 60_000;

export type ConnectionState = 'never' | 'connected' | 'delayed' | 'silent' | 'mismatch' | 'catching-up';

/**
 * The state at `nowMs` of an account whose bridge was last heard at `lastContactMs` (null: never). `mismatch`: the terminal
 * was then logged in to another account than the one it is bound to. `catchingUp`: its history is being read page by page,
 * and until that is done nobody knows what stands in the account.
 */
export function connectionState(
  lastContactMs: number | null,
  nowMs: number,
  { mismatch = false, catchingUp = false } = {},
): ConnectionState {
  if (lastContactMs === null) return 'never';
  if (mismatch) return 'mismatch';
  const ageMs = nowMs - lastContactMs;
  if (ageMs > SILENT_AFTER_MS) return 'silent';
  if (catchingUp) return 'catching-up';
  return ageMs > DELAYED_AFTER_MS ? 'delayed' : 'connected';
}

/** Whether an account in this state takes new entries. */
export const takesEntries = (state: ConnectionState): boolean => state === 'connected' || state === 'delayed';

/** Failures in a row that the schedule takes without a pause: a bridge that restarts is back by the next tick. */
const PATIENT_FAILURES = 2;
const FIRST_PAUSE_MS = 90_000;
/** Longer would make an account that is back wait for its unknown commands. */
const LONGEST_PAUSE_MS = 150_000;

/** How long the schedule leaves a bridge alone after so many failures in a row. A call for another reason is not held up. */
export const reconnectPauseMs = (failures: number): number =>
  failures <= PATIENT_FAILURES
    ? 0
    : Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - PATIENT_FAILURES - 1, 10), LONGEST_PAUSE_MS);

/** What a reconciliation says where the terminal is logged in to another account. */
const MISMATCHES = new Set(['account-mismatch', 'bound-elsewhere']);
/** An answer that took longer makes a bridge slow. */
export const PROMPT_MS = 3_000;
/** So many prompt answers in a row make it quick again. */
export const PROMPT_CALLS = 3;
const NOT_IN_TIME = new Set(['bridge-timeout', 'bridge-too-large']);

/** Whether a call that ended so after `tookMs` is one that others should not wait for. */
export const isSlow = (outcome: string, tookMs: number): boolean =>
  NOT_IN_TIME.has(outcome) || tookMs > PROMPT_MS;

/** What a terminal has said of itself holds until it is heard again: silence mends none of it. */
export const HELD_OUTCOMES: readonly string[] = [...MISMATCHES, 'terminal-disconnected'];
/** What begins so is no answer. */
const NO_REPLY = 'bridge-';

/** What a reconciliation's outcome says of the connection. */
export const contactOf = (outcome: string): { heard: boolean; mismatch: boolean } => ({
  heard: !outcome.startsWith(NO_REPLY),
  mismatch: MISMATCHES.has(outcome),
});
