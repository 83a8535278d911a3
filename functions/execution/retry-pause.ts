const FIRST_MS = 500;
const LONGEST_MS = 10 * 60_000;

/**
 * How long to wait after attempt number `attempt` (from 0) was refused for now: half a second, then twice as long each time,
 * up to ten minutes (domain 1.4: 0.5, 1, 2, 4 s). The sixteen attempts of a magic then reach over an hour.
 */
export const retryPauseMs = (attempt: number): number => Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
