const FIRST_MS = 500;
const LONGEST_MS = 10 * 60_000;
/** Of what a guard closes. */
const LONGEST_OF_TRIP_MS = 60_000;

/**
 * How long to wait after attempt number `attempt` (from 0) was refused for now: half a second, then twice as long each time,
 * up to ten minutes (domain 1.4: 0.5, 1, 2, 4 s). The sixteen attempts of a magic then reach over an hour. What a guard's
 * `trip` closes waits no longer than a minute: after its attempts another is made.
 */
export const retryPauseMs = (attempt: number, trip = false): number =>
  Math.min(FIRST_MS * 2 ** attempt, trip ? LONGEST_OF_TRIP_MS : LONGEST_MS);
