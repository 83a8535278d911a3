/** The only source of time. Injected everywhere, so that a rule can be given any moment. */
export type Clock = {
  /** Milliseconds since the Unix epoch. On Workers it stands still between two I/O operations. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
};

/** The runtime's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** ISO 8601 in UTC with milliseconds, the form of every timestamp on the wire. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** Epoch milliseconds of a timestamp as PostgreSQL prints it (`2026-11-21 01:40:17.57+00`) or of ISO 8601. */
export function timestampMs(text: string): number {
  const ms = Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(ms)) throw new Error('a timestamp could not be read');
  return ms;
}

/** The same, null for null: nullable columns are common. */
export const isoOrNull = (text: string | null): string | null =>
  text === null ? null : isoTime(timestampMs(text));
